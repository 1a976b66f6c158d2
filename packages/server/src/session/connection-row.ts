import type { Environment } from "../meter/environment.ts";
import type { KnownMeter } from "../meter/meter-identity.ts";
import type { RowWriter } from "./row-writer.ts";

/** The association that a row shows. */
export interface RowSource {
  readonly meter: KnownMeter;
  readonly client: number;
  readonly remote: string;
  readonly writer: RowWriter;
}

// A session is IDLE after this many ms without a request. This is also the minimum interval between writes of `last_activity`.
const idleAfter = 60_000;

/** The row of one open association in the table of connections: ACTIVE, IDLE (no requests), DISCONNECTED. Nothing waits for its writes. */
export class ConnectionRow {
  // Not an object with functions of its own: that would take a fifth of a KiB of each association.
  readonly #environment: Environment;
  readonly #meter: KnownMeter;
  readonly #writer: RowWriter;
  readonly #opened: Promise<number | undefined>;
  /** Undefined: the row is not written yet, or could not be written. */
  id: number | undefined;
  /** Time of the last request and of the next check, ms of the machine's clock. */
  #last: number;
  #deadline: number | undefined;

  constructor(environment: Environment, { meter, client, remote, writer }: RowSource) {
    this.#environment = environment;
    this.#meter = meter;
    this.#writer = writer;
    const { clock, time, random } = environment;
    this.#last = clock.now();
    this.#deadline = this.#last + idleAfter;
    const [, host = "", number = "0"] = /^\[?(.*?)\]?:(\d+)$/.exec(remote) ?? [];
    this.#opened = this.#attempt(
      writer.open({
        meterId: meter.id,
        clientId: client,
        connectionTime: Math.floor(time.now),
        ipAddress: host.slice(0, 45) || "memory",
        port: Number(number),
        sessionId: Array.from(random(16), (octet) => octet.toString(16).padStart(2, "0")).join(""),
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
    this.#set("DISCONNECTED", this.#environment.time.now);
  }

  #write(status: "ACTIVE" | "IDLE", now: number): void {
    this.#set(status, this.#environment.time.now - (now - this.#last));
  }

  #set(status: "ACTIVE" | "IDLE" | "DISCONNECTED", at: number): void {
    const state = { status, at: Math.floor(at) };
    // In order: the row must be inserted first.
    void this.#opened.then((id) => id !== undefined && this.#writer.set(id, state));
  }

  async #attempt(opening: Promise<number>): Promise<number | undefined> {
    try {
      this.id = await opening;
    } catch (error) {
      this.#environment.storeFailed(this.#meter, "connections", error);
    }
    return this.id;
  }
}
