import type { Random } from "@dlmskit/security";
import type { Cancel, Clock } from "@dlmskit/transport";
import type { MeterStore } from "../store-port.ts";

export interface ConnectionRowPort {
  readonly store: MeterStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly remote: string;
  /** Time of day, ms since 1970 UTC. */
  instant(): number;
  failed(error: unknown): void;
}

// A client that says nothing for so long is idle; one that talks is written down as often, ms.
const idleAfter = 60_000;

/** One open association in the table of connections: ACTIVE while the client talks, IDLE, DISCONNECTED. Nobody waits for it. */
export class ConnectionRow {
  readonly #port: ConnectionRowPort;
  #id: Promise<number | undefined>;
  #last: number;
  #idle = false;
  #cancel: Cancel;

  constructor(port: ConnectionRowPort, meterId: string, clientId: number) {
    this.#port = port;
    this.#last = port.clock.now();
    const [, host = "", number = "0"] = /^\[?(.*?)\]?:(\d+)$/.exec(port.remote) ?? [];
    this.#id = this.#attempt(
      port.store.connections.open({
        meterId,
        clientId,
        connectionTime: Math.floor(port.instant()),
        ipAddress: host.slice(0, 45) || "memory",
        port: Number(number),
        sessionId: Array.from(port.random(16), (octet) => octet.toString(16).padStart(2, "0")).join(""),
      }),
    );
    this.#cancel = this.#watch();
  }

  /** The client said something. */
  touch(): void {
    this.#last = this.#port.clock.now();
    if (!this.#idle) return;
    this.#idle = false;
    this.#write("ACTIVE");
    this.#cancel = this.#watch();
  }

  close(): void {
    this.#cancel();
    const at = Math.floor(this.#port.instant());
    this.#then((id) => this.#port.store.connections.close([id], at));
  }

  #watch(): Cancel {
    const { clock } = this.#port;
    return clock.at(clock.now() + idleAfter, () => {
      this.#idle = clock.now() - this.#last >= idleAfter;
      this.#write(this.#idle ? "IDLE" : "ACTIVE");
      if (!this.#idle) this.#cancel = this.#watch();
    });
  }

  #write(status: "ACTIVE" | "IDLE"): void {
    const { clock, store } = this.#port;
    const at = Math.floor(this.#port.instant() - (clock.now() - this.#last));
    this.#then((id) => store.connections.touch([id], at, status));
  }

  #then(run: (id: number) => Promise<void>): void {
    // In order: each waits for the one before.
    this.#id = this.#id.then(async (id) => {
      if (id !== undefined) await this.#attempt(run(id));
      return id;
    });
  }

  async #attempt<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      this.#port.failed(error);
      return undefined;
    }
  }
}
