import {
  ClientSecret,
  checkRow,
  type KeySealing,
  type SecuritySettings,
  sealSecret,
  unsealSecret,
} from "@dlmskit/storage";
import { octetsOf, recordsOf, rowOf } from "../columns.ts";
import type { Database } from "../database.ts";
import type { Queryable, SqlRow } from "../driver.ts";
import { idOf, inOrderOf, putIfAbsentOf, selectOf, upsertOf } from "../table-sql.ts";
import { expectSealing, unsealedColumn } from "./key-sealing.ts";

const select = `${selectOf(ClientSecret)} WHERE t.meter_id = ANY($1::text[]) ORDER BY ${inOrderOf(ClientSecret)}`;
const putIfAbsent = putIfAbsentOf(ClientSecret);
const set = upsertOf(ClientSecret);

/** A row with its secret unsealed. Faults `bad-row`, `wrong-key-encryption-key`. */
export function readSecret(sealing: KeySealing | undefined, row: SqlRow): ClientSecret {
  const id = idOf(ClientSecret, row);
  const at = { table: ClientSecret.table, id, column: "secret" };
  const secret = unsealedColumn(at, () => unsealSecret(sealing, octetsOf(row.secret)));
  return rowOf(ClientSecret, { ...row, secret }, id);
}

/** Adds or replaces a checked secret. */
export async function setSecretIn(tx: Queryable, sealing: KeySealing | undefined, row: ClientSecret): Promise<void> {
  await tx.query(set, [recordsOf(ClientSecret, [{ ...row, secret: sealSecret(sealing, row.secret) }])]);
}

type ClientSecrets = Pick<SecuritySettings, "secretsOf" | "secretsOfMany" | "putSecretsIfAbsent" | "setSecret">;

export function pgClientSecrets(db: Database, sealing: KeySealing | undefined): ClientSecrets {
  async function keep(sql: string, secrets: readonly ClientSecret[]): Promise<number> {
    const kept = secrets
      .map((secret) => checkRow(ClientSecret, secret))
      .map((row) => ({ ...row, secret: sealSecret(sealing, row.secret) }));
    if (kept.length === 0) return 0;
    return db.transaction(async (tx) => {
      await expectSealing(tx, sealing);
      return (await tx.query(sql, [recordsOf(ClientSecret, kept)])).rows.length;
    });
  }
  async function secretsOfMany(meterIds: readonly string[]): Promise<ClientSecret[]> {
    return (await db.query(select, [meterIds])).rows.map((row) => readSecret(sealing, row));
  }

  return {
    secretsOf: (meterId) => secretsOfMany([meterId]),
    secretsOfMany,
    putSecretsIfAbsent: (secrets) => keep(putIfAbsent, secrets),
    async setSecret(secret) {
      await keep(set, [secret]);
    },
  };
}
