import { concat, Fault, fromAscii, fromHex, type GatewayAddress, inRange, toHex, toLatin1 } from "@dlmskit/core";
import { decodeApdu, encodeApdu } from "./apdu.ts";
import { ApduTag } from "./tags.ts";

/** An APDU with the prefix of a gateway, as read. */
export interface ThroughGateway extends GatewayAddress {
  /** `"request"` is the prefix with the tag E6, to the meter; `"response"` that with the tag E7, from the meter. */
  readonly way: "request" | "response";
  /** The APDU after the prefix. */
  readonly apdu: Uint8Array;
}

const nothing = new Uint8Array(0);
const longestAddress = 0xff;

/** Whether an APDU starts with the tag of a gateway's prefix. */
export const hasGatewayPrefix = (pdu: Uint8Array): boolean =>
  pdu[0] === ApduTag["gateway-request"] || pdu[0] === ApduTag["gateway-response"];

/**
 * Reads the prefix of a gateway; undefined: the APDU has none. The physical device address is copied, `apdu` is a view. Faults of
 * `decodeApdu`, and `bad-length`: the address has more than 255 octets, or nothing follows the prefix.
 */
export function withoutGatewayPrefix(pdu: Uint8Array): ThroughGateway | undefined {
  if (!hasGatewayPrefix(pdu)) return undefined;
  const decoded = decodeApdu(pdu);
  if (decoded.apdu !== "gateway-request" && decoded.apdu !== "gateway-response") return undefined;
  const { apdu, networkId, physicalDeviceAddress, content } = decoded;
  if (physicalDeviceAddress.length > longestAddress) {
    throw new Fault("bad-length", `a physical device address of ${physicalDeviceAddress.length} octets is too long`, {
      layer: "xdlms",
      hint: `at most ${longestAddress} octets`,
    });
  }
  if (content.length === 0) {
    throw new Fault("bad-length", "no APDU follows the prefix of the gateway", { layer: "xdlms" });
  }
  return {
    ...{ networkId, physicalDeviceAddress: physicalDeviceAddress.slice(), apdu: content },
    way: apdu === "gateway-request" ? "request" : "response",
  };
}

/** The prefix of a gateway: E6 or E7, network id, address length and address. Faults `out-of-range`, `bad-length`. */
export function gatewayPrefix(
  way: ThroughGateway["way"],
  { networkId, physicalDeviceAddress }: GatewayAddress,
): Uint8Array {
  inRange(networkId, 0, 0xff);
  if (physicalDeviceAddress.length > longestAddress) {
    throw new Fault("bad-length", `a physical device address has at most ${longestAddress} octets`, { layer: "xdlms" });
  }
  return encodeApdu({ apdu: `gateway-${way}`, networkId, physicalDeviceAddress, content: nothing });
}

/** An APDU with the prefix of a gateway. Faults as `gatewayPrefix`. */
export const withGatewayPrefix = (way: ThroughGateway["way"], address: GatewayAddress, apdu: Uint8Array): Uint8Array =>
  concat(gatewayPrefix(way, address), apdu);

/** A text that is equal for equal addresses, for keys of maps. */
export const gatewayKey = ({ networkId, physicalDeviceAddress }: GatewayAddress): string =>
  `${networkId} ${toHex(physicalDeviceAddress)}`;

/**
 * The text of an address, NETWORK/ADDRESS: `"1/00123456"` if the physical device address is printable ASCII, otherwise in hex:
 * `"1/0x0011"`.
 */
export function gatewayText({ networkId, physicalDeviceAddress }: GatewayAddress): string {
  const text = toLatin1(physicalDeviceAddress);
  const plain = /^[\x21-\x7e]+$/.test(text) && !text.startsWith("0x");
  return `${networkId}/${plain ? text : `0x${toHex(physicalDeviceAddress)}`}`;
}

/** Reads the text of an address: NETWORK/ADDRESS, as `gatewayText` writes it. Fault `bad-value`. */
export function gatewayAddress(text: string): GatewayAddress {
  const [, network, hex, plain] = /^(\d{1,3})\/(?:0x((?:[0-9a-fA-F]{2})*)|((?!0x)[\x21-\x7e]+))$/.exec(text) ?? [];
  const networkId = Number(network);
  const physicalDeviceAddress = hex === undefined ? fromAscii(plain ?? "") : fromHex(hex);
  if (network === undefined || networkId > 0xff || physicalDeviceAddress.length > longestAddress) {
    throw new Fault("bad-value", `"${text}" is not the address of a meter behind a gateway`, {
      layer: "xdlms",
      hint: "write NETWORK/ADDRESS, such as 1/00123456, or 1/0x0011 for octets in hex",
    });
  }
  return { networkId, physicalDeviceAddress };
}
