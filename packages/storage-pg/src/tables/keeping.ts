import { Fault } from "@dlmskit/core";
import {
  AttributeValue,
  Certificate,
  ClientSecret,
  checkCommit,
  checkRow,
  checkScope,
  entriesFrom,
  fields,
  type Keeping,
  KeyPair,
  type KeySealing,
  type Lease,
  Meter,
  type MeterScope,
  type MeterSecrets,
  OwnLeases,
  type ProfileOf,
  SecuritySetting,
  type TakenMeter,
} from "@dlmskit/storage";
import { msOf, octetsOf, recordsOf, storedRowOf, timestampOf, utcNow } from "../columns.ts";
import { addAbsent, type Database } from "../database.ts";
import type { SqlRow } from "../driver.ts";
import type { OwnProcess } from "../processes.ts";
import { columnsOf, inOrderOf, jsonObject, keyedRowOf, recordset, recordValues, sqlRowOf } from "../table-sql.ts";
import { readSecret } from "./client-secrets.ts";
import { commitIn } from "./commit.ts";
import { readKeyPair } from "./key-pairs.ts";
import { readSetting } from "./security-settings.ts";

// The data written to the meter $1 that belong to the clients $2 and the Security setups $3.
const secretParts = `
  'settings', (SELECT json_agg(${jsonObject(SecuritySetting)} ORDER BY d.instance_id COLLATE "C")
    FROM meter_security d JOIN security_settings t ON t.id = d.security_settings_id
    WHERE d.meter_id = $1::text AND d.instance_id IN (SELECT jsonb_array_elements_text($3::text::jsonb))),
  'secrets', (SELECT json_agg(${jsonObject(ClientSecret)} ORDER BY ${inOrderOf(ClientSecret)})
    FROM client_secrets t JOIN jsonb_to_recordset($2::text::jsonb) AS r(client_id int, instance_id text)
      ON r.client_id = t.client_id AND r.instance_id = t.instance_id
    WHERE t.meter_id = $1::text),
  'key_pairs', (SELECT json_agg(${jsonObject(KeyPair)} ORDER BY ${inOrderOf(KeyPair)})
    FROM key_pairs t
    WHERE t.meter_id = $1::text AND t.instance_id IN (SELECT jsonb_array_elements_text($3::text::jsonb))),
  'certificates', (SELECT json_agg(${jsonObject(Certificate)} ORDER BY t.id)
    FROM certificate_details d JOIN certificates t ON t.id = d.certificate_id
    WHERE d.meter_id = $1::text AND d.instance_id IN (SELECT jsonb_array_elements_text($3::text::jsonb))),
  'peers', (SELECT json_agg(json_build_object('key_id', p.key_id, 'peer', p.peer, 'counter', p.counter)
      ORDER BY p.key_id COLLATE "C", p.peer COLLATE "C")
    FROM peer_counters p WHERE p.meter_id = $1::text)`;

// The used keys of APDUs, for the associations of parameter `$n`. Only a scope that asks for them has this part.
const usedKeyParts = (parameter: number): string => `,
  'used_keys', (SELECT json_agg(json_build_object('client_id', u.client_id, 'instance_id', u.instance_id, 'digest', u.digest)
      ORDER BY u.client_id, u.instance_id COLLATE "C", u.number)
    FROM used_keys u
    WHERE u.meter_id = $1::text AND (u.client_id, u.instance_id) IN (
      SELECT r.client_id, r.instance_id FROM jsonb_to_recordset($${parameter}::text::jsonb) AS r(client_id int, instance_id text)))`;

const valueParts = `
  'values', (SELECT json_agg(${jsonObject(AttributeValue)} ORDER BY t.logical_device, t.instance_id COLLATE "C", t.class_id, t.attribute_id)
    FROM attribute_values t WHERE t.meter_id = $1::text)`;

const secretsOf = (more = ""): string => `SELECT json_build_object(${secretParts}${more})::text AS contents`;
const contentsOf = (more = ""): string => `
  SELECT l.clock_offset_ms::float8 AS clock_offset_ms, ${msOf("l.ran_up_to")},
    json_build_object(${valueParts}, ${secretParts}${more})::text AS contents
  FROM meter_leases l WHERE l.meter_id = $1::text`;

// One statement. It reads data as of its start, but takes the lease as of now. `commits` and `epoch` at both times show whether
// another process has changed something in between.
const take = (more = ""): string => `
  WITH added AS (
    INSERT INTO meters (${columnsOf(Meter)}, created_at)
    SELECT ${recordValues(Meter)}, ${utcNow} FROM ${recordset(Meter, 4)}
    WHERE NOT EXISTS (SELECT FROM meters WHERE meter_id = $1::text)
    ON CONFLICT (meter_id) DO NOTHING
    RETURNING *
  ), known AS (
    SELECT * FROM added UNION ALL SELECT * FROM meters WHERE meter_id = $1::text
  ), seen AS (
    SELECT process, epoch, commits FROM meter_leases WHERE meter_id = $1::text
  ), taken AS (
    INSERT INTO meter_leases AS l (meter_id, process, epoch)
    SELECT meter_id, $5::text, 1 FROM known
    ON CONFLICT (meter_id) DO UPDATE
    SET process = EXCLUDED.process, epoch = CASE WHEN l.process = EXCLUDED.process THEN l.epoch ELSE l.epoch + 1 END
    WHERE l.process IS NULL OR l.process = EXCLUDED.process OR NOT process_lives(l.process)
    RETURNING epoch, commits, clock_offset_ms, ran_up_to
  )
  SELECT ${jsonObject(Meter)}::text AS meter,
    l.epoch::float8 AS epoch, l.commits::float8 AS commits, l.clock_offset_ms::float8 AS clock_offset_ms, ${msOf("l.ran_up_to")},
    s.process AS seen_process, s.epoch::float8 AS seen_epoch, s.commits::float8 AS seen_commits,
    (SELECT p.address FROM processes p WHERE p.process = s.process) AS address,
    CASE WHEN l.epoch IS NOT NULL THEN json_build_object(${valueParts}, ${secretParts}${more})::text END AS contents
  FROM known t LEFT JOIN taken l ON TRUE LEFT JOIN seen s ON TRUE`;

const statements = { take: take(), contents: contentsOf(), secrets: secretsOf() };
const withUsedKeys: typeof statements = {
  take: take(usedKeyParts(6)),
  contents: contentsOf(usedKeyParts(4)),
  secrets: secretsOf(usedKeyParts(4)),
};

const release = `
  UPDATE meter_leases l SET process = NULL
  FROM jsonb_to_recordset($2::text::jsonb) AS r(meter_id text, epoch bigint)
  WHERE l.meter_id = r.meter_id AND l.epoch = r.epoch AND l.process = $1::text`;

const rowsOfProfile = `
  FROM capture_records t WHERE t.meter_id = $1::text AND t.logical_device = $2::int AND t.instance_id = $3::text`;
const entries = `SELECT t.encoded ${rowsOfProfile} ORDER BY t.at, t.id OFFSET $4::bigint LIMIT $5::bigint`;
const range = `SELECT t.encoded ${rowsOfProfile}
  AND ($4::text IS NULL OR t.at >= $4::text::timestamp) AND ($5::text IS NULL OR t.at <= $5::text::timestamp)
  ORDER BY t.at, t.id`;
const clockOffsets = `
  SELECT meter_id, clock_offset_ms::float8 AS clock_offset_ms FROM meter_leases
  WHERE meter_id IN (SELECT jsonb_array_elements_text($1::text::jsonb))`;

const count = `SELECT count(*)::int AS count ${rowsOfProfile}`;

type Contents = { readonly [part: string]: readonly SqlRow[] | null };

export function pgKeeping(
  db: Database,
  own: OwnProcess,
  sealing: KeySealing | undefined,
): Keeping & { endAll(): void; endOwn(meterId: string): void } {
  const leases = new OwnLeases();

  function leaseOf(meterId: string, epoch: number): Lease {
    const { term } = own;
    return leases.take(meterId, epoch, () => own.lives && own.term === term);
  }

  function secretsIn(contents: Contents): MeterSecrets {
    const rows = (part: string): readonly SqlRow[] => contents[part] ?? [];
    return {
      settings: rows("settings").map((row) => readSetting(sealing, sqlRowOf(SecuritySetting, row))),
      secrets: rows("secrets").map((row) => readSecret(sealing, sqlRowOf(ClientSecret, row))),
      keyPairs: rows("key_pairs").map((row) => readKeyPair(sealing, sqlRowOf(KeyPair, row))),
      certificates: rows("certificates").map((row) => storedRowOf(Certificate, sqlRowOf(Certificate, row))),
      peers: rows("peers").map((row) => ({
        keyId: String(row.key_id),
        peer: String(row.peer),
        counter: Number(row.counter),
      })),
      usedKeys: rows("used_keys").map((row) => ({
        clientId: Number(row.client_id),
        instanceId: String(row.instance_id),
        digest: String(row.digest),
      })),
    };
  }

  function valuesIn(contents: Contents): AttributeValue[] {
    return (contents.values ?? []).map((row) => keyedRowOf(AttributeValue, sqlRowOf(AttributeValue, row)));
  }

  function takenOf(lease: Lease, meter: SqlRow, row: SqlRow): TakenMeter {
    const contents = JSON.parse(String(row.contents)) as Contents;
    return {
      taken: true,
      lease,
      meter: storedRowOf(Meter, sqlRowOf(Meter, meter)),
      clockOffset: Number(row.clock_offset_ms),
      ranUpTo: row.ran_up_to === null ? undefined : Math.round(Number(row.ran_up_to)),
      values: valuesIn(contents),
      ...secretsIn(contents),
    };
  }

  return {
    async take(meterId, scope, identity) {
      const { sql, scoped, used } = askedOf(meterId, scope);
      const identities = identity === undefined ? "[]" : recordsOf(Meter, [checkIdentity(meterId, identity)]);
      if (!own.lives) await own.renew();
      for (;;) {
        const [row] = (await addAbsent(() => db.query(sql.take, [...scoped, identities, own.name, ...used]))).rows;
        if (row === undefined) {
          if (identity === undefined) throw unknownMeter(meterId);
          // Another process has just added the meter: the next attempt finds it.
          continue;
        }
        if (row.epoch === null) {
          leases.end(meterId);
          // If a process took the meter after this statement began, the next attempt sees it.
          if (row.seen_process === null || row.seen_process === own.name) continue;
          return { taken: false, address: typeof row.address === "string" ? row.address : undefined };
        }
        const lease = leaseOf(meterId, Number(row.epoch));
        const meter = JSON.parse(String(row.meter)) as SqlRow;
        if (isCurrent(row, own.name)) return takenOf(lease, meter, row);
        const now = (await db.query(sql.contents, [...scoped, ...used])).rows[0];
        if (now !== undefined) return takenOf(lease, meter, now);
      }
    },
    async secrets(meterId, scope) {
      const { sql, scoped, used } = askedOf(meterId, scope);
      const { rows } = await db.query(sql.secrets, [...scoped, ...used]);
      return secretsIn(JSON.parse(String(rows[0]?.contents)) as Contents);
    },
    async commit(given) {
      const commit = checkCommit(given);
      try {
        await commitIn(db, own.name, sealing, commit);
      } catch (caught) {
        if (caught instanceof Fault && caught.code === "lease-lost") leases.end(commit.meterId, commit.epoch);
        throw caught;
      }
    },
    async release(given) {
      const records = given.map(({ meterId, epoch }) => ({ meter_id: meterId, epoch }));
      if (records.length > 0) await db.query(release, [own.name, JSON.stringify(records)]);
      for (const { meterId, epoch } of given) leases.end(meterId, epoch);
    },
    async entries(of, first, last) {
      const { offset, count: limit } = entriesFrom(first, last);
      return encodings(await db.query(entries, [...profileOf(of), offset, limit]));
    },
    async range(of, from, to) {
      const text = (at: number | undefined) => (at === undefined ? null : timestampOf(fields.instant.check(at)));
      return encodings(await db.query(range, [...profileOf(of), text(from), text(to)]));
    },
    async count(of) {
      return Number((await db.query(count, profileOf(of))).rows[0]?.count);
    },
    async clockOffsets(meterIds) {
      const { rows } = await db.query(clockOffsets, [JSON.stringify(meterIds)]);
      return new Map(rows.map((row) => [String(row.meter_id), Number(row.clock_offset_ms)]));
    },
    endOwn(meterId) {
      leases.end(meterId);
    },
    endAll() {
      leases.endAll();
    },
  };
}

/** Whether the data that `take` read are still current for the lease. */
function isCurrent(row: SqlRow, process: string): boolean {
  const before = Number(row.seen_epoch ?? 0);
  const epoch = row.seen_process === process ? before : before + 1;
  return Number(row.epoch) === epoch && Number(row.commits) === Number(row.seen_commits ?? 0);
}

/** The statements for a scope, their first three parameters, and the last parameter, if there is one. */
function askedOf(
  meterId: string,
  scope: MeterScope,
): { readonly sql: typeof statements; readonly scoped: readonly string[]; readonly used: readonly string[] } {
  const { clients, setups, usedKeys = [] } = checkScope(scope);
  const records = (of: MeterScope["clients"]): string =>
    JSON.stringify(of.map(({ clientId, instanceId }) => ({ client_id: clientId, instance_id: instanceId })));
  return {
    sql: usedKeys.length > 0 ? withUsedKeys : statements,
    scoped: [Meter.fields.meterId.check(meterId), records(clients), JSON.stringify(setups)],
    used: usedKeys.length > 0 ? [records(usedKeys)] : [],
  };
}

function profileOf({ meterId, logicalDevice, instanceId }: ProfileOf): [string, number, string] {
  return [meterId, logicalDevice, fields.logicalNameText.check(instanceId)];
}

function encodings({ rows }: { readonly rows: readonly SqlRow[] }): Uint8Array[] {
  return rows.map((row) => octetsOf(row.encoded));
}

function checkIdentity(meterId: string, identity: Meter): Meter {
  const checked = checkRow(Meter, identity);
  if (checked.meterId === meterId) return checked;
  throw new Fault("bad-value", `the identity is that of meter "${checked.meterId}", not of "${meterId}"`, {
    layer: "storage",
  });
}

function unknownMeter(meterId: string): Fault {
  return new Fault("unknown-reference", `the meter "${meterId}" does not exist`, { layer: "storage" });
}
