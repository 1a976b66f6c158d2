import type { Fault } from "@dlmskit/core";
import { isLater, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Lease } from "@dlmskit/storage";
import type { AssociationStates } from "../security/association-states.ts";
import type { MeterStore } from "../store-port.ts";

/** The interface of the meter whose client counters are kept. */
export interface PeerKeepingPort {
  readonly store: MeterStore | undefined;
  readonly lease: Lease | undefined;
  readonly states: AssociationStates;
  change(by: { self: "program" }, run: () => void): MaybePromise<void>;
}

/** Keeps the counters of the clients of a meter and the keys that they have used, in a separate commit. */
export class PeerKeeping {
  readonly #port: PeerKeepingPort;
  #keeping = false;

  constructor(port: PeerKeepingPort) {
    this.#port = port;
  }

  /** `soon`: only if there are many. Undefined: there is nothing to keep. */
  keep(soon: boolean): MaybePromise<void> | undefined {
    const { store, lease, states } = this.#port;
    if (store === undefined || lease === undefined || lease.lost) return undefined;
    if (states.unsaved(soon).length === 0) return undefined;
    // Limits the number of works that wait for a slow hook or a slow store.
    if (this.#keeping && soon) return undefined;
    this.#keeping = true;
    const done = (): void => {
      this.#keeping = false;
    };
    const failed = (error: unknown): never => {
      done();
      throw error;
    };
    const kept = this.#port.change({ self: "program" }, () => undefined);
    if (isLater(kept)) return kept.then(done, failed);
    return done();
  }
}

/** Keeps data in the background; `failed` is called with the error if it was not kept. */
export function keptLater(kept: MaybePromise<void> | undefined, failed: (error: unknown) => void): void {
  if (kept === undefined || !isLater(kept)) return;
  kept.then(
    () => undefined,
    (error: unknown) => failed((error as Fault).cause ?? error),
  );
}
