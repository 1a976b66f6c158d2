import type { LinkAddress } from "@dlmskit/core";
import type { Wpdu } from "./wpdu.ts";

/** The wPorts that mean nobody and everybody (IEC 62056-47 5.3.2). */
export const noStation = 0x0000;
export const allStation = 0x007f;

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
