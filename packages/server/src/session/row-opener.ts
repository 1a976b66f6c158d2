import { Fault } from "@dlmskit/core";
import type { Clock } from "@dlmskit/transport";
import type { MeterStore } from "../store-port.ts";

type Connections = MeterStore["connections"];
type NewConnection = Parameters<Connections["open"]>[0];

export interface RowOpenerPort {
  readonly store: Pick<MeterStore, "connections">;
  readonly clock: Clock;
  failed(error: unknown): void;
}

interface Waiting {
  readonly connection: NewConnection;
  resolve(id: number): void;
  reject(error: unknown): void;
}

// Delay after a failure of the store until the next attempt, ms.
const againAfter = 1000;
// While the store is not available, sessions may come and go without end. The rows of more of them are not written.
const mostWaiting = 10_000;

const isAway = (error: unknown): boolean => error instanceof Fault && error.code === "store-unavailable";

/** Inserts the rows of new sessions. While the store is not available the rows wait, and they are inserted when it works again. */
export class RowOpener {
  readonly #port: RowOpenerPort;
  readonly #waiting: Waiting[] = [];

  constructor(port: RowOpenerPort) {
    this.#port = port;
  }

  /** Returns the id of the row. Rejects if the store refuses the row, is closed, or if too many rows wait. */
  async open(connection: NewConnection): Promise<number> {
    try {
      return await this.#port.store.connections.open(connection);
    } catch (error) {
      if (!isAway(error) || this.#waiting.length >= mostWaiting) throw error;
      this.#port.failed(error);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ connection, resolve, reject });
      if (this.#waiting.length === 1) this.#later();
    });
  }

  #later(): void {
    const { clock } = this.#port;
    clock.at(clock.now() + againAfter, () => void this.#again());
  }

  async #again(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        next.resolve(await this.#insert(next.connection));
      } catch (error) {
        if (isAway(error)) {
          this.#port.failed(error);
          this.#later();
          return;
        }
        next.reject(error);
      }
      this.#waiting.shift();
    }
  }

  /** The row may be there: the connection to the store can break after the row was inserted and before the answer came. */
  async #insert(connection: NewConnection): Promise<number> {
    const { connections } = this.#port.store;
    try {
      return await connections.open(connection);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "duplicate") throw error;
      const { meterId, sessionId } = connection;
      const rows = await connections.list(meterId === undefined ? {} : { meterId });
      const there = rows.find((row) => row.sessionId === sessionId);
      if (there === undefined) throw error;
      return there.id;
    }
  }
}
