import { headerOctets, type Wpdu, wrapperVersion } from "./wpdu.ts";

const nothing = new Uint8Array(0);

/** Why a stream of WPDUs cannot be read on: it has no mark from which to start again. */
export type StreamBreak = "version" | "pdu-too-long";

/**
 * Finds the WPDUs in a stream of octets, however it is cut. Holds what of one WPDU has arrived, at most twice as many
 * octets as that.
 */
export class WpduSplitter {
  readonly #maxPdu: number;
  #held = nothing;
  #length = 0;
  #broken: StreamBreak | undefined;

  /** `maxPdu`: the longest PDU, in octets; a longer one breaks the stream before it is waited for. */
  constructor(maxPdu: number) {
    this.#maxPdu = maxPdu;
  }

  /** How many octets of an unfinished WPDU are held. */
  get held(): number {
    return this.#length;
  }

  /** Set once the stream broke: nothing is read from then on. */
  get broken(): StreamBreak | undefined {
    return this.#broken;
  }

  /** The WPDUs that `octets` complete, in order. */
  push(octets: Uint8Array): Wpdu[] {
    const wpdus: Wpdu[] = [];
    let at = 0;
    while (this.#broken === undefined && at < octets.length) {
      if (this.#length === 0) {
        // Whole WPDUs are read where they lie.
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

  /** The octets of the WPDU at `at`; undefined while it is not all there, or when the stream broke. */
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

function wpdu(octets: Uint8Array, at: number, whole: number): Wpdu {
  return {
    source: u16(octets, at + 2),
    destination: u16(octets, at + 4),
    pdu: octets.subarray(at + headerOctets, at + whole),
  };
}
