import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { checkIv, checkRoom, tagLength } from "../checks.ts";
import type { AesGcm } from "../provider.ts";
import { sealedBy } from "../sealed.ts";
import { bits } from "./key-object.ts";
import { plainOctets } from "./plain-octets.ts";

// Without this length Node accepts tags of four octets.
const options = { authTagLength: tagLength };

/** AES-GCM by OpenSSL. Each call creates a cipher object, because Node cannot reuse one with another initialization vector. */
export class OpensslAesGcm implements AesGcm {
  // One key object for all calls: with the raw key each call takes four times as long.
  readonly #key: KeyObject;
  readonly #algorithm: "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm";

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
    this.#algorithm = `aes-${bits(this.#key)}-gcm`;
  }

  /** A copy of the key. The caller erases it after use. */
  exportKey(): Uint8Array {
    return this.#key.export();
  }

  seal(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array {
    return sealedBy(this, iv, plaintext, additional);
  }

  sealInto(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array, to: Uint8Array, at: number): void {
    checkIv(iv);
    checkRoom(plaintext.length + tagLength, to, at);
    const cipher = createCipheriv(this.#algorithm, this.#key, iv, options);
    cipher.setAAD(additional);
    // Each call that returns octets takes about half a microsecond.
    if (plaintext.length > 0) to.set(cipher.update(plaintext), at);
    cipher.final();
    to.set(cipher.getAuthTag(), at + plaintext.length);
  }

  open(iv: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | undefined {
    checkIv(iv);
    const length = sealed.length - tagLength;
    if (length < 0) return undefined;
    const decipher = createDecipheriv(this.#algorithm, this.#key, iv, options);
    decipher.setAAD(additional);
    decipher.setAuthTag(sealed.subarray(length));
    const plaintext = decipher.update(sealed.subarray(0, length));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plainOctets(plaintext);
  }

  crypt(iv: Uint8Array, octets: Uint8Array): Uint8Array {
    checkIv(iv);
    return plainOctets(createCipheriv(this.#algorithm, this.#key, iv, options).update(octets));
  }
}
