/**
 * Sees each plain APDU: after it was opened, or before it is sealed. APDUs that open and release the association, and exceptions, are
 * seen as they are sent. It returns the APDU that is processed instead: the same octets, other octets, or undefined to drop it. An
 * error that it throws passes to the caller; but a Fault for a received APDU makes that APDU refused. It does not see octets that
 * could not be opened.
 */
export type PlainTap = (way: "received" | "sent", apdu: Uint8Array) => Uint8Array | undefined;

/** The APDU that the tap returns; without a tap, the APDU itself. */
export function tapped(tap: PlainTap | undefined, way: "received" | "sent", apdu: Uint8Array): Uint8Array | undefined {
  return tap === undefined ? apdu : tap(way, apdu);
}
