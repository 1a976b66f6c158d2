import { Fault } from "@dlmskit/core";
import type { ClaimedMessage, MessageQueue } from "@dlmskit/storage";
import type { Cancel } from "@dlmskit/transport";
import type { ServerEvent } from "../events.ts";
import type { Environment } from "../meter/environment.ts";
import type { Meter } from "../meter/meter.ts";
import type { Timed } from "../runtime/agenda.ts";
import { AwaitedClients } from "./awaited-clients.ts";
import { Completions } from "./completions.ts";
import { type AttemptEnd, attemptPush, longInvokeIdOf, managementClient } from "./push-attempt.ts";
import { PushLines } from "./push-lines.ts";
import { type PushOptions, type PushSettings, pushSettings } from "./push-options.ts";

export interface WorkerPort {
  readonly environment: Pick<Environment, "agenda" | "clock" | "time">;
  readonly queue: MessageQueue;
  /** Whether other processes may put messages in the queue. */
  readonly shared: boolean;
  meter(id: string): Meter | undefined;
  tell(event: ServerEvent): void;
  storeFailed(what: string, error: unknown): void;
}

// Delay until the next attempt for a message that this process cannot send, ms of simulated time.
const notHere = 5000;
// Delay after a failure of the store until the next attempt, ms of the machine's clock.
const askAgain = 1000;
// Number of finished messages after which finished messages are deleted.
const forgetEvery = 1000;

/**
 * Sends the due messages of the queue: higher priority first, up to the limit at a time, each with the keys of its meter. It checks the
 * queue when a commit adds a message, when the next message is due, and at intervals for messages of other processes.
 */
export class PushWorker implements Timed {
  readonly #port: WorkerPort;
  readonly #settings: PushSettings;
  readonly #lines: PushLines;
  readonly #completions: Completions;
  #due: number | undefined = Number.NEGATIVE_INFINITY;
  #claiming = false;
  #again = false;
  #underWay = 0;
  /** Number of messages under way that wait for a client to poll. */
  #parked = 0;
  #over = 0;
  #closed = false;
  #later: Cancel | undefined;
  /** Messages for the open association of a client that is not connected. */
  readonly #awaiting = new AwaitedClients();
  #idle: (() => void)[] = [];

  constructor(port: WorkerPort, options: PushOptions) {
    this.#port = port;
    this.#settings = pushSettings(options);
    this.#completions = new Completions(port.queue);
    const { clock, agenda } = port.environment;
    this.#lines = new PushLines({ clock, settings: this.#settings });
    agenda.add(this);
    if (port.shared) this.#lookLater(this.#settings.lookEvery);
  }

  get next(): number | undefined {
    return this.#claiming || this.#full ? undefined : this.#due;
  }

  /** How many more messages may be under way. */
  get #room(): number {
    return this.#settings.atOnce - (this.#underWay - this.#parked);
  }

  /** Whether there is too little room for a claim: more room will be free soon. */
  get #full(): boolean {
    return this.#room < Math.max(1, this.#settings.atOnce / 4);
  }

  get #now(): number {
    return Math.floor(this.#port.environment.time.now);
  }

  /** Called when the queue has new messages. */
  look(): void {
    if (this.#closed) return;
    if (this.#claiming) this.#again = true;
    this.#due = Number.NEGATIVE_INFINITY;
    this.#port.environment.agenda.changed(this);
  }

  /** Called when a client is connected: the messages that wait for it are due. */
  associated(meterId: string, client: number): void {
    const ids = this.#awaiting.take(meterId, client);
    if (ids.length === 0 || this.#closed) return;
    const failed = (error: unknown): void => this.#failed("the queue of messages", error);
    this.#port.queue.hasten(ids, this.#now).then(() => this.look(), failed);
  }

  #lookLater(after: number): void {
    const { clock } = this.#port.environment;
    this.#later?.();
    this.#later = clock.at(clock.now() + after, () => {
      this.look();
      if (this.#port.shared) this.#lookLater(this.#settings.lookEvery);
    });
  }

  runFirst(): void {
    if (this.#closed || this.#claiming || this.#full) return;
    void this.#claim();
  }

  finish(): void {}

  moved(): void {
    this.look();
  }

  async #claim(): Promise<void> {
    const { queue, environment } = this.#port;
    const { lease: leaseMs } = this.#settings;
    this.#claiming = true;
    this.#again = false;
    try {
      const limit = this.#room;
      const claimed = await queue.claim({ now: this.#now, limit, leaseMs });
      for (const message of claimed) void this.#send(message);
      if (claimed.length === limit) this.#due = Number.NEGATIVE_INFINITY;
      else {
        const next = await queue.nextDue();
        // A row that is due but was not claimed: another worker is taking it at the moment, or it can never be taken.
        this.#due = next !== undefined && next <= this.#now ? this.#now + askAgain : next;
      }
    } catch (error) {
      this.#due = undefined;
      this.#failed("the queue of messages", error);
    } finally {
      this.#claiming = false;
      if (this.#again) this.#due = Number.NEGATIVE_INFINITY;
      if (!this.#closed) environment.agenda.changed(this);
      this.#noticeIdle();
    }
  }

  #failed(what: string, error: unknown): void {
    if (this.#closed) return;
    this.#port.storeFailed(what, error);
    this.#lookLater(askAgain);
  }

  async #send(message: ClaimedMessage): Promise<void> {
    this.#underWay++;
    try {
      await this.#record(message, await this.#attempt(message));
    } catch (error) {
      // It belongs to this worker until its lease ends; then it is sent again.
      this.#failed(`message ${message.id}`, error);
    } finally {
      this.#underWay--;
      if (!this.#closed) this.#port.environment.agenda.changed(this);
      this.#noticeIdle();
    }
  }

  async #attempt(message: ClaimedMessage): Promise<AttemptEnd> {
    const { meterId } = message;
    if (meterId === undefined) return this.#withoutMeter(message);
    const meter = this.#port.meter(meterId);
    if (meter === undefined) return { end: "postponed", until: this.#now + notHere };
    const { agenda, time } = this.#port.environment;
    return attemptPush(message, meter, {
      ...{ lines: this.#lines, now: time.now, settings: this.#settings, closed: () => this.#closed },
      awaited: (client) => this.#awaiting.add(meterId, client, message.id),
      parked: (many) => {
        this.#parked += many;
        if (!this.#closed) agenda.changed(this);
      },
    });
  }

  /** Sends a message without a meter unchanged. */
  async #withoutMeter({
    payload,
    destination,
    clientId = managementClient,
    logicalDevice = 1,
  }: ClaimedMessage): Promise<AttemptEnd> {
    try {
      const address = { client: clientId, server: logicalDevice };
      return { end: "sent", outcome: await this.#lines.send(destination, { pdus: [payload], address }) };
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      if (this.#closed) return { end: "postponed", until: this.#now };
      return { end: "failed", fault, again: undefined, decided: false };
    }
  }

  async #record(message: ClaimedMessage, end: AttemptEnd): Promise<void> {
    const { queue } = this.#port;
    const now = this.#now;
    const { destination, meterId = "", payload } = message;
    const meter = this.#port.meter(meterId)?.name ?? meterId;
    const longInvokeId = longInvokeIdOf(payload);
    const what = { meter, destination, ...(longInvokeId === undefined ? {} : { longInvokeId }) };
    switch (end.end) {
      case "postponed": {
        const { client, until } = end;
        await queue.postpone(message, Math.ceil(until));
        const came = client !== undefined && !this.#awaiting.has(meterId, client);
        if (came) await queue.hasten([message.id], now);
        this.#soon(came ? now : until);
        return;
      }
      case "sent":
        await this.#completions.complete(message, now);
        this.#port.tell({ type: "push-sent", ...what, confirmed: end.outcome === "confirmed" });
        break;
      case "failed": {
        const { fault, again, decided } = end;
        const how = again !== undefined ? { again: Math.ceil(again) } : decided ? { maxAttempts: 1 } : {};
        const status = await queue.fail(message, { now, error: `${fault.code}: ${fault.message}`, ...how });
        this.#port.tell({ type: "push-failed", ...what, fault, again: status === "PENDING" });
        if (status !== "FAILED") {
          this.#soon(again ?? Number.NEGATIVE_INFINITY);
          return;
        }
      }
    }
    this.#over++;
    if (this.#over % forgetEvery === 0) await queue.forget(now - this.#settings.keep);
  }

  /** A message is due at `at`. */
  #soon(at: number): void {
    // The result of the running query may be older than this.
    if (this.#claiming) this.#again = true;
    this.#due = Math.min(at, this.#due ?? Number.POSITIVE_INFINITY);
  }

  #noticeIdle(): void {
    if (this.#claiming || this.#underWay > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Resolves when nothing is in progress. */
  settled(): Promise<void> {
    if (!this.#claiming && this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Stops sending. Messages in progress fail, and the next worker tries them again. */
  close(): void {
    this.#closed = true;
    this.#later?.();
    this.#port.environment.agenda.remove(this);
    this.#lines.close();
  }
}
