import type { Negotiated, Responder } from "@dlmskit/association";
import type { AssociationInformation } from "@dlmskit/cosem-objects";
import type { Association } from "../meter/association-spec.ts";
import type { Device } from "../meter/meter-template.ts";

/** What the objects of a meter are told of the association that a request came in. `negotiated` is undefined until it is open. */
export function associationInformation(
  association: Association,
  device: Device,
  state: Responder["state"],
  negotiated: Negotiated | undefined,
): AssociationInformation {
  return {
    instanceId: association.instance,
    clientSap: association.client,
    serverSap: device.sap,
    status: state === "associated" ? "associated" : "association-pending",
    applicationContext: association.security.ciphered ? 3 : 1,
    mechanism: association.security.mechanism,
    conformance: negotiated?.conformance ?? [],
    maxReceivePduSize: negotiated?.serverMaxReceivePduSize ?? association.maxReceivePduSize,
    maxSendPduSize: negotiated?.clientMaxReceivePduSize ?? 0,
    dlmsVersion: 6,
    qualityOfService: 0,
    rights: association.access.current,
    ...(negotiated?.userId === undefined ? {} : { userId: negotiated.userId }),
    ...(association.securitySetup === undefined ? {} : { securitySetup: association.securitySetup }),
  };
}
