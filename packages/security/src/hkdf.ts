import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { refusal } from "./refusal.ts";

/** HKDF-SHA-256 (RFC 5869) without salt. The secret is extracted once. Any number of keys can be derived from it. */
export class Hkdf {
  readonly #pseudorandomKey: Uint8Array;

  /** The secret has 32 octets or more, else Fault `bad-key-length`. */
  constructor(secret: Uint8Array) {
    if (secret.length < leastSecret) {
      throw refusal(
        "bad-key-length",
        `the fleet secret has ${secret.length} octets; at least ${leastSecret} are needed`,
      );
    }
    this.#pseudorandomKey = extract(sha256, secret);
  }

  /** A key of 1 to 8160 octets for an info. Keys of different infos are independent: one key gives no information about another. */
  derive(info: Uint8Array, octets: number): Uint8Array {
    return expand(sha256, this.#pseudorandomKey, info, octets);
  }
}

const leastSecret = 32;
