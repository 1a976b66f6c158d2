/**
 * Sees each APDU in plain: after it was opened, before it is sealed; those that open and release the association, and exceptions,
 * as they pass. It gives what is to go on in its place: the same octets, others, or undefined, which drops it. What it throws
 * passes to the caller, but a Fault for an APDU that was received: that is refused. It sees no octets that could not be opened.
 */
export type PlainTap = (way: "received" | "sent", apdu: Uint8Array) => Uint8Array | undefined;

/** What goes on of an APDU; without a tap, the APDU. */
export function tapped(tap: PlainTap | undefined, way: "received" | "sent", apdu: Uint8Array): Uint8Array | undefined {
  return tap === undefined ? apdu : tap(way, apdu);
}
