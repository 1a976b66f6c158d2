import { Fault, type FaultCode } from "@dlmskit/core";
import type { Curve } from "./provider.ts";

/** Octets of the authentication tag in every security suite. */
export const tagLength = 12;
/** Octets of the initialization vector: system title and invocation counter. */
export const ivLength = 12;
/** Octets of a coordinate or scalar. */
export const scalarLength = { "P-256": 32, "P-384": 48 } as const satisfies Record<Curve, number>;

const aesKeyLengths = [16, 24, 32];

function securityFault(code: FaultCode<"security">, message: string): Fault {
  return new Fault(code, message, { layer: "security" });
}

export function checkIv(iv: Uint8Array): void {
  if (iv.length !== ivLength) {
    throw securityFault("bad-length", `an initialization vector of ${iv.length} octets instead of ${ivLength}`);
  }
}

/** Checks that `count` octets fit into `to` from the offset `at`. */
export function checkRoom(count: number, to: Uint8Array, at: number): void {
  if (!(at >= 0 && at + count <= to.length)) {
    throw securityFault("bad-length", `${count} octets do not fit into ${to.length} from offset ${at} on`);
  }
}

export function checkAesKey(key: Uint8Array): void {
  if (!aesKeyLengths.includes(key.length)) {
    throw securityFault("bad-key-length", `an AES key of ${key.length} octets instead of 16, 24 or 32`);
  }
}

export function checkBlocks(blocks: Uint8Array): void {
  if (blocks.length % 16 !== 0) {
    throw securityFault("bad-length", `${blocks.length} octets are not whole blocks of 16`);
  }
}

/** Called before any library gets the octets: OpenSSL unwraps an empty input to an empty key. */
export function checkWrapped(kek: Uint8Array, wrapped: Uint8Array): void {
  checkAesKey(kek);
  if (!aesKeyLengths.includes(wrapped.length - 8)) {
    throw securityFault("bad-key-wrap", `a wrapped key of ${wrapped.length} octets instead of 24, 32 or 40`);
  }
}

export function badKeyWrap(): Fault {
  return securityFault("bad-key-wrap", "the integrity value of the wrapped key is wrong");
}

export function checkPrivateKey(curve: Curve, key: Uint8Array): void {
  if (key.length !== scalarLength[curve]) {
    throw securityFault("bad-private-key", `a private key of ${key.length} octets on ${curve}`);
  }
}

export function badPrivateKey(curve: Curve): Fault {
  return securityFault("bad-private-key", `not a private key of ${curve}`);
}

export function checkPublicKey(curve: Curve, key: Uint8Array): void {
  if (key.length !== scalarLength[curve] * 2) {
    throw securityFault("bad-public-key", `a public key of ${key.length} octets on ${curve}`);
  }
}

export function badPublicKey(curve: Curve): Fault {
  return securityFault("bad-public-key", `not a point of ${curve}`);
}
