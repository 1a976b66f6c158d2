import type { HdlcQuirk } from "./primary-options.ts";

/** The direction of a message with an LLC header: a command comes from the client, a response from the server. */
export type Direction = "command" | "response";

/** Octets of the LLC header. */
const llcOctets = 3;

/** Gives the message: the LLC header (E6 E6 00 to the server, E6 E7 00 to the client) and the PDU. */
export function wrapLlc(pdu: Uint8Array, direction: Direction): Uint8Array {
  const message = new Uint8Array(llcOctets + pdu.length);
  message[0] = 0xe6;
  message[1] = direction === "command" ? 0xe6 : 0xe7;
  message.set(pdu, llcOctets);
  return message;
}

/** The PDU after the LLC header, as a view; undefined when the header is a different one or nothing follows it. */
export function unwrapLlc(message: Uint8Array, direction: Direction): Uint8Array | undefined {
  if (message.length <= llcOctets) return undefined;
  if (message[0] !== 0xe6 || message[1] !== (direction === "command" ? 0xe6 : 0xe7) || message[2] !== 0)
    return undefined;
  return message.subarray(llcOctets);
}

/** The PDU of a response, with the header of a command if the quirk `llc-of-commands` is given. */
export function unwrapResponse(message: Uint8Array, quirks: readonly HdlcQuirk[]): Uint8Array | undefined {
  const pdu = unwrapLlc(message, "response");
  return pdu === undefined && quirks.includes("llc-of-commands") ? unwrapLlc(message, "command") : pdu;
}
