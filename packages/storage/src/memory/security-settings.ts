import { logicalName } from "@dlmskit/core";
import { instant } from "../fields.ts";
import { type KeySealing, sealingNeeded, sealKey, sealSecret, unsealKey, unsealSecret } from "../sealing.ts";
import { checkRow, type Stored } from "../shape.ts";
import {
  ClientSecret,
  checkNewKeys,
  checkPolicy,
  type FormerKey,
  keyNames,
  type NewKeys,
  type Policy,
  SecuritySetting,
  type SecuritySettings,
} from "../tables/security-settings.ts";
import { sealPending } from "./key-rotations.ts";
import { compareText } from "./meters.ts";
import { copied, knownMeter, type MemoryContext, type MemoryState, unknownReference } from "./state.ts";

export function mapKeys<R extends NewKeys>(row: R, change: (key: Uint8Array) => Uint8Array): R {
  const changed: { -readonly [K in keyof NewKeys]?: Uint8Array } = {};
  for (const name of keyNames) if (row[name] !== undefined) changed[name] = change(row[name]);
  return { ...row, ...changed };
}

/** Seals the keys that were stored before there was a key-encryption key. */
export function sealAll(state: MemoryState, sealing: KeySealing): void {
  // They contain keys that are not sealed.
  state.snapshots.clear();
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
  for (const [template, fleet] of state.fleets) {
    state.fleets.set(template, { ...fleet, secret: sealKey(sealing, fleet.secret) });
  }
  for (const secrets of state.secrets.values()) {
    for (const secret of secrets.values()) secret.secret = sealSecret(sealing, secret.secret);
  }
}

function find(state: MemoryState, meterId: string, instanceId: string): Stored<SecuritySetting> {
  const row = state.securitySettings.get(meterId)?.get(logicalName(instanceId));
  if (row === undefined) throw unknownReference(`Security setup ${instanceId} of meter "${meterId}"`);
  return row;
}

function set(state: MemoryState, row: Stored<SecuritySetting>): void {
  state.securitySettings.get(row.meterId)?.set(row.instanceId, row);
}

/** Adds a checked row, unless its Security setup already has one. Returns whether it was added. */
export function addSetting(context: MemoryContext, sealing: KeySealing | undefined, row: SecuritySetting): boolean {
  const { state } = context;
  const of = state.securitySettings.get(row.meterId) ?? new Map<string, Stored<SecuritySetting>>();
  state.securitySettings.set(row.meterId, of);
  if (of.has(row.instanceId)) return false;
  const kept = mapKeys(copied(row), (key) => new Uint8Array(sealKey(sealing, key)));
  of.set(row.instanceId, { ...kept, id: ++state.lastSecuritySetting, createdAt: context.instant() });
  return true;
}

/** Sets a checked policy. Fault `unknown-reference`. */
export function setPolicyIn(state: MemoryState, meterId: string, instanceId: string, policy: Policy): void {
  const { policyBits: _, ...row } = find(state, meterId, instanceId);
  const { securityPolicy, securitySuite, policyBits } = policy;
  set(state, { ...row, securityPolicy, securitySuite, ...(policyBits === undefined ? {} : { policyBits }) });
}

/** Replaces checked keys, keeps the former keys, and returns the keyVersion. Fault `unknown-reference`. */
export function changeKeysIn(
  state: MemoryState,
  sealing: KeySealing | undefined,
  change: { readonly meterId: string; readonly instanceId: string; readonly keys: NewKeys; readonly at: number },
): number {
  const { meterId, at } = change;
  const row = find(state, meterId, change.instanceId);
  const fresh = mapKeys(change.keys, (key) => new Uint8Array(sealKey(sealing, key)));
  const former: FormerKey[] = [];
  for (const name of keyNames) {
    const key = row[name];
    if (fresh[name] !== undefined && key !== undefined) {
      former.push({ name, keyVersion: row.keyVersion, key, until: at });
    }
  }
  const of = state.formerKeys.get(meterId) ?? new Map<string, FormerKey[]>();
  state.formerKeys.set(meterId, of);
  of.set(row.instanceId, [...(of.get(row.instanceId) ?? []), ...former]);
  const keyVersion = row.keyVersion + 1;
  set(state, { ...row, ...fresh, keyVersion, lastKeyChange: at });
  return keyVersion;
}

/** Stores a checked secret. Returns false if there is one already and `replace` is false. */
export function setSecretIn(
  state: MemoryState,
  sealing: KeySealing | undefined,
  { meterId, clientId, instanceId, secret }: ClientSecret,
  replace = true,
): boolean {
  const of =
    state.secrets.get(meterId) ?? new Map<string, { clientId: number; instanceId: string; secret: Uint8Array }>();
  state.secrets.set(meterId, of);
  const name = `${clientId} ${instanceId}`;
  if (of.has(name) && !replace) return false;
  of.set(name, { clientId, instanceId, secret: new Uint8Array(sealSecret(sealing, secret)) });
  return true;
}

export function memorySecuritySettings(context: MemoryContext, sealing: KeySealing | undefined): SecuritySettings {
  // If another process has sealed the store, no key may be written unsealed any more.
  function expectSealing(): void {
    if (sealing === undefined && context.use().sealingCheck !== undefined) throw sealingNeeded();
  }

  async function of(meterId: string): Promise<Stored<SecuritySetting>[]> {
    return [...(context.use().securitySettings.get(meterId)?.values() ?? [])]
      .sort((one, other) => compareText(one.instanceId, other.instanceId))
      .map((row) => copied(mapKeys(row, (key) => unsealKey(sealing, key))));
  }

  async function secretsOf(meterId: string): Promise<ClientSecret[]> {
    return [...(context.use().secrets.get(meterId)?.values() ?? [])]
      .map(({ clientId, instanceId, secret }) =>
        copied({ meterId, clientId, instanceId, secret: unsealSecret(sealing, secret) }),
      )
      .sort((one, other) => one.clientId - other.clientId || compareText(one.instanceId, other.instanceId));
  }

  const changed = (meterIds: Iterable<string>): void => {
    for (const meterId of new Set(meterIds)) context.state.changes.tell({ table: "security_settings", meterId });
  };

  const ofEach = async <R>(meterIds: readonly string[], rows: (meterId: string) => Promise<R[]>): Promise<R[]> =>
    (await Promise.all([...new Set(meterIds)].map(rows))).flat();

  return {
    of,
    ofMany: (meterIds) => ofEach(meterIds, of),
    secretsOf,
    secretsOfMany: (meterIds) => ofEach(meterIds, secretsOf),
    async putIfAbsent(settings) {
      expectSealing();
      const state = context.use();
      const checked = settings.map((setting) => copied(checkRow(SecuritySetting, setting)));
      for (const { meterId } of checked) knownMeter(state, meterId);
      const added = checked.filter((row) => addSetting(context, sealing, row));
      changed(added.map(({ meterId }) => meterId));
      return added.length;
    },
    async setPolicy(meterId, instanceId, policy) {
      setPolicyIn(context.use(), meterId, instanceId, checkPolicy(policy));
      changed([meterId]);
    },
    async changeKeys(meterId, instanceId, keys, at) {
      expectSealing();
      const version = changeKeysIn(context.use(), sealing, {
        meterId,
        instanceId,
        keys: checkNewKeys(keys),
        at: instant.check(at),
      });
      changed([meterId]);
      return version;
    },
    async formerKeys(meterId, instanceId) {
      const former = context.use().formerKeys.get(meterId)?.get(logicalName(instanceId)) ?? [];
      return former
        .map((each) => copied({ ...each, key: unsealKey(sealing, each.key) }))
        .sort((one, other) => other.keyVersion - one.keyVersion || compareText(one.name, other.name));
    },
    async putSecretsIfAbsent(secrets) {
      expectSealing();
      const state = context.use();
      const checked = secrets.map((secret) => checkRow(ClientSecret, secret));
      for (const { meterId } of checked) knownMeter(state, meterId);
      const added = checked.filter((secret) => setSecretIn(state, sealing, secret, false));
      changed(added.map(({ meterId }) => meterId));
      return added.length;
    },
    async setSecret(secret) {
      expectSealing();
      const checked = checkRow(ClientSecret, secret);
      knownMeter(context.use(), checked.meterId);
      setSecretIn(context.use(), sealing, checked);
      changed([checked.meterId]);
    },
  };
}
