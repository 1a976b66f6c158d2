import type { Negotiated } from "@dlmskit/association";
import type { Association } from "../meter/association-spec.ts";
import type { LiveMeter } from "../meter/live-meter.ts";
import { ConnectionRow } from "./connection-row.ts";
import type { SessionPort } from "./session-port.ts";

export type OpenAssociationPort = Pick<SessionPort, "environment" | "remote">;

/** An association that a client has opened: the meter counts it, and with a store it is in the table of connections. */
export class OpenAssociation {
  readonly negotiated: Negotiated;
  readonly #over: () => void;
  readonly #row: ConnectionRow | undefined;

  constructor(port: OpenAssociationPort, live: LiveMeter, association: Association, negotiated: Negotiated) {
    this.negotiated = negotiated;
    this.#over = live.associations.opened(association, negotiated.clientSystemTitle);
    this.#row = rowOf(port, live, association);
  }

  /** When `expire` is due, ms of the machine's clock; undefined: nothing is due. */
  get deadline(): number | undefined {
    return this.#row?.deadline;
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
  const { store, random, time, clock } = environment;
  if (store === undefined) return undefined;
  const failed = (error: unknown): void => environment.storeFailed(known, "connections", error);
  return new ConnectionRow(
    { store, random, remote: remote(), instant: () => time.now, failed },
    known.id,
    client,
    clock.now(),
  );
}
