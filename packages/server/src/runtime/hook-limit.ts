import { Fault } from "@dlmskit/core";
import { isLater, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Cancel, Clock } from "@dlmskit/transport";

// Remaining time of hooks in progress when the server is closed, ms.
const closingMs = 1000;

interface Pending {
  readonly expire: () => void;
  cancel: Cancel;
}

/** Ends the wait for hooks, tasks and interceptors that do not end. Their code itself cannot be stopped. */
export class HookLimit {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #pending = new Set<Pending>();
  #closing = false;

  /** `most`: maximum time, ms; 0: no limit until the server is closed. */
  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  /** Returns the same value; rejects with Fault `hook-timeout` if it is not available in time. `late` is called before that. */
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

  /** Called when the server is closed: hooks in progress, and hooks that start now, get one more second. */
  close(): void {
    this.#closing = true;
    for (const pending of this.#pending) {
      pending.cancel();
      this.#arm(pending);
    }
  }
}
