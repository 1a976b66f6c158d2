import { Fault } from "@dlmskit/core";
import type { Clock } from "@dlmskit/transport";
import type { MeterStore } from "../store-port.ts";

/** Whether the store cannot be used, in contrast to a store that refused a request. */
function isOutage(error: unknown): boolean {
  return !(error instanceof Fault) || error.code === "store-unavailable" || error.code === "query-failed";
}

// Interval between checks whether a failed store works again, ms.
const askAgain = 1000;
const nobody = { meterId: "outage", keyId: "outage" };

export interface StoreWatchOptions {
  readonly store: MeterStore;
  readonly clock: Clock;
  /** Called when the store works again; `after`: ms since its first failure. */
  recovered(after: number): void;
}

/** Wraps a store and detects when it fails and when it works again. It passes all calls to the store. */
export class StoreWatch {
  readonly store: MeterStore;
  readonly #options: StoreWatchOptions;
  /** Time of the first failure of the store, ms of the machine's clock. */
  #since: number | undefined;
  #closed = false;

  constructor(options: StoreWatchOptions) {
    this.#options = options;
    const { keeping, counters, connections, messageQueue } = options.store;
    this.store = {
      keeping: this.#watched(keeping),
      counters: this.#watched(counters),
      connections: this.#watched(connections),
      ...(messageQueue === undefined ? {} : { messageQueue: this.#watched(messageQueue) }),
    };
  }

  /** Ends the checks of the store. */
  close(): void {
    this.#closed = true;
  }

  #watched<T extends object>(contract: T): T {
    return new Proxy(contract, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...given: unknown[]): unknown => {
          const result: unknown = Reflect.apply(member, target, given);
          if (!(result instanceof Promise)) return result;
          result.then(
            () => this.#worked(),
            (error: unknown) => this.#failed(error),
          );
          return result;
        };
      },
    });
  }

  #worked(): void {
    if (this.#since === undefined) return;
    const after = this.#options.clock.now() - this.#since;
    this.#since = undefined;
    this.#options.recovered(after);
  }

  #failed(error: unknown): void {
    if (this.#since !== undefined || !isOutage(error)) return;
    this.#since = this.#options.clock.now();
    this.#askLater();
  }

  /** Checks the store later, so that the end of an outage is reported even if nothing uses the store. */
  #askLater(): void {
    const { clock } = this.#options;
    clock.at(clock.now() + askAgain, () => {
      if (this.#closed || this.#since === undefined) return;
      this.store.counters.reserved(nobody).catch(() => this.#closed || this.#askLater());
    });
  }
}
