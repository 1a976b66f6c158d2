import { logicalName } from "@dlmskit/core";
import { instant } from "../fields.ts";
import { type KeySealing, sealingNeeded, sealKey, unsealKey } from "../sealing.ts";
import type { DueKeys, KeyRotations, PendingKeys } from "../tables/key-rotations.ts";
import { checkNewKeys, keyNames, type NewKeys, type SecuritySettings } from "../tables/security-settings.ts";
import { compareText } from "./meters.ts";
import { type MemoryContext, unknownReference } from "./state.ts";

function mapKeys(keys: NewKeys, change: (key: Uint8Array) => Uint8Array): NewKeys {
  const changed: { -readonly [K in keyof NewKeys]?: Uint8Array } = {};
  for (const name of keyNames) if (keys[name] !== undefined) changed[name] = new Uint8Array(change(keys[name]));
  return changed;
}

export function memoryKeyRotations(
  context: MemoryContext,
  sealing: KeySealing | undefined,
  { changeKeys }: Pick<SecuritySettings, "changeKeys">,
): KeyRotations {
  function nameOf(meterId: string, instanceId: string): string {
    const instance = logicalName(instanceId);
    if (context.use().securitySettings.get(meterId)?.has(instance) !== true) {
      throw unknownReference(`Security setup ${instanceId} of meter "${meterId}"`);
    }
    return `${instance} ${meterId}`;
  }
  function unsealed({ keys, since }: PendingKeys): PendingKeys {
    return { keys: mapKeys(keys, (key) => unsealKey(sealing, key)), since };
  }
  return {
    async due(at) {
      const { securitySettings, pendingKeys } = context.use();
      instant.check(at);
      const due: DueKeys[] = [];
      for (const [meterId, of] of securitySettings) {
        for (const [instanceId, row] of of) {
          const { globalKeyChangeInterval: seconds, lastKeyChange = row.createdAt ?? 0 } = row;
          const passed = seconds !== undefined && lastKeyChange + seconds * 1000 <= at;
          if (passed || pendingKeys.has(`${instanceId} ${meterId}`)) due.push({ meterId, instanceId });
        }
      }
      return due.sort(
        (one, other) => compareText(one.meterId, other.meterId) || compareText(one.instanceId, other.instanceId),
      );
    },
    async pending(meterId, instanceId) {
      const pending = context.use().pendingKeys.get(nameOf(meterId, instanceId));
      return pending && unsealed(pending);
    },
    async propose(meterId, instanceId, keys, at) {
      const state = context.use();
      if (sealing === undefined && state.sealingCheck !== undefined) throw sealingNeeded();
      const checked = checkNewKeys(keys);
      const name = nameOf(meterId, instanceId);
      const since = instant.check(at);
      const pending = state.pendingKeys.get(name) ?? { keys: mapKeys(checked, (key) => sealKey(sealing, key)), since };
      state.pendingKeys.set(name, pending);
      return unsealed(pending);
    },
    async confirm(meterId, instanceId, at) {
      const state = context.use();
      if (sealing === undefined && state.sealingCheck !== undefined) throw sealingNeeded();
      const name = nameOf(meterId, instanceId);
      const pending = state.pendingKeys.get(name);
      if (pending === undefined) {
        return state.securitySettings.get(meterId)?.get(logicalName(instanceId))?.keyVersion ?? 1;
      }
      // The two changes are one step: changeKeys does not wait for anything.
      const changed = changeKeys(meterId, instanceId, unsealed(pending).keys, instant.check(at));
      state.pendingKeys.delete(name);
      return changed;
    },
  };
}

/** Seals the keys that became pending before there was a key-encryption key. */
export function sealPending(pendingKeys: Map<string, PendingKeys>, sealing: KeySealing): void {
  for (const [name, { keys, since }] of pendingKeys) {
    pendingKeys.set(name, { keys: mapKeys(keys, (key) => sealKey(sealing, key)), since });
  }
}
