import { logicalName } from "@dlmskit/core";
import { checkRow, KeyPair, type KeyPairs, type KeySealing, sealKey, unsealKey } from "@dlmskit/storage";
import { octetsOf, recordsOf, rowOf } from "../columns.ts";
import type { Database } from "../database.ts";
import type { Queryable, SqlRow } from "../driver.ts";
import { idOf, inOrderOf, putIfAbsentOf, selectOf, upsertOf } from "../table-sql.ts";
import { expectSealing, unsealedColumn } from "./key-sealing.ts";

const select = `${selectOf(KeyPair)} WHERE t.meter_id = $1::text ORDER BY ${inOrderOf(KeyPair)}`;
const set = upsertOf(KeyPair);
const putIfAbsent = putIfAbsentOf(KeyPair);

const drop = `
  DELETE FROM key_pairs k WHERE k.meter_id = $1::text AND k.instance_id = $2::text AND k.usage = $3::int AND NOT k.pending
    AND EXISTS (SELECT 1 FROM key_pairs p
      WHERE p.meter_id = k.meter_id AND p.instance_id = k.instance_id AND p.usage = k.usage AND p.pending)`;
const promote = `
  UPDATE key_pairs SET pending = FALSE
  WHERE meter_id = $1::text AND instance_id = $2::text AND usage = $3::int AND pending
  RETURNING 1`;

/** A row with its private key unsealed. Faults `bad-row`, `wrong-key-encryption-key`. */
export function readKeyPair(sealing: KeySealing | undefined, row: SqlRow): KeyPair {
  const id = idOf(KeyPair, row);
  const at = { table: KeyPair.table, id, column: "private_key" };
  const privateKey = unsealedColumn(at, () => unsealKey(sealing, octetsOf(row.private_key)));
  return rowOf(KeyPair, { ...row, private_key: privateKey }, id);
}

/** Adds or replaces a checked key pair. */
export async function setKeyPairIn(tx: Queryable, sealing: KeySealing | undefined, row: KeyPair): Promise<void> {
  await tx.query(set, [recordsOf(KeyPair, [{ ...row, privateKey: sealKey(sealing, row.privateKey) }])]);
}

/** The pending key pair replaces the one in use. Returns whether there was a pending one. */
export async function promoteIn(
  tx: Queryable,
  { meterId, instanceId, usage }: Pick<KeyPair, "meterId" | "instanceId" | "usage">,
): Promise<boolean> {
  const key = [meterId, logicalName(instanceId), usage];
  await tx.query(drop, key);
  return (await tx.query(promote, key)).rows.length > 0;
}

export function pgKeyPairs(db: Database, sealing: KeySealing | undefined): KeyPairs {
  async function keep(sql: string, pairs: readonly KeyPair[]): Promise<number> {
    const kept = pairs
      .map((pair) => checkRow(KeyPair, pair))
      .map((row) => ({ ...row, privateKey: sealKey(sealing, row.privateKey) }));
    if (kept.length === 0) return 0;
    return db.transaction(async (tx) => {
      await expectSealing(tx, sealing);
      return (await tx.query(sql, [recordsOf(KeyPair, kept)])).rows.length;
    });
  }
  return {
    async of(meterId) {
      const { rows } = await db.query(select, [meterId]);
      return rows.map((row) => readKeyPair(sealing, row));
    },
    async put(pairs) {
      await keep(set, pairs);
    },
    putIfAbsent: (pairs) => keep(putIfAbsent, pairs),
    promote: (pair) => db.transaction((tx) => promoteIn(tx, pair)),
  };
}
