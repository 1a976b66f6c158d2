import { Fault, sameOctets } from "@dlmskit/core";
import { ivLength } from "./checks.ts";

export const systemTitleLength = 8;

/** Fault `bad-system-title` unless it has 8 octets. */
export function checkSystemTitle(title: Uint8Array): void {
  if (title.length !== systemTitleLength) {
    throw new Fault("bad-system-title", `a system title of ${title.length} octets, ${systemTitleLength} belong`, {
      layer: "security",
    });
  }
}

/** Fault `own-system-title` when the peer calls itself what this end is called: what it sent was this end's, mirrored. */
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
  // Octet by octet: a DataView would give so small an array a buffer of its own.
  iv[8] = counter >>> 24;
  iv[9] = counter >>> 16;
  iv[10] = counter >>> 8;
  iv[11] = counter;
  return iv;
}
