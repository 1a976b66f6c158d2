import { Fault, inRange } from "@dlmskit/core";

const rounds = 8;
const mostValues = 2 ** 32;

// The finaliser of MurmurHash3: every input bit reaches every output bit.
function mixed(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A keyed bijection of 0 … size - 1. Its values look random, never repeat, and can be mapped back to their indexes, without a table. It is
 * a Feistel network over pairs (left, right) whose product is `size` or a little more. A value that is not below `size` is permuted again.
 * This is not encryption: enough values reveal the round keys, so the key must not be used for anything else.
 */
export class Permutation {
  readonly size: number;
  readonly #lefts: number;
  readonly #rights: number;
  readonly #roundKeys: Uint32Array;

  /**
   * @param key 32 octets. Fault `bad-key-length` for any other length.
   * @param size 1 to 2^32. Fault `out-of-range`.
   */
  constructor(key: Uint8Array, size: number) {
    if (key.length !== rounds * 4) {
      throw new Fault("bad-key-length", `the key of a permutation has ${rounds * 4} octets, not ${key.length}`, {
        layer: "simulator",
      });
    }
    this.size = inRange(size, 1, mostValues);
    this.#rights = Math.ceil(Math.sqrt(size));
    this.#lefts = Math.ceil(size / this.#rights);
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    this.#roundKeys = Uint32Array.from({ length: rounds }, (_, round) => view.getUint32(round * 4));
  }

  /** The value of an index, both from 0 to size - 1. Fault `out-of-range`. */
  of(index: number): number {
    let value = inRange(index, 0, this.size - 1);
    do value = this.#forward(value);
    while (value >= this.size);
    return value;
  }

  /** The index of a value. Fault `out-of-range`. */
  inverse(value: number): number {
    let index = inRange(value, 0, this.size - 1);
    do index = this.#backward(index);
    while (index >= this.size);
    return index;
  }

  #forward(value: number): number {
    const lefts = this.#lefts;
    const rights = this.#rights;
    const keys = this.#roundKeys;
    let right = value % rights;
    let left = (value - right) / rights;
    for (let round = 0; round < rounds; round += 2) {
      right = (right + mixed(left ^ (keys[round] as number))) % rights;
      left = (left + mixed(right ^ (keys[round + 1] as number))) % lefts;
    }
    return left * rights + right;
  }

  #backward(value: number): number {
    const lefts = this.#lefts;
    const rights = this.#rights;
    const keys = this.#roundKeys;
    let right = value % rights;
    let left = (value - right) / rights;
    for (let round = rounds - 2; round >= 0; round -= 2) {
      left = (left - (mixed(right ^ (keys[round + 1] as number)) % lefts) + lefts) % lefts;
      right = (right - (mixed(left ^ (keys[round] as number)) % rights) + rights) % rights;
    }
    return left * rights + right;
  }
}
