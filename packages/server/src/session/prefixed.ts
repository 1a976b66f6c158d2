import { ApduTag, withGatewayPrefix, withoutGatewayPrefix } from "@dlmskit/apdu";
import { Fault, type LinkAddress, type Unasked } from "@dlmskit/core";
import type { Route } from "./route.ts";
import type { Caller } from "./waiting-room.ts";

/** A PDU that a gateway has received, without its prefix. A PDU whose prefix cannot be read is one for the gateway itself. */
export function unprefixed({ gateway }: Route, caller: Caller): Caller {
  if (gateway === undefined || caller.pdu[0] !== ApduTag["gateway-request"]) return caller;
  try {
    const { networkId, physicalDeviceAddress, apdu } = withoutGatewayPrefix(caller.pdu) as NonNullable<
      ReturnType<typeof withoutGatewayPrefix>
    >;
    return {
      pdu: apdu,
      address: { ...caller.address, gateway: { networkId, physicalDeviceAddress } },
      broadcast: caller.broadcast,
    };
  } catch (caught) {
    if (caught instanceof Fault) return caller;
    throw caught;
  }
}

/** The PDU with the prefix of its address, if it has one. */
export const prefixed = (pdu: Uint8Array, { gateway }: LinkAddress): Uint8Array =>
  gateway === undefined ? pdu : withGatewayPrefix("response", gateway, pdu);

export const prefixedUnasked = (unasked: Unasked, address: LinkAddress): Unasked =>
  address.gateway === undefined
    ? unasked
    : { pdus: () => unasked.pdus().map((pdu) => prefixed(pdu, address)), left: () => unasked.left() };
