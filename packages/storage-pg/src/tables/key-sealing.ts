import { Fault } from "@dlmskit/core";
import { type KeySealing, sealingCheck, sealingNeeded, sealKey, sealSecret, verifySealing } from "@dlmskit/storage";
import { octetsOf, utcNow } from "../columns.ts";
import type { Database } from "../database.ts";
import type { Queryable, SqlRow } from "../driver.ts";

const select = "SELECT check_value FROM key_sealing";
// While one process seals, no other process may seal or write a key.
const lock = "LOCK TABLE key_sealing IN EXCLUSIVE MODE";
const lockShared = "LOCK TABLE key_sealing IN ROW SHARE MODE";
const insert = `INSERT INTO key_sealing (check_value, created_at) VALUES ($1::bytea, ${utcNow})`;

/** The columns that contain keys, each with the primary key of its table. */
const keyColumns = [
  { table: "security_settings", id: "id", column: "encryption_key" },
  { table: "security_settings", id: "id", column: "authentication_key" },
  { table: "security_settings", id: "id", column: "master_key" },
  { table: "meter_security", id: "security_settings_id", column: "broadcast_key" },
  { table: "former_keys", id: "id", column: "key" },
  { table: "pending_keys", id: "security_settings_id", column: "encryption_key" },
  { table: "pending_keys", id: "security_settings_id", column: "authentication_key" },
  { table: "pending_keys", id: "security_settings_id", column: "master_key" },
  { table: "pending_keys", id: "security_settings_id", column: "broadcast_key" },
  { table: "fleets", id: "template", column: "secret" },
] as const;

const secrets = "SELECT meter_id, client_id, instance_id, secret FROM client_secrets";
const setSecret = `
  UPDATE client_secrets SET secret = $4::bytea WHERE meter_id = $1::text AND client_id = $2::int AND instance_id = $3::text`;

async function sealKeys(tx: Queryable, sealing: KeySealing): Promise<void> {
  for (const { table, id, column } of keyColumns) {
    const { rows } = await tx.query(`SELECT ${id} AS id, ${column} AS key FROM ${table} WHERE ${column} IS NOT NULL`);
    for (const row of rows) {
      const key = octetsOf(row.key);
      if (key.length !== 16 && key.length !== 32) {
        const fault = new Fault(
          "bad-row",
          `expected 16 or 32 octets, found ${key.length}: the key cannot be encrypted`,
          {
            layer: "storage",
            hint: "nothing was changed: correct the row in the database, or delete it",
          },
        );
        fault.path.push(table, `id ${row.id}`, column);
        throw fault;
      }
      await tx.query(`UPDATE ${table} SET ${column} = $2::bytea WHERE ${id}::text = $1::text`, [
        String(row.id),
        sealKey(sealing, key),
      ]);
    }
  }
}

const privateKeys = "SELECT meter_id, instance_id, usage, pending, private_key FROM key_pairs";
const setPrivateKey = `
  UPDATE key_pairs SET private_key = $4::bytea
  WHERE meter_id = $1::text AND instance_id = $2::text AND usage = $3::int AND pending = $5::boolean`;

async function sealPrivateKeys(tx: Queryable, sealing: KeySealing): Promise<void> {
  const { rows } = await tx.query(privateKeys);
  for (const row of rows) {
    const { meter_id, instance_id } = row as SqlRow & { meter_id: string; instance_id: string };
    const sealed = sealKey(sealing, octetsOf(row.private_key));
    await tx.query(setPrivateKey, [meter_id, instance_id, Number(row.usage), sealed, row.pending === true]);
  }
}

async function sealSecrets(tx: Queryable, sealing: KeySealing): Promise<void> {
  const { rows } = await tx.query(secrets);
  for (const row of rows) {
    const { meter_id, client_id, instance_id } = row as SqlRow & {
      meter_id: string;
      client_id: number;
      instance_id: string;
    };
    await tx.query(setSecret, [meter_id, client_id, instance_id, sealSecret(sealing, octetsOf(row.secret))]);
  }
}

/**
 * Checks whether the database is sealed, and under this key-encryption key. Seals the keys that are not sealed yet, all or none.
 * Faults `wrong-key-encryption-key`, `key-encryption-key-needed`, `bad-row`.
 */
export async function openSealing(db: Database, sealing: KeySealing | undefined): Promise<void> {
  await db.transaction(async (tx) => {
    if (sealing !== undefined) await tx.query(lock);
    const check = (await tx.query(select)).rows[0]?.check_value;
    if (check !== undefined) {
      if (sealing === undefined) throw sealingNeeded();
      verifySealing(sealing, octetsOf(check));
    } else if (sealing !== undefined) {
      // They contain keys that are not sealed.
      await tx.query("DELETE FROM snapshots");
      await sealKeys(tx, sealing);
      await sealSecrets(tx, sealing);
      await sealPrivateKeys(tx, sealing);
      await tx.query(insert, [sealingCheck(sealing)]);
    }
  });
}

/** Called before a key is written: Fault `key-encryption-key-needed` if another process has sealed the database in the meantime. */
export async function expectSealing(tx: Queryable, sealing: KeySealing | undefined): Promise<void> {
  if (sealing !== undefined) return;
  await tx.query(lockShared);
  if ((await tx.query(select)).rows.length > 0) throw sealingNeeded();
}

/** Unseals one column of a row. Table, id and column are prepended to the path of a Fault. */
export function unsealedColumn(
  at: { readonly table: string; readonly id: unknown; readonly column: string },
  unseal: () => Uint8Array,
): Uint8Array {
  try {
    return unseal();
  } catch (caught) {
    if (caught instanceof Fault) caught.path.unshift(at.table, `id ${at.id}`, at.column);
    throw caught;
  }
}
