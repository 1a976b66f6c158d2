import { tagLength } from "../checks.ts";
import { NobleAesGcm } from "../noble/aes-gcm.ts";
import type { AesGcm } from "../provider.ts";
import { OpensslAesGcm } from "./openssl-aes-gcm.ts";

// Up to this length, noble with its stored tables is faster than a call of OpenSSL: `pnpm bench threshold`, docs/performance.md.
const shortSealed = 256;
const shortOpened = 192;
// Additional data are hashed but not ciphered. For noble, one octet of them takes this fraction of the time of a ciphered octet.
const additionalWeight = 0.4;
// The tables take about 5 KiB for each key. A key that is used less often than this gets no tables.
const usesBeforeTables = 8;

/** AES-GCM by the faster implementation: noble for short APDUs under a key in use, OpenSSL for long APDUs and for new keys. */
export class FastestAesGcm implements AesGcm {
  readonly #openssl: OpensslAesGcm;
  #noble: AesGcm | undefined;
  #uses = 0;

  constructor(key: Uint8Array) {
    this.#openssl = new OpensslAesGcm(key);
  }

  #for(short: number, octets: number, additional: number): AesGcm {
    if (octets + additional * additionalWeight > short) return this.#openssl;
    if (this.#noble !== undefined) return this.#noble;
    if (++this.#uses <= usesBeforeTables) return this.#openssl;
    const key = this.#openssl.exportKey();
    this.#noble = new NobleAesGcm(key);
    key.fill(0);
    return this.#noble;
  }

  seal(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array {
    return this.#for(shortSealed, plaintext.length, additional.length).seal(iv, plaintext, additional);
  }

  sealInto(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array, to: Uint8Array, at: number): void {
    this.#for(shortSealed, plaintext.length, additional.length).sealInto(iv, plaintext, additional, to, at);
  }

  open(iv: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | undefined {
    return this.#for(shortOpened, sealed.length - tagLength, additional.length).open(iv, sealed, additional);
  }

  crypt(iv: Uint8Array, octets: Uint8Array): Uint8Array {
    return this.#for(shortSealed, octets.length, 0).crypt(iv, octets);
  }
}
