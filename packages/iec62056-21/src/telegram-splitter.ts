import { concat } from "@dlmskit/core";
import { cipheredLength, cipheredStart } from "./ciphered-telegram.ts";
import { LF } from "./control-characters.ts";

/** A part of a stream: a telegram, plain or ciphered, or octets that do not belong to a telegram. */
export interface TelegramSplit {
  readonly kind: "plain" | "ciphered" | "noise";
  readonly octets: Uint8Array;
}

const slash = 0x2f;
const exclamation = 0x21;
/** The maximum length of a telegram. DSMR telegrams have up to about 2,000 octets; with text messages and M-Bus meters up to 4,000. */
const longestTelegram = 0x4000;

/**
 * Finds telegrams in the stream of a P1 port or of a mode D meter; the stream may arrive in pieces of any size. Holds at most one
 * telegram of 16,384 octets. The results are not checked; `decodeTelegram` and `openTelegram` check them.
 */
export class TelegramSplitter {
  #held = new Uint8Array(0);
  /** Up to here the held octets have no end of a telegram: no octet is searched twice. */
  #searched = 0;

  /** The number of held octets of an unfinished telegram. */
  get held(): number {
    return this.#held.length;
  }

  /** The parts that `octets` complete, in order. Every given octet is in exactly one result, or is still held. */
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
      const length =
        kind === undefined ? 0 : kind === "plain" ? this.#plainLength(given, at) : cipheredLength(given, at);
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
    this.#searched = Math.max(0, this.#searched - at);
    return found;
  }

  /** The length of the telegram that starts at `at`: undefined if its end has not arrived, 0 if it is not a telegram. */
  #plainLength(octets: Uint8Array, at: number): number | undefined {
    const end = Math.min(octets.length, at + longestTelegram);
    for (let place = Math.max(at + 1, this.#searched); place < end; place++) {
      this.#searched = place;
      const octet = octets[place] as number;
      const startOfLine = place > at + 1 && octets[place - 1] === LF;
      // The telegram was cut off, and the next one begins here.
      if (startOfLine && octet === slash) return 0;
      if (octet === exclamation && startOfLine) {
        const lf = octets.subarray(0, end).indexOf(LF, place);
        if (lf >= 0) return lf + 1 - at;
        break;
      }
      if (octet > 0x7e) return 0;
      this.#searched = place + 1;
    }
    return octets.length - at >= longestTelegram ? 0 : undefined;
  }
}
