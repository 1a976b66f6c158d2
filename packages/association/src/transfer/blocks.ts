import { concat } from "@dlmskit/core";

export interface Block {
  readonly blockNumber: number;
  readonly lastBlock: boolean;
  readonly rawData: Uint8Array;
}

/** A request that is sent in numbered blocks, from 1 on. */
export class OutgoingBlocks {
  readonly #octets: Uint8Array;
  #at = 0;
  #number = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  /** The number of the block that was sent last; 0 before the first. */
  get number(): number {
    return this.#number;
  }

  get finished(): boolean {
    return this.#number > 0 && this.#at === this.#octets.length;
  }

  /** The next block, with at most `most` octets of raw data (at least 1). */
  next(most: number): Block {
    const rawData = this.#octets.subarray(this.#at, this.#at + most);
    this.#at += rawData.length;
    this.#number++;
    return { blockNumber: this.#number, lastBlock: this.#at === this.#octets.length, rawData };
  }
}

/** Joins received numbered blocks, up to a maximum length. */
export class IncomingBlocks {
  readonly #cap: number;
  #parts: Uint8Array[] = [];
  #length = 0;
  #number: number;

  /** `cap`: maximum number of octets; `first`: the number of the first block. */
  constructor(cap: number, first = 1) {
    this.#cap = cap;
    this.#number = first - 1;
  }

  /** The number of the last received block. */
  get number(): number {
    return this.#number;
  }

  /** Accepts a block. `"number"`: it is not the next block; `"cap"`: the blocks have too many octets, or too many empty blocks. */
  add(block: Block): "taken" | "number" | "cap" {
    if (block.blockNumber !== this.#number + 1) return "number";
    // An empty block also takes memory: it counts as one octet.
    const length = this.#length + Math.max(1, block.rawData.length);
    if (length > this.#cap) return "cap";
    this.#length = length;
    this.#number++;
    if (block.rawData.length > 0) this.#parts.push(block.rawData.slice());
    return "taken";
  }

  /** All octets that were received so far. */
  whole(): Uint8Array {
    return concat(...this.#parts);
  }
}
