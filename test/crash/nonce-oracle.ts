import { createHash } from "node:crypto";
import { Aare, Aarq, ApduTag, CipheredFields, plainTag } from "@dlmskit/apdu";
import { decode, Reader, toHex } from "@dlmskit/core";
import { node } from "@dlmskit/security/node";
import type { Duplex } from "@dlmskit/transport";
import { WpduSplitter } from "@dlmskit/wrapper";
import { withReceived } from "./received.ts";

type Side = "client" | "server";

const actionRequest = 0xc3;
const actionResponse = 0xc7;
const gmacLength = 17;
const tagLength = 12;

/**
 * Hears the octets on the line, from outside of both ends, and knows each (key, system title, invocation counter) that was
 * used: of every ciphered APDU, and of the GMAC within the passes 3 and 4 of mechanism 5, which counts under the same key.
 */
export class NonceOracle {
  readonly #key: Uint8Array;
  readonly #keyName: string;
  readonly #used = new Map<string, Set<number>>();
  /** What was used twice. There must be none. */
  readonly repeats: string[] = [];
  /** What it could not read, and so did not watch. There must be none. */
  readonly unread: string[] = [];

  /** The global unicast encryption key of the connections that are tapped. */
  constructor(key: Uint8Array) {
    this.#key = key;
    this.#keyName = createHash("sha256").update(key).digest("hex").slice(0, 16);
  }

  /** How many counters each sender has used, by system title in hex. */
  get counts(): { readonly [title: string]: number } {
    return Object.fromEntries([...this.#used].map(([name, set]) => [name.split(" ")[1] as string, set.size]));
  }

  /** Throws where something was used twice. */
  check(): void {
    if (this.repeats.length > 0) throw new Error(`used twice: ${this.repeats.slice(0, 10).join("; ")}`);
    if (this.unread.length > 0) throw new Error(`not understood: ${this.unread.slice(0, 10).join("; ")}`);
  }

  /** Takes a counter; one that was taken before is a repeat. */
  see(title: Uint8Array, counter: number): void {
    const name = `${this.#keyName} ${toHex(title)}`;
    const used = this.#used.get(name) ?? new Set();
    this.#used.set(name, used);
    if (used.has(counter)) this.repeats.push(`key ${this.#keyName}, system title ${toHex(title)}, counter ${counter}`);
    used.add(counter);
  }

  /** Takes one APDU that does not travel on a line. */
  hear(side: Side, apdu: Uint8Array): void {
    new Line(this, this.#key, {}).apdu(side, apdu);
  }

  /**
   * The same transport, heard. `titles`: who is known before it tells. `repeated`: the client sends what was recorded, so that
   * only the server's counters must be new.
   */
  tap(duplex: Duplex, titles: Partial<Record<Side, Uint8Array>> = {}, repeated = false): Duplex {
    const line = new Line(this, this.#key, { ...titles }, repeated);
    return {
      remote: duplex.remote,
      get bufferedOctets() {
        return duplex.bufferedOctets;
      },
      send(octets) {
        line.hear("client", octets);
        duplex.send(octets);
      },
      end: () => duplex.end(),
      destroy: () => duplex.destroy(),
      start: (handlers) =>
        duplex.start(
          withReceived(handlers, (octets) => {
            line.hear("server", octets);
            handlers.received(octets);
          }),
        ),
    };
  }
}

/** An oracle for each key: for meters that each have their own. */
export class NonceOracles {
  readonly #oracles = new Map<string, NonceOracle>();

  /** The one of a global unicast encryption key; the same key always gives the same one. */
  of(key: Uint8Array): NonceOracle {
    const name = toHex(key);
    const oracle = this.#oracles.get(name) ?? new NonceOracle(key);
    this.#oracles.set(name, oracle);
    return oracle;
  }

  /** Throws where a key was used with one counter twice. */
  check(): void {
    for (const oracle of this.#oracles.values()) oracle.check();
  }
}

/** One connection. */
class Line {
  readonly #oracle: NonceOracle;
  readonly #key: Uint8Array;
  readonly #titles: Partial<Record<Side, Uint8Array>>;
  readonly #splitters = { client: new WpduSplitter(0xffff), server: new WpduSplitter(0xffff) };
  readonly #repeated: boolean;
  #thirdPass = false;

  constructor(oracle: NonceOracle, key: Uint8Array, titles: Partial<Record<Side, Uint8Array>>, repeated = false) {
    this.#oracle = oracle;
    this.#key = key;
    this.#titles = titles;
    this.#repeated = repeated;
  }

  hear(side: Side, octets: Uint8Array): void {
    for (const { pdu } of this.#splitters[side].push(octets)) this.apdu(side, pdu);
  }

  apdu(side: Side, pdu: Uint8Array): void {
    try {
      this.#pdu(side, pdu);
    } catch (caught) {
      this.#oracle.unread.push(`${side}: ${toHex(pdu)}: ${String(caught)}`);
    }
  }

  #pdu(side: Side, pdu: Uint8Array): void {
    const tag = pdu[0] as number;
    if (tag === ApduTag.aarq || tag === ApduTag.aare) {
      const { title, inner } = acse(tag, pdu);
      if (title !== undefined) this.#titles[side] = title;
      if (inner !== undefined && isCiphered(inner)) this.#ciphered(side, inner);
    } else if (isCiphered(pdu)) this.#ciphered(side, pdu);
    else this.#plain(side, pdu);
  }

  #ciphered(side: Side, pdu: Uint8Array): void {
    const from = new Reader(pdu);
    const tag = from.u8();
    if (plainTag(tag)?.form === "ded") throw new Error("a dedicated key is not watched");
    const title = tag === ApduTag["general-glo-ciphering"] ? from.take(from.u8()) : this.#titles[side];
    if (title === undefined) throw new Error("whose counter is it");
    const { securityControl, invocationCounter, ciphertext } = CipheredFields.read(from);
    this.#see(side, title, invocationCounter);
    const text = ciphertext.subarray(0, securityControl.authenticated ? -tagLength : undefined);
    if (!securityControl.encrypted) {
      this.#plain(side, text);
      return;
    }
    const iv = new Uint8Array(12);
    iv.set(title);
    new DataView(iv.buffer).setUint32(8, invocationCounter);
    this.#plain(side, node.aesGcm(this.#key).crypt(iv, text));
  }

  /** The answers to the challenges: security control, counter and GMAC, last in reply_to_HLS_authentication and its response. */
  #plain(side: Side, pdu: Uint8Array): void {
    const at = pdu.length - gmacLength;
    const asks = pdu[0] === actionRequest && pdu[3] === 0 && pdu[4] === 15;
    const holds = pdu[at - 2] === 0x09 && pdu[at - 1] === gmacLength && ((pdu[at] as number) & 0xf0) === 0x10;
    if (holds && (asks || (pdu[0] === actionResponse && this.#thirdPass))) {
      const counter = new DataView(pdu.buffer, pdu.byteOffset + at + 1, 4).getUint32(0);
      this.#see(side, this.#titles[side] as Uint8Array, counter);
    }
    this.#thirdPass = asks && holds;
  }

  #see(side: Side, title: Uint8Array, counter: number): void {
    if (side === "server" || !this.#repeated) this.#oracle.see(title, counter);
  }
}

function acse(tag: number, pdu: Uint8Array): { title?: Uint8Array | undefined; inner?: Uint8Array | undefined } {
  if (tag === ApduTag.aarq) {
    const { callingApTitle: title, userInformation: inner } = decode(Aarq, pdu);
    return { title, inner };
  }
  const { respondingApTitle: title, userInformation: inner } = decode(Aare, pdu);
  return { title, inner };
}

const isCiphered = (pdu: Uint8Array): boolean =>
  plainTag(pdu[0] as number) !== undefined || pdu[0] === ApduTag["general-glo-ciphering"];
