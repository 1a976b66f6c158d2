import { logicalName } from "@dlmskit/core";
import { instant } from "../fields.ts";
import { type KeySealing, sealingNeeded, sealKey, sealSecret, unsealKey, unsealSecret } from "../sealing.ts";
import {
  ClientSecret,
  checkNewKeys,
  type FormerKey,
  keyNames,
  type NewKeys,
  SecuritySetting,
  type SecuritySettings,
} from "../security-settings.ts";
import { checkRow, type Stored } from "../shape.ts";
import { sealPending } from "./key-rotations.ts";
import { compareText } from "./meters.ts";
import { copied, knownMeter, type MemoryContext, type MemoryState, unknownReference } from "./state.ts";

function mapKeys<R extends NewKeys>(row: R, change: (key: Uint8Array) => Uint8Array): R {
  const changed: { -readonly [K in keyof NewKeys]?: Uint8Array } = {};
  for (const name of keyNames) if (row[name] !== undefined) changed[name] = change(row[name]);
  return { ...row, ...changed };
}

/** Seals what was kept before there was a key-encryption key. */
export function sealAll(state: MemoryState, sealing: KeySealing): void {
  for (const of of state.securitySettings.values()) {
    for (const [instanceId, row] of of) {
      of.set(
        instanceId,
        mapKeys(row, (key) => sealKey(sealing, key)),
      );
    }
  }
  for (const of of state.formerKeys.values()) {
    for (const [instanceId, keys] of of) {
      of.set(
        instanceId,
        keys.map((former) => ({ ...former, key: sealKey(sealing, former.key) })),
      );
    }
  }
  for (const of of state.keyPairs.values()) {
    for (const [name, pair] of of) of.set(name, { ...pair, privateKey: sealKey(sealing, pair.privateKey) });
  }
  sealPending(state.pendingKeys, sealing);
  for (const secrets of state.secrets.values()) {
    for (const secret of secrets.values()) secret.secret = sealSecret(sealing, secret.secret);
  }
}

export function memorySecuritySettings(context: MemoryContext, sealing: KeySealing | undefined): SecuritySettings {
  function find(meterId: string, instanceId: string): Stored<SecuritySetting> {
    const row = context.use().securitySettings.get(meterId)?.get(logicalName(instanceId));
    if (row === undefined) throw unknownReference(`Security setup ${instanceId} of meter "${meterId}"`);
    return row;
  }
  // As another process that sealed the store: from then on no key is written in clear.
  function expectSealing(): void {
    if (sealing === undefined && context.use().sealingCheck !== undefined) throw sealingNeeded();
  }
  function set(row: Stored<SecuritySetting>): void {
    context.state.securitySettings.get(row.meterId)?.set(row.instanceId, row);
  }
  function secretsOf(meterId: string): Map<string, { clientId: number; instanceId: string; secret: Uint8Array }> {
    const { secrets } = context.use();
    let of = secrets.get(meterId);
    if (of === undefined) {
      of = new Map();
      secrets.set(meterId, of);
    }
    return of;
  }
  function keep(secret: ClientSecret, replace: boolean): number {
    const { meterId, clientId, instanceId, secret: octets } = checkRow(ClientSecret, secret);
    const of = secretsOf(meterId);
    const name = `${clientId} ${instanceId}`;
    if (of.has(name) && !replace) return 0;
    of.set(name, { clientId, instanceId, secret: new Uint8Array(sealSecret(sealing, octets)) });
    return 1;
  }

  return {
    async of(meterId) {
      return [...(context.use().securitySettings.get(meterId)?.values() ?? [])]
        .sort((one, other) => compareText(one.instanceId, other.instanceId))
        .map((row) => copied(mapKeys(row, (key) => unsealKey(sealing, key))));
    },
    async putIfAbsent(settings) {
      expectSealing();
      const state = context.use();
      const checked = settings.map((setting) => copied(checkRow(SecuritySetting, setting)));
      for (const { meterId } of checked) knownMeter(state, meterId);
      let added = 0;
      for (const row of checked) {
        const of = state.securitySettings.get(row.meterId) ?? new Map<string, Stored<SecuritySetting>>();
        state.securitySettings.set(row.meterId, of);
        if (of.has(row.instanceId)) continue;
        const kept = mapKeys(row, (key) => sealKey(sealing, key));
        of.set(row.instanceId, { ...kept, id: ++state.lastSecuritySetting, createdAt: context.instant() });
        added++;
      }
      return added;
    },
    async setPolicy(meterId, instanceId, policy) {
      const { policyBits: _, ...row } = find(meterId, instanceId);
      const { securityPolicy, securitySuite, policyBits } = policy;
      const bits = policyBits === undefined ? {} : { policyBits };
      checkRow(
        SecuritySetting,
        mapKeys({ ...row, securityPolicy, securitySuite, ...bits }, (key) => unsealKey(sealing, key)),
      );
      set({ ...row, securityPolicy, securitySuite, ...bits });
    },
    async changeKeys(meterId, instanceId, keys, at) {
      expectSealing();
      const row = find(meterId, instanceId);
      const fresh = mapKeys(checkNewKeys(keys), (key) => new Uint8Array(sealKey(sealing, key)));
      const lastKeyChange = instant.check(at);
      const { formerKeys } = context.state;
      const former: FormerKey[] = [];
      for (const name of keyNames) {
        const key = row[name];
        if (fresh[name] !== undefined && key !== undefined) {
          former.push({ name, keyVersion: row.keyVersion, key, until: lastKeyChange });
        }
      }
      const of = formerKeys.get(meterId) ?? new Map<string, FormerKey[]>();
      formerKeys.set(meterId, of);
      of.set(row.instanceId, [...(of.get(row.instanceId) ?? []), ...former]);
      const keyVersion = row.keyVersion + 1;
      set({ ...row, ...fresh, keyVersion, lastKeyChange });
      return keyVersion;
    },
    async formerKeys(meterId, instanceId) {
      const former = context.use().formerKeys.get(meterId)?.get(logicalName(instanceId)) ?? [];
      return former
        .map((each) => copied({ ...each, key: unsealKey(sealing, each.key) }))
        .sort((one, other) => other.keyVersion - one.keyVersion || compareText(one.name, other.name));
    },
    async secretsOf(meterId) {
      return [...(context.use().secrets.get(meterId)?.values() ?? [])]
        .map(({ clientId, instanceId, secret }) =>
          copied({ meterId, clientId, instanceId, secret: unsealSecret(sealing, secret) }),
        )
        .sort((one, other) => one.clientId - other.clientId || compareText(one.instanceId, other.instanceId));
    },
    async putSecretsIfAbsent(secrets) {
      expectSealing();
      const state = context.use();
      for (const secret of secrets) knownMeter(state, checkRow(ClientSecret, secret).meterId);
      return secrets.reduce((added, secret) => added + keep(secret, false), 0);
    },
    async setSecret(secret) {
      expectSealing();
      knownMeter(context.use(), checkRow(ClientSecret, secret).meterId);
      keep(secret, true);
    },
  };
}
