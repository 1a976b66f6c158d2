import { gatewayKey, withGatewayPrefix, withoutGatewayPrefix } from "@dlmskit/apdu";
import { Fault, type GatewayAddress } from "@dlmskit/core";
import type { Parcel } from "./push-lines.ts";

/** The push of a meter behind a gateway: each PDU has the prefix (E7), and a confirmation comes with the prefix of this meter. */
export function throughGateway(parcel: Parcel, gateway: GatewayAddress | undefined): Parcel {
  if (gateway === undefined || parcel.raw === true) return parcel;
  const { pdus, confirms, ...rest } = parcel;
  return {
    ...rest,
    pdus: pdus.map((pdu) => withGatewayPrefix("response", gateway, pdu)),
    ...(confirms === undefined ? {} : { confirms: (pdu) => confirmsBehind(pdu, gateway, confirms) }),
  };
}

function confirmsBehind(pdu: Uint8Array, gateway: GatewayAddress, confirms: (apdu: Uint8Array) => boolean): boolean {
  try {
    const through = withoutGatewayPrefix(pdu);
    return through !== undefined && gatewayKey(through) === gatewayKey(gateway) && confirms(through.apdu);
  } catch (caught) {
    if (caught instanceof Fault) return false;
    throw caught;
  }
}
