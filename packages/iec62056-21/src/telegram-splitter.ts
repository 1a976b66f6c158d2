import { concat } from "@dlmskit/core";
import { cipheredLength, cipheredStart } from "./ciphered-telegram.ts";
import { LF } from "./control-characters.ts";

/** What was found in a stream: a telegram, plain or ciphered, or octets that belong to none. */
export interface TelegramSplit {
  readonly kind: "plain" | "ciphered" | "noise";
  readonly octets: Uint8Array;
}

const slash = 0x2f;
const exclamation = 0x21;
/** DSMR telegrams have up to some 2,000 octets; with text messages and M-Bus meters up to 4,000. */
const longestTelegram = 0x4000;

/**
 * Finds telegrams in the stream of a P1 port or of a mode D meter, however it is cut. Holds at most one telegram of 16,384 octets.
 * What comes out is not checked: `decodeTelegram` and `openTelegram` are.
 */
export class TelegramSplitter {
  #held = new Uint8Array(0);

  /** How many octets of an unfinished telegram are held. */
  get held(): number {
    return this.#held.length;
  }

  /** What `octets` complete, in order. Everything given is in what comes out, once, or still held. */
  push(octets: Uint8Array): TelegramSplit[] {
    const given = concat(this.#held, octets);
    const found: TelegramSplit[] = [];
    let noise = 0;
    let at = 0;
    const skip = (end: number): void => {
      if (end > noise) found.push({ kind: "noise", octets: given.subarray(noise, end) });
      noise = end;
    };
    while (at < given.length) {
      const kind = given[at] === slash ? "plain" : given[at] === cipheredStart ? "ciphered" : undefined;
      const length = kind === undefined ? 0 : kind === "plain" ? plainLength(given, at) : cipheredLength(given, at);
      if (kind === undefined || length === 0) {
        at++;
        continue;
      }
      if (length === undefined || at + length > given.length) break;
      skip(at);
      found.push({ kind, octets: given.subarray(at, at + length) });
      at += length;
      noise = at;
    }
    skip(at);
    this.#held = given.slice(at);
    return found;
  }
}

/** How long the telegram is that starts at `at`: undefined where its end is not there yet, 0 where it is none. */
function plainLength(octets: Uint8Array, at: number): number | undefined {
  const end = Math.min(octets.length, at + longestTelegram);
  let startOfLine = false;
  for (let place = at + 1; place < end; place++) {
    const octet = octets[place] as number;
    // A telegram that was cut off, and the next one.
    if (startOfLine && octet === slash) return 0;
    if (octet === exclamation && startOfLine) {
      const lf = octets.subarray(0, end).indexOf(LF, place);
      if (lf >= 0) return lf + 1 - at;
      break;
    }
    if (octet > 0x7e) return 0;
    startOfLine = octet === LF;
  }
  return octets.length - at >= longestTelegram ? 0 : undefined;
}
