import { type Message, type MessageQueue, openMemoryQueue } from "@dlmskit/storage";
import type { ServerEvent } from "../events.ts";
import type { Environment } from "../meter/environment.ts";
import { Meter } from "../meter/meter.ts";
import type { KnownMeter } from "../meter/meter-identity.ts";
import type { MeterStore } from "../store-port.ts";
import type { PushOptions } from "./push-options.ts";
import { PushWorker } from "./push-worker.ts";

export interface PushingPort {
  readonly environment: Environment;
  readonly store: MeterStore | undefined;
  /** The meters that the server runs. */
  readonly residents: ReadonlySet<Meter>;
  adopt(meter: Meter): Meter;
  tell(event: ServerEvent): void;
}

/** The queue for the notifications of the meters of a server, in its store or in memory, and the worker that sends them. */
export class Pushing {
  readonly #port: PushingPort;
  readonly #options: PushOptions;
  readonly #queue: MessageQueue;
  readonly #worker: PushWorker;
  /** Meters that have sent notifications in this process since its start, by id: other sources may not know them. */
  readonly #notified = new Map<string, Meter>();

  constructor(port: PushingPort, options: PushOptions) {
    this.#port = port;
    this.#options = options;
    this.#queue = port.store?.messageQueue ?? openMemoryQueue();
    const { environment, tell } = port;
    const storeFailed = (what: string, error: unknown): void => tell({ type: "store-failed", meter: "", what, error });
    this.#worker = new PushWorker(
      {
        ...{ environment, queue: this.#queue, shared: port.store !== undefined, tell, storeFailed },
        meter: (id) => this.#meter(id),
      },
      options,
    );
  }

  #meter(id: string): Meter | undefined {
    const found = this.#options.meter?.(id) ?? this.#notified.get(id) ?? this.#resident(id);
    return found === undefined ? undefined : this.#port.adopt(found);
  }

  #resident(id: string): Meter | undefined {
    for (const meter of this.#port.residents) if (meter.id === id) return meter;
    return undefined;
  }

  /** Called when a meter sends notifications: puts the messages in the queue, if a store has not done so. */
  notified(meter: KnownMeter, messages: readonly Message[]): void {
    if (this.#options.meter === undefined && meter instanceof Meter) this.#notified.set(meter.id, meter);
    if (this.#port.store !== undefined) {
      this.#worker.look();
      return;
    }
    const failed = (error: unknown): void => this.#port.environment.failed(meter, "the queue of messages", error);
    this.#queue.enqueue(messages).then(() => this.#worker.look(), failed);
  }

  /** Called when a client has opened an association: the messages that wait for it are due. */
  associated(meter: KnownMeter, client: number): void {
    this.#worker.associated(meter.id, client);
  }

  settled(): Promise<void> {
    return this.#worker.settled();
  }

  close(): void {
    this.#worker.close();
  }
}
