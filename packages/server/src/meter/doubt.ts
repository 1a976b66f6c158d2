import { Fault } from "@dlmskit/core";
import type { MaybePromise } from "@dlmskit/cosem-objects";
import type { WorkResult } from "../runtime/unit-of-work.ts";
import type { Environment } from "./environment.ts";
import type { KnownMeter } from "./meter-identity.ts";

// After these Faults of a store nothing was kept. After any other it may have kept the change all the same.
const decided: ReadonlySet<string> = new Set([
  ...["bad-value", "counter-replayed", "duplicate", "key-encryption-key-needed"],
  ...["lease-lost", "store-closed", "unknown-reference"],
]);
// After a failure of the store, how long until it is asked again what it has kept, ms.
const askAgain = 1000;

export interface DoubtPort {
  readonly known: KnownMeter;
  readonly environment: Environment;
  /** Loads what the store has; `unsure` is in it or not. Fault `lease-lost`: another process has the meter. */
  reload(unsure: WorkResult): Promise<void>;
  /** Resolves when the doubt is over, after the works that came before. Fault `not-kept`. */
  certain(): MaybePromise<void>;
  noticeLost(): void;
  /** Nobody asks for the meter any more. */
  readonly over: boolean;
}

/** The change of a meter of which its store has not said whether it was kept. Nothing else is changed meanwhile. */
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
   * Loads what the store has, before anything else is changed; undefined: there is no doubt. Fault `not-kept`: it cannot be
   * loaded.
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

  /** What the store has is known. */
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
