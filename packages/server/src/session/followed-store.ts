import { Fault } from "@dlmskit/core";
import type { RowsChanged } from "@dlmskit/storage";
import type { ServerEvent } from "../events.ts";
import { takeChangedSecrets } from "../meter/changed-secrets.ts";
import type { Environment } from "../meter/environment.ts";
import { Meter } from "../meter/meter.ts";
import type { KnownMeter } from "../meter/meter-identity.ts";
import type { MeterStore } from "../store-port.ts";

export interface FollowedStorePort {
  readonly environment: Environment;
  tell(event: ServerEvent): void;
  /** Ends the session whose row in `active_connections` has that id. */
  end(connectionId: number): void;
}

/**
 * Follows notices of other processes in the store while meters are in use: changed rows of keys, policies and secrets, and sessions
 * that must end.
 */
export class FollowedStore {
  readonly #port: FollowedStorePort;
  readonly #store: MeterStore;
  readonly #stops: readonly (() => void)[];
  /** Handles one meter after another. */
  #turn: Promise<void> = Promise.resolve();

  constructor(store: MeterStore, port: FollowedStorePort) {
    this.#port = port;
    this.#store = store;
    const stop = store.onChange?.((change) => this.#changed(change));
    const stopEnds = store.connections.onEnd?.((id) => port.end(id));
    this.#stops = [stop, stopEnds].flatMap((one) => one ?? []);
  }

  #changed({ table, meterId }: RowsChanged): void {
    if (table !== "security_settings") return;
    const { taken } = this.#port.environment;
    const meters = meterId === undefined ? [...taken.values()] : [taken.get(meterId)];
    for (const meter of meters) {
      if (meter === undefined) continue;
      this.#turn = this.#turn.then(() => this.#follow(meter));
    }
  }

  async #follow(meter: KnownMeter): Promise<void> {
    const { environment, tell } = this.#port;
    // The meter may have been released in the meantime. Its rows are read at the next load.
    if (!(meter instanceof Meter) || environment.taken.get(meter.id) !== meter || !meter.live.usable) return;
    try {
      const changed = await takeChangedSecrets(meter.live, this.#store);
      if (changed) tell({ type: "rows-changed", table: "security_settings", meter: meter.name });
    } catch (error) {
      if (error instanceof Fault && error.code === "bad-row") {
        tell({ type: "rows-refused", table: "security_settings", meter: meter.name, fault: error });
      } else environment.storeFailed(meter, "changed keys", error);
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }
}
