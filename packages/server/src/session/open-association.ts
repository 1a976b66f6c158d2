import type { Negotiated } from "@dlmskit/association";
import { rightsWhenOpened } from "../access/changed-rights.ts";
import type { GrantedRights } from "../access/granted-rights.ts";
import type { Association } from "../meter/association-spec.ts";
import type { Device } from "../meter/device.ts";
import type { LiveMeter } from "../meter/live-meter.ts";
import type { Occupant } from "../meter/open-associations.ts";
import { ConnectionRow } from "./connection-row.ts";
import { sourceOf } from "./lockouts.ts";
import type { SessionPort } from "./session-port.ts";

export type OpenAssociationPort = Pick<SessionPort, "environment" | "forgeable" | "limits" | "remote">;

/** Whose association it is, and with which meter. */
export interface Opened {
  readonly live: LiveMeter;
  readonly device: Device;
  readonly association: Association;
  readonly negotiated: Negotiated;
  readonly occupant: Occupant;
}

/** An association that a client has opened: the meter counts it, and with a store it is in the table of connections. */
export class OpenAssociation {
  readonly negotiated: Negotiated;
  readonly association: Association;
  /** What it grants. */
  readonly rights: GrantedRights;
  readonly #over: () => void;
  readonly #row: ConnectionRow | undefined;

  /** Where there is no room, the association of another client that is idle ends. */
  constructor(port: OpenAssociationPort, { live, device, association, negotiated, occupant }: Opened) {
    this.negotiated = negotiated;
    this.association = association;
    this.rights = rightsWhenOpened(association, device, live);
    const { associations } = live;
    // A source that can be forged is no host of its own.
    const host = port.forgeable ? "" : sourceOf(port.remote);
    const { clientSystemTitle: systemTitle } = negotiated;
    this.#over = associations.opened({ association, systemTitle, host, occupant });
    associations.makeRoom(association, port.limits.associationsPerMeter, occupant);
    this.#row = rowOf(port, live, association);
  }

  /** The id of its row in `active_connections`, once there is one. */
  get connectionId(): number | undefined {
    return this.#row?.id;
  }

  /** When `expire` is due, ms of the machine's clock; undefined: nothing is due. */
  get deadline(): number | undefined {
    return this.#row?.deadline;
  }

  /** Whether requests of high priority go before others that wait. */
  get prioritised(): boolean {
    return this.negotiated.conformance.includes("priority-mgmt-supported");
  }

  /** The client said something. */
  touch(now: number): void {
    this.#row?.touch(now);
  }

  expire(now: number): void {
    this.#row?.expire(now);
  }

  close(): void {
    this.#over();
    this.#row?.close();
  }
}

function rowOf(
  { environment, remote }: OpenAssociationPort,
  { known }: LiveMeter,
  { client }: Association,
): ConnectionRow | undefined {
  const { store, random, time, clock, connectionRows } = environment;
  if (store === undefined || connectionRows === undefined) return undefined;
  const failed = (error: unknown): void => environment.storeFailed(known, "connections", error);
  const port = { store, random, remote, writer: connectionRows, instant: () => time.now, failed };
  return new ConnectionRow(port, known.id, client, clock.now());
}
