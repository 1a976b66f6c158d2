import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { refusal } from "./refusal.ts";

/** HKDF-SHA-256 (RFC 5869) without salt. The secret is extracted once; any number of keys are expanded from it. */
export class Hkdf {
  readonly #pseudorandomKey: Uint8Array;

  /** A secret of 32 octets or more: Fault `bad-key-length` for less. */
  constructor(secret: Uint8Array) {
    if (secret.length < leastSecret) {
      throw refusal(
        "bad-key-length",
        `the fleet secret has ${secret.length} octets; at least ${leastSecret} are needed`,
      );
    }
    this.#pseudorandomKey = extract(sha256, secret);
  }

  /** A key of 1 to 8160 octets for an info that names it. Two infos give keys of which neither tells of the other. */
  derive(info: Uint8Array, octets: number): Uint8Array {
    return expand(sha256, this.#pseudorandomKey, info, octets);
  }
}

const leastSecret = 32;
