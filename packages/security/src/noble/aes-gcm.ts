import { sameOctets } from "@dlmskit/core";
import { unsafe } from "@noble/ciphers/aes.js";
import { checkIv, checkRoom, tagLength } from "../checks.ts";
import type { AesGcm } from "../provider.ts";
import { sealedBy } from "../sealed.ts";
import { ghashTable, multiply } from "./ghash.ts";

// The security control octet and an authentication key.
const keptAdditional = 33;

function wordAt(octets: Uint8Array, at: number): number {
  return (
    (octets[at] as number) |
    ((octets[at + 1] as number) << 8) |
    ((octets[at + 2] as number) << 16) |
    ((octets[at + 3] as number) << 24)
  );
}

function putWord(octets: Uint8Array, at: number, word: number): void {
  octets[at] = word;
  octets[at + 1] = word >>> 8;
  octets[at + 2] = word >>> 16;
  octets[at + 3] = word >>> 24;
}

/** A block counter of 32 bits, big-endian in the octets, as the little-endian word of the block. */
function counterWord(count: number): number {
  return ((count & 0xff) << 24) | ((count & 0xff00) << 8) | ((count >>> 8) & 0xff00) | (count >>> 24);
}

/**
 * AES-GCM on noble's block function. noble's own `gcm` expands the key and builds its tables on every call. Here both are kept with
 * the key. They would take most of the time for an APDU.
 */
export class NobleAesGcm implements AesGcm {
  readonly #roundKeys: Uint32Array;
  readonly #table: Int32Array;
  readonly #state = new Int32Array(4);
  /** The additional data of the last APDU, and the state after it: those of an association are nearly always the same. */
  #lastAdditional = new Uint8Array(0);
  readonly #afterAdditional = new Int32Array(4);

  constructor(key: Uint8Array) {
    this.#roundKeys = unsafe.expandKeyLE(key);
    const { s0, s1, s2, s3 } = unsafe.encrypt(this.#roundKeys, 0, 0, 0, 0);
    const h = new Uint8Array(16);
    putWord(h, 0, s0);
    putWord(h, 4, s1);
    putWord(h, 8, s2);
    putWord(h, 12, s3);
    this.#table = ghashTable(h);
  }

  seal(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array {
    return sealedBy(this, iv, plaintext, additional);
  }

  sealInto(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array, to: Uint8Array, at: number): void {
    checkIv(iv);
    const length = plaintext.length;
    checkRoom(length + tagLength, to, at);
    this.#stream(iv, plaintext, length, to, at);
    this.#authenticate(iv, to, at, length, additional);
    for (let word = 0; word < 3; word++) putWord(to, at + length + word * 4, this.#state[word] as number);
  }

  open(iv: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | undefined {
    checkIv(iv);
    const length = sealed.length - tagLength;
    if (length < 0) return undefined;
    this.#authenticate(iv, sealed, 0, length, additional);
    let difference = 0;
    for (let at = 0; at < 3; at++) difference |= (this.#state[at] as number) ^ wordAt(sealed, length + at * 4);
    if (difference !== 0) return undefined;
    const plaintext = new Uint8Array(length);
    this.#stream(iv, sealed, length, plaintext, 0);
    return plaintext;
  }

  crypt(iv: Uint8Array, octets: Uint8Array): Uint8Array {
    checkIv(iv);
    const result = new Uint8Array(octets.length);
    this.#stream(iv, octets, octets.length, result, 0);
    return result;
  }

  /** XORs the first `length` octets of `from` with the key stream, into `to` from the offset `start`. */
  #stream(iv: Uint8Array, from: Uint8Array, length: number, to: Uint8Array, start: number): void {
    const keys = this.#roundKeys;
    const iv0 = wordAt(iv, 0);
    const iv1 = wordAt(iv, 4);
    const iv2 = wordAt(iv, 8);
    const whole = length & ~15;
    let count = 2;
    let at = 0;
    for (; at < whole; at += 16) {
      const { s0, s1, s2, s3 } = unsafe.encrypt(keys, iv0, iv1, iv2, counterWord(count++));
      const into = start + at;
      putWord(to, into, wordAt(from, at) ^ s0);
      putWord(to, into + 4, wordAt(from, at + 4) ^ s1);
      putWord(to, into + 8, wordAt(from, at + 8) ^ s2);
      putWord(to, into + 12, wordAt(from, at + 12) ^ s3);
    }
    if (at === length) return;
    const last = unsafe.encrypt(keys, iv0, iv1, iv2, counterWord(count));
    const words = [last.s0, last.s1, last.s2, last.s3];
    for (; at < length; at++) {
      to[start + at] = (from[at] as number) ^ ((words[(at >> 2) & 3] as number) >>> ((at & 3) * 8));
    }
  }

  /** Computes the tag over `additional` and the `length` octets of ciphertext from `start`. The result is in the state. */
  #authenticate(iv: Uint8Array, octets: Uint8Array, start: number, length: number, additional: Uint8Array): void {
    const state = this.#state;
    this.#begin(additional);
    this.#absorb(octets, start, length);
    // Both lengths in bits, 64 bits each. An octet count below 2^29 keeps the upper words zero.
    state[1] = (state[1] as number) ^ counterWord(additional.length * 8);
    state[3] = (state[3] as number) ^ counterWord(length * 8);
    multiply(this.#table, state);
    const { s0, s1, s2, s3 } = unsafe.encrypt(
      this.#roundKeys,
      wordAt(iv, 0),
      wordAt(iv, 4),
      wordAt(iv, 8),
      counterWord(1),
    );
    state[0] = (state[0] as number) ^ s0;
    state[1] = (state[1] as number) ^ s1;
    state[2] = (state[2] as number) ^ s2;
    state[3] = (state[3] as number) ^ s3;
  }

  #begin(additional: Uint8Array): void {
    if (sameOctets(additional, this.#lastAdditional)) {
      this.#state.set(this.#afterAdditional);
      return;
    }
    this.#state.fill(0);
    this.#absorb(additional, 0, additional.length);
    if (additional.length > keptAdditional) return;
    this.#lastAdditional = additional.slice();
    this.#afterAdditional.set(this.#state);
  }

  #absorb(octets: Uint8Array, start: number, length: number): void {
    const state = this.#state;
    const table = this.#table;
    const whole = start + (length & ~15);
    const end = start + length;
    let at = start;
    for (; at < whole; at += 16) {
      state[0] = (state[0] as number) ^ wordAt(octets, at);
      state[1] = (state[1] as number) ^ wordAt(octets, at + 4);
      state[2] = (state[2] as number) ^ wordAt(octets, at + 8);
      state[3] = (state[3] as number) ^ wordAt(octets, at + 12);
      multiply(table, state);
    }
    if (at === end) return;
    for (let rest = 0; at < end; at++, rest++) {
      const word = rest >> 2;
      state[word] = (state[word] as number) ^ ((octets[at] as number) << ((rest & 3) * 8));
    }
    multiply(table, state);
  }
}
