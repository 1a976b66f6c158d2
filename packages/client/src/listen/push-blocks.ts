import type { GeneralBlockTransfer } from "@dlmskit/apdu";
import { concat, Fault } from "@dlmskit/core";

// About the memory that a block takes beside its octets.
const ofBlock = 200;
// ms without a block after which a push is given up.
const silence = 5000;

/** Joins the blocks of pushes that are sent in general block transfer without acknowledgement. */
export class PushBlocks {
  readonly #most: number;
  #parts: Uint8Array[] = [];
  #octets = 0;
  #last = 0;

  /** `most`: maximum length of the APDU, octets. */
  constructor(most: number) {
    this.#most = most;
  }

  /** About the memory of the blocks so far, octets. */
  get memory(): number {
    return this.#octets + ofBlock * this.#parts.length;
  }

  /**
   * Returns the complete APDU after its last block. Fault `bad-block`: a block is missing or repeated, or the APDU is too long;
   * earlier blocks are dropped. `now`: ms; after 5 s without a block the earlier ones are dropped, too.
   */
  add({ blockNumber, blockData, lastBlock }: GeneralBlockTransfer, now: number): Uint8Array | undefined {
    // A first block starts again: the APDU before it was not complete.
    if (blockNumber === 1 || now - this.#last > silence) this.#clear();
    this.#last = now;
    const expected = this.#parts.length + 1;
    if (blockNumber !== expected) {
      this.#clear();
      throw this.#bad(`received block ${blockNumber} instead of block ${expected}`);
    }
    // An empty block also takes memory.
    this.#octets += Math.max(1, blockData.length);
    if (this.#octets > this.#most) {
      this.#clear();
      throw this.#bad(`a push in blocks is longer than ${this.#most} octets`);
    }
    this.#parts.push(blockData.slice());
    if (!lastBlock) return undefined;
    const whole = concat(...this.#parts);
    this.#clear();
    return whole;
  }

  #clear(): void {
    this.#parts = [];
    this.#octets = 0;
  }

  #bad(message: string): Fault {
    return new Fault("bad-block", message, { layer: "client", hint: "the push is lost; the meter may send it again" });
  }
}
