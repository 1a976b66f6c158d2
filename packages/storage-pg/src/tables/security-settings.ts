import { Fault, logicalName } from "@dlmskit/core";
import {
  checkNewKeys,
  checkPolicy,
  checkRow,
  type FormerKey,
  fields,
  type KeySealing,
  keyNames,
  type NewKeys,
  type Policy,
  SecuritySetting,
  type SecuritySettings,
  type Stored,
  sealKey,
  unsealKey,
} from "@dlmskit/storage";
import { msOf, octetsOf, parametersOf, storedRowOf, timestampOf } from "../columns.ts";
import type { Database } from "../database.ts";
import type { Queryable, SqlRow } from "../driver.ts";
import { insertOf, selectOf } from "../table-sql.ts";
import { pgClientSecrets } from "./client-secrets.ts";
import { expectSealing, unsealedColumn } from "./key-sealing.ts";

const select = selectOf(SecuritySetting);
const one = `${select} WHERE d.meter_id = $1::text AND d.instance_id = $2::text`;
const insert = insertOf(SecuritySetting);

// If two processes add the same Security setup at the same time, the later one waits for the lock on the meter, and then finds the row.
const lockMeter = "SELECT 1 FROM meters WHERE meter_id = $1::text FOR UPDATE";

const setPolicy = `
  WITH changed AS (
    UPDATE security_settings s SET security_policy = $3::int, security_suite = $4::int
    FROM meter_security m
    WHERE m.security_settings_id = s.id AND m.meter_id = $1::text AND m.instance_id = $2::text
    RETURNING s.id
  )
  UPDATE meter_security m SET policy_bits = $5::int FROM changed WHERE m.security_settings_id = changed.id
  RETURNING changed.id`;

const keepFormer = `
  INSERT INTO former_keys (security_settings_id, name, key_version, key, until)
  VALUES ($1::int, $2::text, $3::int, $4::bytea, $5::text::timestamp)`;

// A column is not changed if its parameter is NULL.
const setKeys = `
  WITH changed AS (
    UPDATE security_settings s
    SET encryption_key = COALESCE($2::bytea, s.encryption_key), authentication_key = COALESCE($3::bytea, s.authentication_key),
      master_key = COALESCE($4::bytea, s.master_key), last_key_change = $6::text::timestamp
    WHERE s.id = $1::int
    RETURNING s.id
  )
  UPDATE meter_security m SET broadcast_key = COALESCE($5::bytea, m.broadcast_key), key_version = m.key_version + 1
  FROM changed WHERE m.security_settings_id = changed.id
  RETURNING m.key_version`;

const former = `
  SELECT f.id, f.name, f.key_version, f.key, ${msOf("f.until")}
  FROM former_keys f JOIN meter_security m ON m.security_settings_id = f.security_settings_id
  WHERE m.meter_id = $1::text AND m.instance_id = $2::text
  ORDER BY f.key_version DESC, f.name COLLATE "C"`;

const columns = {
  encryptionKey: "encryption_key",
  authenticationKey: "authentication_key",
  masterKey: "master_key",
  broadcastKey: "broadcast_key",
} as const;

function unknown(meterId: string, instanceId: string): Fault {
  return new Fault("unknown-reference", `Security setup ${instanceId} of meter "${meterId}" does not exist`, {
    layer: "storage",
  });
}

function mapKeys<R extends NewKeys>(row: R, change: (key: Uint8Array) => Uint8Array): R {
  const changed: { -readonly [K in keyof NewKeys]?: Uint8Array } = {};
  for (const name of keyNames) if (row[name] !== undefined) changed[name] = change(row[name]);
  return { ...row, ...changed };
}

/** Replaces checked keys, keeps the former keys, and returns the keyVersion. Runs within a transaction. `until`: now. */
export async function changeKeysIn(
  tx: Queryable,
  sealing: KeySealing | undefined,
  change: { readonly meterId: string; readonly instanceId: string; readonly keys: NewKeys; readonly until: string },
): Promise<number> {
  const { meterId, instanceId, keys, until } = change;
  const fresh = mapKeys(keys, (key) => sealKey(sealing, key));
  const row = (await tx.query(`${one} FOR UPDATE`, [meterId, logicalName(instanceId)])).rows[0];
  if (row === undefined) throw unknown(meterId, instanceId);
  for (const name of keyNames) {
    const before = row[columns[name]];
    if (fresh[name] === undefined || before === null) continue;
    await tx.query(keepFormer, [Number(row.id), name, Number(row.key_version), octetsOf(before), until]);
  }
  const { rows } = await tx.query(setKeys, [Number(row.id), ...keyNames.map((name) => fresh[name] ?? null), until]);
  return Number(rows[0]?.key_version);
}

/** A row of `select`, with its keys unsealed. Faults `bad-row`, `wrong-key-encryption-key`. */
export function readSetting(sealing: KeySealing | undefined, row: SqlRow): Stored<SecuritySetting> {
  const open: { [column: string]: unknown } = { ...row };
  for (const column of Object.values(columns)) {
    if (row[column] === null) continue;
    const at = { table: SecuritySetting.table, id: row.id, column };
    open[column] = unsealedColumn(at, () => unsealKey(sealing, octetsOf(row[column])));
  }
  return storedRowOf(SecuritySetting, open);
}

/** Adds a checked row, unless its Security setup already has one. Returns whether it was added. The caller has locked the meter. */
export async function addSettingIn(
  tx: Queryable,
  sealing: KeySealing | undefined,
  row: SecuritySetting,
): Promise<boolean> {
  if ((await tx.query(one, [row.meterId, row.instanceId])).rows.length > 0) return false;
  await tx.query(
    insert,
    parametersOf(
      SecuritySetting,
      mapKeys(row, (key) => sealKey(sealing, key)),
    ),
  );
  return true;
}

/** Sets a checked policy. Fault `unknown-reference`. */
export async function setPolicyIn(
  db: Queryable,
  meterId: string,
  instanceId: string,
  { securityPolicy, securitySuite, policyBits }: Policy,
): Promise<void> {
  const parameters = [meterId, logicalName(instanceId), securityPolicy, securitySuite, policyBits ?? null];
  if ((await db.query(setPolicy, parameters)).rows.length === 0) throw unknown(meterId, instanceId);
}

export function pgSecuritySettings(db: Database, sealing: KeySealing | undefined): SecuritySettings {
  return {
    ...pgClientSecrets(db, sealing),
    async of(meterId) {
      const { rows } = await db.query(`${select} WHERE d.meter_id = $1::text ORDER BY d.instance_id COLLATE "C"`, [
        meterId,
      ]);
      return rows.map((row) => readSetting(sealing, row));
    },
    async ofMany(meterIds) {
      const { rows } = await db.query(`${select} WHERE d.meter_id = ANY($1::text[])`, [meterIds]);
      return rows.map((row) => readSetting(sealing, row));
    },
    async putIfAbsent(settings) {
      const checked = settings.map((setting) => checkRow(SecuritySetting, setting));
      return db.transaction(async (tx) => {
        await expectSealing(tx, sealing);
        let added = 0;
        for (const meterId of [...new Set(checked.map((row) => row.meterId))].sort())
          await tx.query(lockMeter, [meterId]);
        for (const row of checked) if (await addSettingIn(tx, sealing, row)) added++;
        return added;
      });
    },
    setPolicy: async (meterId, instanceId, policy) => setPolicyIn(db, meterId, instanceId, checkPolicy(policy)),
    async changeKeys(meterId, instanceId, keys, at) {
      const checked = checkNewKeys(keys);
      const until = timestampOf(fields.instant.check(at));
      return db.transaction(async (tx) => {
        await expectSealing(tx, sealing);
        return changeKeysIn(tx, sealing, { meterId, instanceId, keys: checked, until });
      });
    },
    async formerKeys(meterId, instanceId) {
      const { rows } = await db.query(former, [meterId, logicalName(instanceId)]);
      return rows.map((row) => ({
        name: row.name as FormerKey["name"],
        keyVersion: Number(row.key_version),
        key: unsealKey(sealing, octetsOf(row.key)),
        until: Math.round(Number(row.until)),
      }));
    },
  };
}
