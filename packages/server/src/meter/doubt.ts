import { Fault } from "@dlmskit/core";
import type { MaybePromise } from "@dlmskit/cosem-objects";
import type { WorkResult } from "../runtime/unit-of-work.ts";
import type { Environment } from "./environment.ts";
import type { KnownMeter } from "./meter-identity.ts";

// After these Faults of a store nothing was kept. After any other Fault the store may still have kept the change.
const decided: ReadonlySet<string> = new Set([
  ...["bad-value", "counter-replayed", "duplicate", "key-encryption-key-needed"],
  ...["lease-lost", "store-closed", "unknown-reference"],
]);
// Delay after a failure of the store until the next attempt to read what it has kept, ms.
const askAgain = 1000;

export interface DoubtPort {
  readonly known: KnownMeter;
  readonly environment: Environment;
  /** Loads the data of the store, whether or not it contains `unsure`. Fault `lease-lost`: another process has the meter. */
  reload(unsure: WorkResult): Promise<void>;
  /** Resolves after all earlier works, when the stored data is known. Fault `not-kept`. */
  certain(): MaybePromise<void>;
  noticeLost(): void;
  /** Whether the meter is no longer used here. */
  readonly over: boolean;
}

/** A change of a meter for which it is not known whether the store kept it. Until this is known, nothing else is changed. */
export class Doubt {
  readonly #port: DoubtPort;
  #unsure: WorkResult | undefined;

  constructor(port: DoubtPort) {
    this.#port = port;
  }

  get exists(): boolean {
    return this.#unsure !== undefined;
  }

  /** A commit failed. */
  failed(result: WorkResult, cause: unknown): void {
    if (cause instanceof Fault && cause.code === "lease-lost") this.#port.noticeLost();
    if (cause instanceof Fault && decided.has(cause.code)) return;
    this.#unsure = result;
    this.#recoverLater();
  }

  /**
   * Loads the data of the store before anything else is changed; undefined: this is not necessary. Fault `not-kept`: the data cannot
   * be loaded.
   */
  resolve(): MaybePromise<void> {
    return this.#unsure === undefined ? undefined : this.#reload(this.#unsure);
  }

  async #reload(unsure: WorkResult): Promise<void> {
    try {
      await this.#port.reload(unsure);
    } catch (cause) {
      if (cause instanceof Fault && cause.code === "lease-lost") this.#port.noticeLost();
      throw new Fault("not-kept", "the store has failed, and the stored state cannot be loaded", {
        layer: "server",
        cause,
      });
    }
  }

  /** Called when the data of the store is known. */
  end(): void {
    this.#unsure = undefined;
  }

  #recoverLater(): void {
    const { clock, storeFailed } = this.#port.environment;
    const recover = (): void => {
      if (this.#port.over || !this.exists) return;
      const failed = (error: unknown): void => {
        const { cause } = error as { cause?: unknown };
        storeFailed(this.#port.known, "loading again", cause ?? error);
        if (!(cause instanceof Fault && cause.code === "store-closed")) this.#recoverLater();
      };
      Promise.resolve(this.#port.certain()).then(undefined, failed);
    };
    clock.at(clock.now() + askAgain, recover);
  }
}
