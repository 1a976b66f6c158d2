import type { Incoming, Responder } from "@dlmskit/association";
import type { AssociationInformation } from "@dlmskit/cosem-objects";
import type { Asker } from "../access/dispatch.ts";
import type { GrantedRights } from "../access/granted-rights.ts";
import type { Association } from "../meter/association-spec.ts";
import type { Device } from "../meter/device.ts";
import type { LiveMeter } from "../meter/live-meter.ts";
import { sapOf } from "../meter/sap-of.ts";
import type { OpenAssociation } from "./open-association.ts";

/** The session that received a request. `opened` is undefined until the association is open. */
interface Place {
  readonly live: LiveMeter;
  readonly device: Device;
  readonly association: Association;
  readonly responder: Responder;
  readonly opened: OpenAssociation | undefined;
  readonly incoming: Incoming;
}

/** The source of a request, with the data of the association for the objects of the meter. */
export class SessionAsker implements Asker {
  readonly live: LiveMeter;
  readonly device: Device;
  readonly association: Association;
  readonly rights: GrantedRights;
  readonly #place: Place;
  readonly #associated: boolean;
  #information: AssociationInformation | undefined;

  constructor(place: Place) {
    const { live, device, association, opened } = place;
    this.live = live;
    this.device = device;
    this.association = association;
    this.rights = opened?.rights ?? association.access;
    this.#place = place;
    // What a slow hook sees is the association at the time of the request.
    this.#associated = place.responder.state === "associated";
  }

  /** Made when a hook asks for it first: few do. */
  get information(): AssociationInformation {
    this.#information ??= informationOf(this.#place, this.rights, this.#associated);
    return this.#information;
  }
}

function informationOf(
  { live, device, association, responder, opened, incoming }: Place,
  rights: GrantedRights,
  associated: boolean,
): AssociationInformation {
  const negotiated = opened?.negotiated ?? responder.association;
  const shortNames = negotiated?.context === "short-name" ? 1 : 0;
  return {
    instanceId: association.instance,
    clientSap: association.client,
    serverSap: sapOf(live.known.template, (object) => live.values(object), device),
    status: associated ? "associated" : "association-pending",
    applicationContext: (association.security.ciphered ? 3 : 1) + shortNames,
    mechanism: association.security.mechanism,
    conformance: negotiated?.conformance ?? [],
    maxReceivePduSize: negotiated?.serverMaxReceivePduSize ?? association.maxReceivePduSize,
    maxSendPduSize: negotiated?.clientMaxReceivePduSize ?? 0,
    dlmsVersion: 6,
    qualityOfService: 0,
    rights: rights.current,
    protection: incoming.protection,
    userId: negotiated?.userId,
    securitySetup: association.securitySetup,
  };
}
