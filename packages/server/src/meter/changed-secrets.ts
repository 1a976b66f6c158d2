import type { MeterStore } from "../store-port.ts";
import type { LiveMeter } from "./live-meter.ts";

/**
 * Takes keys, policies and secrets that were changed in the rows of a meter in use. Returns whether there were any changes. Open
 * associations use the new ones from the next APDU. Faults `bad-row` (nothing is changed) and those of the store.
 */
export async function takeChangedSecrets(live: LiveMeter, store: MeterStore): Promise<boolean> {
  const { states } = live;
  for (;;) {
    const { securityChanges } = live;
    const secrets = await store.keeping.secrets(live.id, states.scope);
    // A key without reserved counters cannot be used.
    for (const { encryptionKey } of secrets.settings) {
      if (encryptionKey !== undefined) await live.counters.of(encryptionKey).open(store);
    }
    // If the meter itself has changed them in the meantime, its changes were not yet in the rows that were read.
    if (securityChanges !== live.securityChanges) continue;
    const before = states.version;
    live.counters.know(secrets.peers);
    states.load(secrets);
    return states.version !== before;
  }
}
