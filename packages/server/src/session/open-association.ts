import type { Negotiated } from "@dlmskit/association";
import type { Clock } from "@dlmskit/transport";
import { rightsWhenOpened } from "../access/changed-rights.ts";
import type { GrantedRights } from "../access/granted-rights.ts";
import type { Association } from "../meter/association-spec.ts";
import type { Device } from "../meter/device.ts";
import type { LiveMeter } from "../meter/live-meter.ts";
import type { Occupant } from "../meter/open-associations.ts";
import { ConnectionRow } from "./connection-row.ts";
import { sourceOf } from "./lockouts.ts";
import type { SessionPort } from "./session-port.ts";
import { type OpenPush, type PushLeft, type Speaker, UnaskedPushes } from "./unasked-pushes.ts";

export type OpenAssociationPort = Pick<SessionPort, "environment" | "forgeable" | "limits" | "remote">;

/** The client and the meter of an open association. */
export interface Opened {
  readonly live: LiveMeter;
  readonly device: Device;
  readonly association: Association;
  readonly negotiated: Negotiated;
  readonly occupant: Occupant & Speaker;
}

/** An association that a client has opened. The meter counts it, and with a store it is in the table of connections. */
export class OpenAssociation {
  readonly negotiated: Negotiated;
  readonly association: Association;
  /** The access rights of the association. */
  readonly rights: GrantedRights;
  readonly #speaker: Speaker;
  readonly #clock: Clock;
  /** Created for the first unsolicited notification. */
  #unasked: UnaskedPushes | undefined;
  readonly #over: () => void;
  readonly #row: ConnectionRow | undefined;

  /** If there is no room, an idle association of another client is ended. */
  constructor(port: OpenAssociationPort, { live, device, association, negotiated, occupant }: Opened) {
    this.negotiated = negotiated;
    this.association = association;
    this.#speaker = occupant;
    this.#clock = port.environment.clock;
    this.rights = rightsWhenOpened(association, device, live);
    const { associations } = live;
    // A source that can be forged does not count as a separate host.
    const host = port.forgeable ? "" : sourceOf(port.remote);
    const { clientSystemTitle: systemTitle } = negotiated;
    this.#over = associations.opened({ association, systemTitle, host, occupant });
    associations.makeRoom(association, port.limits.associationsPerMeter, occupant);
    this.#row = rowOf(port, live, association);
    port.environment.associated(live.known, association.client);
  }

  /** The id of its row in `active_connections`, once there is one. */
  get connectionId(): number | undefined {
    return this.#row?.id;
  }

  /** When `expire` is due, ms of the machine's clock; undefined: nothing is due. */
  get deadline(): number | undefined {
    return this.#row?.deadline;
  }

  /** Whether requests of high priority overtake other waiting requests. */
  get prioritised(): boolean {
    return this.negotiated.conformance.includes("priority-mgmt-supported");
  }

  /** Sends an unsolicited notification. Faults as in `UnaskedPushes.send`. */
  notify(push: OpenPush): Promise<PushLeft> {
    this.#unasked ??= new UnaskedPushes(this.#speaker, this.#clock);
    return this.#unasked.send(push);
  }

  /** Called when an answer was sent. */
  answered(): void {
    this.#unasked?.goOn();
  }

  confirmed(longInvokeId: number): void {
    this.#unasked?.confirmed(longInvokeId);
  }

  /** Called at each request of the client. */
  touch(now: number): void {
    this.#row?.touch(now);
  }

  expire(now: number): void {
    this.#row?.expire(now);
  }

  close(): void {
    this.#over();
    this.#unasked?.close();
    this.#row?.close();
  }
}

function rowOf(
  { environment, remote }: OpenAssociationPort,
  { known: meter }: LiveMeter,
  { client }: Association,
): ConnectionRow | undefined {
  const { connectionRows: writer } = environment;
  if (writer === undefined) return undefined;
  return new ConnectionRow(environment, { meter, client, remote, writer });
}
