import type { LinkAddress } from "@dlmskit/core";
import type { Wpdu } from "./wpdu.ts";

/** The wPorts for no-station and all-station (IEC 62056-47 5.3.2). */
export const noStation = 0x0000;
export const allStation = 0x007f;

/** The meaning of a reserved wPort (IEC 62056-47 5.3.2). */
export type ReservedWPort = "no-station" | "management-logical-device" | "reserved" | "all-station";

/**
 * The purpose of a reserved server wPort; undefined for a wPort that any logical device may have. 0 is no-station; 1 is the
 * management logical device (servers should answer to it; it is reserved for that logical device only); 2 to 0x0F are reserved;
 * 0x7F is all-station: a PDU to it is a broadcast and is never answered. IEC 62056-47 5.3.2.
 */
export function reservedWPort(wPort: number): ReservedWPort | undefined {
  if (wPort === noStation) return "no-station";
  if (wPort === 1) return "management-logical-device";
  if (wPort < 0x10) return "reserved";
  return wPort === allStation ? "all-station" : undefined;
}

/** The ranges of wPorts that are not reserved, each with its first and last wPort. For an allocator. */
export const usableWPorts = [
  { first: 0x10, last: 0x7e },
  { first: 0x80, last: 0xffff },
] as const satisfies readonly { readonly first: number; readonly last: number }[];

/** The end of an association. The PDUs of a server have its logical device as source. */
export type End = "client" | "server";

/** The addresses of client and server in a WPDU, for the end that received it. */
export function addressOf(wpdu: Wpdu, end: End): LinkAddress {
  return end === "server"
    ? { client: wpdu.source, server: wpdu.destination }
    : { client: wpdu.destination, server: wpdu.source };
}

/** The WPDU with which one end sends a PDU to the other end of `address`. */
export function wpduTo(pdu: Uint8Array, address: LinkAddress, end: End): Wpdu {
  return end === "server"
    ? { source: address.server, destination: address.client, pdu }
    : { source: address.client, destination: address.server, pdu };
}
