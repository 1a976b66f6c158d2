import { ApduTag, decodeApdu, encodeApdu, gatewayPrefix, withoutGatewayPrefix } from "@dlmskit/apdu";
import { Fault, type LinkAddress } from "@dlmskit/core";

/** The longest PDU of a link between a client and a gateway: that of the wrapper. */
const longestPdu = 0xffff;

/** Length of the prefix of answers to an address, octets. */
const prefixOctets = ({ gateway }: LinkAddress): number =>
  gateway === undefined ? 0 : gatewayPrefix("response", gateway).length;

/** The maximum length of an APDU that can be answered through a gateway; undefined: there is no prefix. */
export const longestBehind = (address: LinkAddress): number | undefined =>
  address.gateway === undefined ? undefined : longestPdu - prefixOctets(address);

export const fits = (pdu: Uint8Array, address: LinkAddress): boolean =>
  pdu.length <= (longestBehind(address) ?? longestPdu);

// The exceptions of a gateway have no standard. These are in use: service-not-allowed with operation-not-possible, and pdu-too-long.
const unreachable = encodeApdu({
  apdu: "exception-response",
  stateError: "service-not-allowed",
  serviceError: "operation-not-possible",
});
export const pduTooLong = encodeApdu({
  apdu: "exception-response",
  stateError: "service-not-allowed",
  serviceError: "pdu-too-long",
});

/** Octet of the service class in plain requests, by their tag. */
const serviceClassAt: { readonly [tag: number]: number } = {
  [ApduTag["get-request"]]: 2,
  [ApduTag["set-request"]]: 2,
  [ApduTag["action-request"]]: 2,
  [ApduTag["access-request"]]: 1,
};
const neverAnswered: readonly number[] = [
  ApduTag["unconfirmed-write-request"],
  ApduTag["data-notification"],
  ApduTag["data-notification-confirm"],
  ApduTag["event-notification-request"],
  ApduTag["information-report-request"],
];
const confirmedBit = 0x40;

const streamingBit = 0x40;

/** Whether a general block is one of a window: the window has one answer. */
export const isStreamed = (pdu: Uint8Array): boolean =>
  pdu[0] === ApduTag["general-block-transfer"] && ((pdu[1] ?? 0) & streamingBit) !== 0;

const unasked: readonly number[] = [
  ApduTag["data-notification"],
  ApduTag["event-notification-request"],
  ApduTag["information-report-request"],
];

/** Whether a meter sends this without a request. Ciphered ones cannot be told from answers. */
export const isUnasked = (pdu: Uint8Array): boolean => unasked.includes(pdu[0] ?? -1);

/** In place of a request where no answer is owed. */
export const noRequest = new Uint8Array(0);

/** The answer to a request for a meter that cannot be reached; undefined: the request is unconfirmed, so there is none. */
export function unreachableAnswer(request: Uint8Array | undefined): Uint8Array | undefined {
  const tag = request?.[0];
  if (request === undefined || tag === undefined || neverAnswered.includes(tag)) return undefined;
  const at = serviceClassAt[tag];
  return at !== undefined && ((request[at] ?? 0) & confirmedBit) === 0 ? undefined : unreachable;
}

/**
 * What an APDU from a meter says about its association; undefined: nothing. It is open as soon as the AARE accepts it, also if the client
 * still has to authenticate itself. The meter may be behind further gateways.
 */
export function associationIn(pdu: Uint8Array): "open" | "closed" | undefined {
  let apdu = pdu;
  try {
    for (let inner = withoutGatewayPrefix(apdu); inner !== undefined; inner = withoutGatewayPrefix(apdu))
      apdu = inner.apdu;
    if (apdu[0] === ApduTag.rlre) return "closed";
    if (apdu[0] !== ApduTag.aare) return undefined;
    const aare = decodeApdu(apdu);
    return aare.apdu === "aare" && aare.result === "accepted" ? "open" : "closed";
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    // Some clients accept an AARE that cannot be decoded strictly.
    return apdu[0] === ApduTag.aare ? "open" : undefined;
  }
}
