import type { Random } from "@dlmskit/security";
import type { MeterStore } from "../store-port.ts";
import type { RowWriter } from "./row-writer.ts";

export interface ConnectionRowPort {
  readonly store: MeterStore;
  readonly random: Random;
  readonly remote: string;
  readonly writer: RowWriter;
  /** Time of day, ms since 1970 UTC. */
  instant(): number;
  failed(error: unknown): void;
}

// A session is IDLE after this many ms without a request. This is also the minimum interval between writes of `last_activity`.
const idleAfter = 60_000;

/** The row of one open association in the table of connections: ACTIVE, IDLE (no requests), DISCONNECTED. Nothing waits for its writes. */
export class ConnectionRow {
  readonly #port: ConnectionRowPort;
  readonly #opened: Promise<number | undefined>;
  /** Undefined: the row is not written yet, or could not be written. */
  id: number | undefined;
  /** Time of the last request and of the next check, ms of the machine's clock. */
  #last: number;
  #deadline: number | undefined;

  constructor(port: ConnectionRowPort, meterId: string, clientId: number, now: number) {
    this.#port = port;
    this.#last = now;
    this.#deadline = now + idleAfter;
    const [, host = "", number = "0"] = /^\[?(.*?)\]?:(\d+)$/.exec(port.remote) ?? [];
    this.#opened = this.#attempt(
      port.store.connections.open({
        meterId,
        clientId,
        connectionTime: Math.floor(port.instant()),
        ipAddress: host.slice(0, 45) || "memory",
        port: Number(number),
        sessionId: Array.from(port.random(16), (octet) => octet.toString(16).padStart(2, "0")).join(""),
      }),
    );
  }

  /** When `expire` is due, ms of the machine's clock; undefined: the session is IDLE. */
  get deadline(): number | undefined {
    return this.#deadline;
  }

  /** Called at each request of the client. */
  touch(now: number): void {
    this.#last = now;
    if (this.#deadline !== undefined) return;
    this.#write("ACTIVE", now);
    this.#deadline = now + idleAfter;
  }

  expire(now: number): void {
    if (this.#deadline === undefined || now < this.#deadline) return;
    const idle = now - this.#last >= idleAfter;
    this.#write(idle ? "IDLE" : "ACTIVE", now);
    this.#deadline = idle ? undefined : now + idleAfter;
  }

  close(): void {
    this.#deadline = undefined;
    this.#set("DISCONNECTED", this.#port.instant());
  }

  #write(status: "ACTIVE" | "IDLE", now: number): void {
    this.#set(status, this.#port.instant() - (now - this.#last));
  }

  #set(status: "ACTIVE" | "IDLE" | "DISCONNECTED", at: number): void {
    const state = { status, at: Math.floor(at) };
    // In order: the row must be inserted first.
    void this.#opened.then((id) => id !== undefined && this.#port.writer.set(id, state));
  }

  async #attempt(opening: Promise<number>): Promise<number | undefined> {
    try {
      this.id = await opening;
    } catch (error) {
      this.#port.failed(error);
    }
    return this.id;
  }
}
