import type { LinkAddress } from "@dlmskit/core";
import type { Wpdu } from "./wpdu.ts";

/** The wPorts that mean nobody and everybody (IEC 62056-47 5.3.2). */
export const noStation = 0x0000;
export const allStation = 0x007f;

/** What a wPort that is no ordinary logical device's own means (IEC 62056-47 5.3.2). */
export type ReservedWPort = "no-station" | "management-logical-device" | "reserved" | "all-station";

/**
 * What a server's wPort is reserved for; undefined for one that a logical device may have. 0 is no station, 1 the management
 * logical device (which a server may and should answer to, so it is reserved for that one only), 2 to 0x0F reserved, and
 * 0x7F all stations: a PDU to it is a broadcast, and never answered. IEC 62056-47 5.3.2.
 */
export function reservedWPort(wPort: number): ReservedWPort | undefined {
  if (wPort === noStation) return "no-station";
  if (wPort === 1) return "management-logical-device";
  if (wPort < 0x10) return "reserved";
  return wPort === allStation ? "all-station" : undefined;
}

/** The wPorts that `reservedWPort` does not reserve, from the first to the last of each range. For an allocator. */
export const usableWPorts = [
  { first: 0x10, last: 0x7e },
  { first: 0x80, last: 0xffff },
] as const satisfies readonly { readonly first: number; readonly last: number }[];

/** Which end of the association a machine is: a server's PDUs have its logical device as source. */
export type End = "client" | "server";

/** Who talks to whom, as seen by the end that received the WPDU. */
export function addressOf(wpdu: Wpdu, end: End): LinkAddress {
  return end === "server"
    ? { client: wpdu.source, server: wpdu.destination }
    : { client: wpdu.destination, server: wpdu.source };
}

/** The WPDU that an end sends to the other end of `address`. */
export function wpduTo(pdu: Uint8Array, address: LinkAddress, end: End): Wpdu {
  return end === "server"
    ? { source: address.server, destination: address.client, pdu }
    : { source: address.client, destination: address.server, pdu };
}
