import { Fault } from "@dlmskit/core";
import type { Clock } from "@dlmskit/transport";
import type { MeterStore } from "../store-port.ts";
import { RowOpener } from "./row-opener.ts";

type Status = "ACTIVE" | "IDLE" | "DISCONNECTED";

interface State {
  readonly status: Status;
  /** Last activity, ms since 1970 UTC. */
  readonly at: number;
}

export interface RowWriterPort {
  readonly store: Pick<MeterStore, "connections">;
  readonly clock: Clock;
  failed(error: unknown): void;
}

// Delay after a failure of the store until the next attempt to write the rows, ms.
const againAfter = 1000;
// Rows with the same state are written in one statement if their last activities differ by at most this time, ms.
const together = 1000;

/**
 * Writes changes of connection rows: one statement at a time, with all changes collected in the meantime. Failed writes are repeated
 * when the store works again, so that no row shows a session that has ended.
 */
export class RowWriter {
  readonly #port: RowWriterPort;
  readonly #opener: RowOpener;
  #waiting = new Map<number, State>();
  #writing = false;

  constructor(port: RowWriterPort) {
    this.#port = port;
    this.#opener = new RowOpener(port);
  }

  /** Inserts the row of a new session, as `RowOpener.open`. */
  open(connection: Parameters<RowOpener["open"]>[0]): Promise<number> {
    return this.#opener.open(connection);
  }

  set(id: number, state: State): void {
    this.#waiting.set(id, state);
    if (!this.#writing) void this.#write();
  }

  async #write(): Promise<void> {
    this.#writing = true;
    let failure: unknown;
    while (this.#waiting.size > 0 && failure === undefined) {
      const all = this.#waiting;
      this.#waiting = new Map();
      for (const { ids, status, at } of groupsOf(all)) {
        try {
          await this.#put(ids, status, at);
        } catch (error) {
          failure = error;
          // Newer changes take precedence.
          for (const id of ids) if (!this.#waiting.has(id)) this.#waiting.set(id, { status, at });
        }
      }
    }
    this.#writing = false;
    if (failure === undefined) return;
    this.#port.failed(failure);
    if (failure instanceof Fault && failure.code === "store-closed") return;
    const { clock } = this.#port;
    clock.at(clock.now() + againAfter, () => {
      if (!this.#writing) void this.#write();
    });
  }

  #put(ids: readonly number[], status: Status, at: number): Promise<void> {
    const { connections } = this.#port.store;
    return status === "DISCONNECTED" ? connections.close(ids, at) : connections.touch(ids, at, status);
  }
}

interface Group extends State {
  readonly ids: readonly number[];
}

function groupsOf(rows: ReadonlyMap<number, State>): Group[] {
  const groups = new Map<string, { ids: number[]; status: Status; at: number }>();
  for (const [id, { status, at }] of rows) {
    const key = `${status} ${Math.floor(at / together)}`;
    const group = groups.get(key) ?? { ids: [], status, at };
    groups.set(key, group);
    group.ids.push(id);
    group.at = Math.max(group.at, at);
  }
  return [...groups.values()];
}
