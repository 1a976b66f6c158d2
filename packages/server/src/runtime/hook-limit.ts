import { Fault } from "@dlmskit/core";
import { isLater, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Cancel, Clock } from "@dlmskit/transport";

// What hooks that are in progress have left when the server is closed, ms.
const closingMs = 1000;

interface Pending {
  readonly expire: () => void;
  cancel: Cancel;
}

/** Ends the wait for hooks, tasks and interceptors that do not come to their end: nobody can end what they do. */
export class HookLimit {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #pending = new Set<Pending>();
  #closing = false;

  /** `most`: how long they may take, ms; 0: as long as they like, until the server is closed. */
  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  /** The same value; rejects with Fault `hook-timeout` when it does not come in time. `late` is told so before. */
  limit<T>(value: MaybePromise<T>, late?: () => void): MaybePromise<T> {
    if (!isLater(value)) return value;
    return new Promise<T>((resolve, reject) => {
      const pending: Pending = {
        expire: () => {
          this.#pending.delete(pending);
          late?.();
          reject(
            new Fault("hook-timeout", `a hook or task did not end within ${this.#limit} ms`, {
              layer: "server",
              hint: "let its promise resolve or reject, or raise `limits.hook`; inside a hook use `context.device` instead of the meter",
            }),
          );
        },
        cancel: () => undefined,
      };
      this.#pending.add(pending);
      this.#arm(pending);
      const settled = (): void => {
        pending.cancel();
        this.#pending.delete(pending);
      };
      value.then(
        (come) => {
          settled();
          resolve(come);
        },
        (error) => {
          settled();
          reject(error);
        },
      );
    });
  }

  get #limit(): number {
    return this.#closing ? closingMs : this.#most;
  }

  #arm(pending: Pending): void {
    const limit = this.#limit;
    if (limit > 0) pending.cancel = this.#clock.at(this.#clock.now() + limit, pending.expire);
  }

  /** The server is closed: what is in progress, and what begins now, has a second left. */
  close(): void {
    this.#closing = true;
    for (const pending of this.#pending) {
      pending.cancel();
      this.#arm(pending);
    }
  }
}
