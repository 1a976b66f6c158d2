import { Fault, logicalName } from "@dlmskit/core";
import {
  checkNewKeys,
  fields,
  type KeyRotations,
  type KeySealing,
  keyNames,
  type NewKeys,
  type PendingKeys,
  sealKey,
  unsealKey,
} from "@dlmskit/storage";
import { msOf, octetsOf, timestampOf } from "../columns.ts";
import type { Database } from "../database.ts";
import type { Queryable, SqlRow } from "../driver.ts";
import { expectSealing, unsealedColumn } from "./key-sealing.ts";
import { changeKeysIn } from "./security-settings.ts";

const due = `
  SELECT m.meter_id, m.instance_id
  FROM meter_security m JOIN security_settings s ON s.id = m.security_settings_id
    LEFT JOIN pending_keys p ON p.security_settings_id = s.id
  WHERE p.security_settings_id IS NOT NULL
    OR COALESCE(s.last_key_change, s.created_at) + s.global_key_change_interval * INTERVAL '1 second' <= $1::text::timestamp
  ORDER BY m.meter_id COLLATE "C", m.instance_id COLLATE "C"`;

// One row if the Security setup exists, with or without pending keys.
const find = `
  SELECT m.security_settings_id AS id, m.key_version, p.encryption_key, p.authentication_key, p.master_key, p.broadcast_key,
    ${msOf("p.since")}
  FROM meter_security m LEFT JOIN pending_keys p ON p.security_settings_id = m.security_settings_id
  WHERE m.meter_id = $1::text AND m.instance_id = $2::text`;

// Only one process at a time may change keys or store pending keys.
const lock = "SELECT 1 FROM meter_security WHERE meter_id = $1::text AND instance_id = $2::text FOR UPDATE";

const insert = `
  INSERT INTO pending_keys (security_settings_id, encryption_key, authentication_key, master_key, broadcast_key, since)
  VALUES ($1::int, $2::bytea, $3::bytea, $4::bytea, $5::bytea, $6::text::timestamp)`;

const remove = "DELETE FROM pending_keys WHERE security_settings_id = $1::int";

const columns = {
  encryptionKey: "encryption_key",
  authenticationKey: "authentication_key",
  masterKey: "master_key",
  broadcastKey: "broadcast_key",
} as const;

export function pgKeyRotations(db: Database, sealing: KeySealing | undefined): KeyRotations {
  function pendingOf(row: SqlRow): PendingKeys | undefined {
    if (row.since === null) return undefined;
    const keys: { -readonly [K in keyof NewKeys]?: Uint8Array } = {};
    for (const name of keyNames) {
      const kept = row[columns[name]];
      if (kept === null) continue;
      const at = { table: "pending_keys", id: row.id, column: columns[name] };
      keys[name] = unsealedColumn(at, () => unsealKey(sealing, octetsOf(kept)));
    }
    return { keys, since: Math.round(Number(row.since)) };
  }
  async function rowOf(tx: Queryable, meterId: string, instanceId: string): Promise<SqlRow> {
    const { rows } = await tx.query(find, [meterId, logicalName(instanceId)]);
    if (rows[0] !== undefined) return rows[0];
    throw new Fault("unknown-reference", `Security setup ${instanceId} of meter "${meterId}" does not exist`, {
      layer: "storage",
    });
  }
  return {
    async due(at) {
      const { rows } = await db.query(due, [timestampOf(fields.instant.check(at))]);
      return rows.map((row) => ({ meterId: String(row.meter_id), instanceId: String(row.instance_id) }));
    },
    async pending(meterId, instanceId) {
      return pendingOf(await rowOf(db, meterId, instanceId));
    },
    async propose(meterId, instanceId, keys, at) {
      const fresh = checkNewKeys(keys);
      const since = fields.instant.check(at);
      return db.transaction(async (tx) => {
        await expectSealing(tx, sealing);
        await tx.query(lock, [meterId, logicalName(instanceId)]);
        const row = await rowOf(tx, meterId, instanceId);
        const pending = pendingOf(row);
        if (pending !== undefined) return pending;
        const kept = keyNames.map((name) => (fresh[name] === undefined ? null : sealKey(sealing, fresh[name])));
        await tx.query(insert, [Number(row.id), ...kept, timestampOf(since)]);
        return { keys: fresh, since };
      });
    },
    async confirm(meterId, instanceId, at) {
      const until = timestampOf(fields.instant.check(at));
      return db.transaction(async (tx) => {
        await expectSealing(tx, sealing);
        await tx.query(lock, [meterId, logicalName(instanceId)]);
        const row = await rowOf(tx, meterId, instanceId);
        const pending = pendingOf(row);
        if (pending === undefined) return Number(row.key_version);
        await tx.query(remove, [Number(row.id)]);
        return changeKeysIn(tx, sealing, { meterId, instanceId, keys: pending.keys, until });
      });
    },
  };
}
