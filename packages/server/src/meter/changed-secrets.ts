import type { MeterStore } from "../store-port.ts";
import type { LiveMeter } from "./live-meter.ts";

/**
 * Takes keys, policies and secrets that somebody has changed in the rows of a meter that is in use; whether there were any. What is
 * open goes on under the new ones from the next APDU. Faults `bad-row` (all stays as it was) and those of the store.
 */
export async function takeChangedSecrets(live: LiveMeter, store: MeterStore): Promise<boolean> {
  const { states } = live;
  for (;;) {
    const { securityChanges } = live;
    const secrets = await store.keeping.secrets(live.id, states.scope);
    // A key without reserved counters would be of no use.
    for (const { encryptionKey } of secrets.settings) {
      if (encryptionKey !== undefined) await live.counters.of(encryptionKey).open(store);
    }
    // What the meter itself changes meanwhile is in the rows only then.
    if (securityChanges !== live.securityChanges) continue;
    const before = states.version;
    live.counters.know(secrets.peers);
    states.load(secrets);
    return states.version !== before;
  }
}
