import { Fault } from "@dlmskit/core";
import type { Clock } from "@dlmskit/transport";
import type { MeterStore } from "../store-port.ts";

/** A store that cannot be used, as against one that refused what it was asked. */
function isOutage(error: unknown): boolean {
  return !(error instanceof Fault) || error.code === "store-unavailable" || error.code === "query-failed";
}

// How often a store that failed is asked whether it works again, ms.
const askAgain = 1000;
const nobody = { meterId: "outage", keyId: "outage" };

export interface StoreWatchOptions {
  readonly store: MeterStore;
  readonly clock: Clock;
  /** The store works again; `after`: ms since it failed first. */
  recovered(after: number): void;
}

/** A store seen from outside: when it fails, and when it works again. Its calls are those of the store. */
export class StoreWatch {
  readonly store: MeterStore;
  readonly #options: StoreWatchOptions;
  /** Since when the store is out of use, ms of the machine's clock. */
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

  /** It is not asked any more. */
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

  /** Nobody may need the store for a while: its end of the outage is told all the same. */
  #askLater(): void {
    const { clock } = this.#options;
    clock.at(clock.now() + askAgain, () => {
      if (this.#closed || this.#since === undefined) return;
      this.store.counters.reserved(nobody).catch(() => this.#closed || this.#askLater());
    });
  }
}
