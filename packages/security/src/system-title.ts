import { Fault, sameOctets } from "@dlmskit/core";
import { ivLength } from "./checks.ts";

export const systemTitleLength = 8;

/** Fault `bad-system-title` unless it has 8 octets. */
export function checkSystemTitle(title: Uint8Array): void {
  if (title.length !== systemTitleLength) {
    throw new Fault("bad-system-title", `a system title of ${title.length} octets instead of ${systemTitleLength}`, {
      layer: "security",
    });
  }
}

/** Fault `own-system-title` if the peer has the same system title as this end: this end then received its own APDU. */
export function checkTitles(own: Uint8Array, peer: Uint8Array): void {
  checkSystemTitle(own);
  checkSystemTitle(peer);
  if (sameOctets(own, peer)) {
    throw new Fault("own-system-title", "the peer uses this end's own system title", { layer: "security" });
  }
}

/** System title ‖ invocation counter. */
export function initializationVector(title: Uint8Array, counter: number): Uint8Array {
  const iv = new Uint8Array(ivLength);
  iv.set(title);
  // Written octet by octet: a DataView would allocate a separate buffer for this small array.
  iv[8] = counter >>> 24;
  iv[9] = counter >>> 16;
  iv[10] = counter >>> 8;
  iv[11] = counter;
  return iv;
}

const general = { glo: 0xdb, ded: 0xdc, ciphering: 0xdd, signing: 0xdf } as const;

/** The system title of the sender in an APDU in a general form. Undefined if it contains none, or if the APDU has no such form. */
export function senderTitleIn(apdu: Uint8Array): Uint8Array | undefined {
  const tag = apdu[0];
  // A transaction-id of less than 128 octets comes before the title.
  const after = tag === general.ciphering || tag === general.signing ? 2 + (apdu[1] ?? 0) : 1;
  if (after === 1 && tag !== general.glo && tag !== general.ded) return undefined;
  if (apdu[after] !== systemTitleLength || apdu.length < after + 1 + systemTitleLength) return undefined;
  return apdu.slice(after + 1, after + 1 + systemTitleLength);
}
