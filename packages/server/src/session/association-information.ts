import type { Incoming, Negotiated, Responder } from "@dlmskit/association";
import type { AssociationInformation } from "@dlmskit/cosem-objects";
import type { Association } from "../meter/association-spec.ts";
import type { Device } from "../meter/meter-template.ts";

/** What the objects of a meter are told of the association that a request came in. `negotiated` is undefined until it is open. */
export function associationInformation(
  { association, device }: { readonly association: Association; readonly device: Device },
  state: Responder["state"],
  negotiated: Negotiated | undefined,
  { protection }: Pick<Incoming, "protection">,
): AssociationInformation {
  const shortNames = negotiated?.context === "short-name" ? 1 : 0;
  return {
    instanceId: association.instance,
    clientSap: association.client,
    serverSap: device.sap,
    status: state === "associated" ? "associated" : "association-pending",
    applicationContext: (association.security.ciphered ? 3 : 1) + shortNames,
    mechanism: association.security.mechanism,
    conformance: negotiated?.conformance ?? [],
    maxReceivePduSize: negotiated?.serverMaxReceivePduSize ?? association.maxReceivePduSize,
    maxSendPduSize: negotiated?.clientMaxReceivePduSize ?? 0,
    dlmsVersion: 6,
    qualityOfService: 0,
    rights: association.access.current,
    protection,
    ...(negotiated?.userId === undefined ? {} : { userId: negotiated.userId }),
    ...(association.securitySetup === undefined ? {} : { securitySetup: association.securitySetup }),
  };
}
