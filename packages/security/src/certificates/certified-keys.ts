import { toHex } from "@dlmskit/core";
import type { KeyPurpose, PeerKeys } from "../general/peer-keys.ts";
import { type Certificate, usageOf } from "./certificate.ts";

/**
 * Public keys from certificates that were checked before (`checkCertificate`). The validity is checked at each call: a certificate
 * that expires during an association gives no key any more.
 */
export class CertifiedKeys implements PeerKeys {
  readonly #certificates = new Map<string, Certificate[]>();
  readonly #now: () => number;

  /** `now` returns the current instant, in ms since 1970, UTC. */
  constructor(now: () => number, certificates: Iterable<Certificate> = []) {
    this.#now = now;
    for (const certificate of certificates) this.add(certificate);
  }

  /** Adds a certificate. Ignores a certificate without a system title, or one that is for neither signature nor key agreement. */
  add(certificate: Certificate): void {
    const { systemTitle } = certificate;
    const usage = usageOf(certificate);
    if (systemTitle === undefined || usage === undefined) return;
    const key = place(systemTitle, usage);
    this.#certificates.set(key, [...(this.#certificates.get(key) ?? []), certificate]);
  }

  remove(certificate: Certificate): void {
    for (const [key, held] of this.#certificates) {
      const left = held.filter(({ der }) => toHex(der) !== toHex(certificate.der));
      this.#certificates.set(key, left);
    }
  }

  /** The key of the valid certificate that expires last. */
  publicKey(systemTitle: Uint8Array, purpose: KeyPurpose): Uint8Array | undefined {
    const at = this.#now();
    return this.#certificates
      .get(place(systemTitle, purpose))
      ?.filter(({ notBefore, notAfter }) => notBefore <= at && at < notAfter + 1000)
      .sort((one, other) => other.notAfter - one.notAfter)[0]?.publicKey;
  }
}

function place(systemTitle: Uint8Array, usage: string): string {
  return `${toHex(systemTitle)} ${usage}`;
}
