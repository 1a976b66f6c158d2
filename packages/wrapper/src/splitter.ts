import { headerOctets, type Wpdu, wrapperVersion } from "./wpdu.ts";

const nothing = new Uint8Array(0);

/** The reason why the rest of a WPDU stream cannot be read: the stream has no mark to find the next WPDU. */
export type StreamBreak = "version" | "pdu-too-long";

/**
 * Finds the WPDUs in a stream of octets that arrives in pieces of any size. Holds the octets of one unfinished WPDU; its buffer
 * has at most twice as many octets as have arrived.
 */
export class WpduSplitter {
  readonly #maxPdu: number;
  #held = nothing;
  #length = 0;
  #broken: StreamBreak | undefined;

  /** `maxPdu`: the maximum length of a PDU, in octets. The header of a longer PDU already breaks the stream. */
  constructor(maxPdu: number) {
    this.#maxPdu = maxPdu;
  }

  /** The number of held octets of an unfinished WPDU. */
  get held(): number {
    return this.#length;
  }

  /** The reason of a broken stream; undefined otherwise. A broken stream is not read any more. */
  get broken(): StreamBreak | undefined {
    return this.#broken;
  }

  /** The WPDUs that `octets` complete, in order. */
  push(octets: Uint8Array): Wpdu[] {
    if (this.#length === 0 && this.#broken === undefined) {
      const whole = this.#wholeAt(octets, 0, octets.length);
      // Usually one WPDU arrives at a time.
      if (whole === octets.length) return [wpdu(octets, 0, whole)];
    }
    const wpdus: Wpdu[] = [];
    let at = 0;
    while (this.#broken === undefined && at < octets.length) {
      if (this.#length === 0) {
        // Complete WPDUs are read in place, without a copy.
        const whole = this.#wholeAt(octets, at, octets.length);
        if (whole !== undefined) {
          wpdus.push(wpdu(octets, at, whole));
          at += whole;
          continue;
        }
        if (this.#broken !== undefined) break;
      }
      const wanted = this.#length < headerOctets ? headerOctets : headerOctets + pduLength(this.#held, 0);
      const count = Math.min(wanted - this.#length, octets.length - at);
      this.#hold(octets.subarray(at, at + count));
      at += count;
      const whole = this.#wholeAt(this.#held, 0, this.#length);
      if (whole === undefined) continue;
      wpdus.push(wpdu(this.#held, 0, whole));
      this.#held = nothing;
      this.#length = 0;
    }
    return wpdus;
  }

  /** The number of octets of the WPDU at `at`; undefined if it is not complete, or if the stream is broken. */
  #wholeAt(octets: Uint8Array, at: number, end: number): number | undefined {
    if (end - at >= 2 && u16(octets, at) !== wrapperVersion) this.#broken = "version";
    else if (end - at >= headerOctets && pduLength(octets, at) > this.#maxPdu) this.#broken = "pdu-too-long";
    if (this.#broken !== undefined || end - at < headerOctets) return undefined;
    const whole = headerOctets + pduLength(octets, at);
    return end - at < whole ? undefined : whole;
  }

  #hold(octets: Uint8Array): void {
    const length = this.#length + octets.length;
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#length));
      larger.set(this.#held.subarray(0, this.#length));
      this.#held = larger;
    }
    this.#held.set(octets, this.#length);
    this.#length = length;
  }
}

function u16(octets: Uint8Array, at: number): number {
  return ((octets[at] as number) << 8) | (octets[at + 1] as number);
}

function pduLength(octets: Uint8Array, at: number): number {
  return u16(octets, at + 6);
}

const shortOctets = 64;

function wpdu(octets: Uint8Array, at: number, whole: number): Wpdu {
  const [start, end] = [at + headerOctets, at + whole];
  return {
    source: u16(octets, at + 2),
    destination: u16(octets, at + 4),
    // A view of a short array costs several times a copy: the engine first moves the octets of that array out of its heap.
    pdu: whole <= shortOctets ? octets.slice(start, end) : octets.subarray(start, end),
  };
}
