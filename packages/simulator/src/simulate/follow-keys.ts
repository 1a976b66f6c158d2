import { sameOctets } from "@dlmskit/core";
import type { MeterTemplate } from "@dlmskit/server";
import type { ClientSecret, NewKeys, SecuritySetting, Store } from "@dlmskit/storage";
import type { Fleet } from "../fleet/fleet.ts";
import type { KeysFile } from "./keys-file.ts";
import { checkRowOf } from "./open-fleet.ts";

export interface FollowKeysOptions {
  readonly store: Pick<Store, "meters" | "securitySettings">;
  readonly fleet: Fleet;
  readonly compiled: MeterTemplate;
  readonly keys: KeysFile;
  /** ms since 1970 UTC. */
  readonly now: number;
}

const batch = 1000;

/**
 * The keys file has priority. If the rows of a meter have other keys than the file, the meter gets the keys of the file, as in a key
 * change. Meters without such rows need no change. Faults `template-mismatch`, `identity-mismatch` and those of the store.
 */
export async function followKeys(options: FollowKeysOptions): Promise<void> {
  const { store, fleet, keys } = options;
  const prefix = `${fleet.template}-`;
  for (let after = prefix; ; ) {
    const page = await store.meters.list({ after, limit: batch });
    const ours = page.filter(({ meterId }) => fleet.indexOfMeterId(meterId) !== undefined);
    for (const row of ours) checkRowOf(fleet, fleet.indexOfMeterId(row.meterId) as number, row, keys);
    const ids = ours.map(({ meterId }) => meterId);
    for (const setting of await store.securitySettings.ofMany(ids)) await followSetting(options, setting);
    for (const secret of await store.securitySettings.secretsOfMany(ids)) await followSecret(options, secret);
    const last = page.at(-1)?.meterId;
    if (last === undefined || page.length < batch || !last.startsWith(prefix)) return;
    after = last;
  }
}

async function followSetting({ store, compiled, keys, now }: FollowKeysOptions, setting: SecuritySetting) {
  const { meterId, instanceId } = setting;
  for (const { client, securitySetup } of compiled.associations) {
    if (securitySetup !== instanceId) continue;
    const given = keys.clients?.[client] ?? {};
    const wanted: NewKeys = {
      ...(given.encryptionKey && { encryptionKey: given.encryptionKey }),
      ...(given.authenticationKey && { authenticationKey: given.authenticationKey }),
      ...(given.broadcastKey && { broadcastKey: given.broadcastKey }),
      ...(keys.masterKey && { masterKey: keys.masterKey }),
    };
    const changed = Object.entries(wanted).filter(([name, key]) => !same(setting[name as keyof NewKeys], key));
    if (changed.length === 0) continue;
    await store.securitySettings.changeKeys(meterId, instanceId, Object.fromEntries(changed), now);
  }
}

async function followSecret({ store, compiled, keys }: FollowKeysOptions, row: ClientSecret): Promise<void> {
  const { clientId, instanceId, secret } = row;
  const association = compiled.associations.find((one) => one.client === clientId && one.instance === instanceId);
  const given = keys.clients?.[clientId]?.password;
  if (association === undefined || association.security.mechanism === 0 || given === undefined) return;
  if (!same(secret, given)) await store.securitySettings.setSecret({ ...row, secret: given });
}

const same = (one: Uint8Array | undefined, other: Uint8Array): boolean => one !== undefined && sameOctets(one, other);
