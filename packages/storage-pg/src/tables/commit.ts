import {
  AttributeValue,
  type CheckedCommit,
  counterReplayed,
  dedicatedKeyId,
  dedicatedKeysKept,
  isDedicated,
  type KeySealing,
  keyReplayed,
  leaseLost,
  Message,
  noPendingKeyPair,
  type SecurityChange,
} from "@dlmskit/storage";
import { recordsOf, timestampOf } from "../columns.ts";
import type { Database } from "../database.ts";
import type { Queryable, SqlRow, SqlValue } from "../driver.ts";
import { columnsOf, conflictOf, excludedOf, recordset, recordValues } from "../table-sql.ts";
import { addCertificateIn, removeCertificateIn } from "./certificates.ts";
import { setSecretIn } from "./client-secrets.ts";
import { promoteIn, setKeyPairIn } from "./key-pairs.ts";
import { expectSealing } from "./key-sealing.ts";
import { enqueueParts } from "./message-queue.ts";
import { type AppendedLog, appendTrimmed } from "./records.ts";
import { addSettingIn, changeKeysIn, setPolicyIn } from "./security-settings.ts";
import { usedKeyParts } from "./used-keys.ts";

const lockLease = `
  SELECT 1 FROM meter_leases WHERE meter_id = $1::text AND process = $2::text AND epoch = $3::bigint FOR UPDATE`;

/** Stores a commit, all or none. Faults `lease-lost`, `counter-replayed`, and those of the changes. */
export async function commitIn(
  db: Database,
  process: string,
  sealing: KeySealing | undefined,
  commit: CheckedCommit,
): Promise<void> {
  const statement = statementOf(process, commit);
  if (commit.security.length === 0) {
    await run(db, commit, statement);
    return;
  }
  await db.transaction(async (tx) => {
    await expectSealing(tx, sealing);
    const { meterId, epoch, security } = commit;
    if ((await tx.query(lockLease, [meterId, process, epoch])).rows.length === 0) throw leaseLost({ meterId, epoch });
    for (const change of security) await applySecurityChange(tx, sealing, meterId, change);
    await run(tx, commit, statement);
  });
}

/**
 * The statement reads data as of its start. If another commit of the meter was made in the meantime, it changes nothing and is run
 * again: the commits of one meter are made one after the other.
 */
async function run(db: Queryable, commit: CheckedCommit, { sql, parameters }: Statement): Promise<void> {
  const { meterId, epoch } = commit;
  for (;;) {
    const row = (await db.query(sql, parameters)).rows[0] as SqlRow;
    if (row.held === true) return;
    if (row.own !== true) throw leaseLost({ meterId, epoch });
    if (row.replayed !== null && row.replayed !== undefined) {
      const peer = JSON.parse(String(row.replayed)) as { peer: string; counter: number };
      throw counterReplayed(meterId, peer);
    }
    if (row.used_by !== null && row.used_by !== undefined) throw keyReplayed(meterId, Number(row.used_by));
  }
}

interface Statement {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

/** One statement for all parts of a commit except `security`. */
function statementOf(process: string, commit: CheckedCommit): Statement {
  const { meterId, epoch, values, rows, events, messages, peers, usedKeys, clockOffset, ranUpTo } = commit;
  const parameters: SqlValue[] = [
    ...[meterId, process, epoch],
    ...[clockOffset ?? null, ranUpTo === undefined ? null : timestampOf(ranUpTo)],
  ];
  /** Adds a parameter and returns its number. */
  const give = (value: SqlValue): number => parameters.push(value);
  const parts: string[] = [];

  if (values.length > 0) {
    parts.push(`put_values AS (
      INSERT INTO attribute_values (${columnsOf(AttributeValue)})
      SELECT ${recordValues(AttributeValue)} FROM held, ${recordset(AttributeValue, give(recordsOf(AttributeValue, values)))}
      ON CONFLICT (${conflictOf(AttributeValue)}) DO UPDATE SET ${excludedOf(AttributeValue)}
    )`);
  }
  if (rows.length > 0) parts.push(appendTrimmed("captures", rows.map(capturedLog), give));
  if (events.length > 0) parts.push(appendTrimmed("events", events.map(eventLog), give));
  if (messages.length > 0) {
    parts.push(enqueueParts(give(recordsOf(Message, messages)), "held"));
  }
  const replayed = peers.length > 0 ? peerParts(give(JSON.stringify(peers.map(peerRecord)))) : undefined;
  if (replayed !== undefined) parts.push(replayed.move);
  if (replayed !== undefined && peers.some(({ keyId }) => isDedicated(keyId))) parts.push(replayed.forget);
  const used = usedKeys.length > 0 ? usedKeyParts(give(JSON.stringify(usedKeys.map(usedKeyRecord)))) : undefined;
  if (used !== undefined) parts.push(used.keep);

  const sql = `
    WITH seen AS (
      SELECT process, epoch, commits FROM meter_leases WHERE meter_id = $1::text
    ),${replayed === undefined ? "" : `${replayed.check},`}${used === undefined ? "" : `${used.check},`} held AS (
      UPDATE meter_leases l
      SET commits = l.commits + 1, clock_offset_ms = COALESCE($4::float8::bigint, l.clock_offset_ms),
        ran_up_to = COALESCE($5::text::timestamp, l.ran_up_to)
      WHERE l.meter_id = $1::text AND l.process = $2::text AND l.epoch = $3::bigint AND l.commits = (SELECT commits FROM seen)
        ${replayed === undefined ? "" : "AND NOT EXISTS (SELECT FROM replayed)"}
        ${used === undefined ? "" : "AND NOT EXISTS (SELECT FROM used_before)"}
      RETURNING l.meter_id
    )${parts.map((part) => `, ${part}`).join("")}
    SELECT EXISTS (SELECT FROM held) AS held,
      EXISTS (SELECT FROM seen WHERE process = $2::text AND epoch = $3::bigint) AS own,
      ${replayed === undefined ? "NULL" : "(SELECT json_build_object('peer', peer, 'counter', counter)::text FROM replayed LIMIT 1)"} AS replayed,
      ${used === undefined ? "NULL" : "(SELECT client_id FROM used_before LIMIT 1)"} AS used_by`;
  return { sql, parameters };
}

function peerRecord({ keyId, peer, counter, again }: CheckedCommit["peers"][number]): object {
  return { key_id: keyId, peer, counter, again };
}

function usedKeyRecord({ clientId, instanceId, digest, again }: CheckedCommit["usedKeys"][number]): object {
  return { client_id: clientId, instance_id: instanceId, digest, again };
}

/** `check` selects the counters that are not higher than the stored ones, `move` stores the others, `forget` is for dedicated keys. */
function peerParts(parameter: number): { readonly check: string; readonly move: string; readonly forget: string } {
  const dedicated = (row: string): string => `${row}.key_id LIKE '${dedicatedKeyId("")}%'`;
  const asked = `jsonb_to_recordset($${parameter}::text::jsonb) AS r(key_id text, peer text, counter bigint, again boolean)`;
  return {
    check: ` replayed AS (
      SELECT r.peer, r.counter FROM ${asked}
      JOIN peer_counters p ON p.meter_id = $1::text AND p.key_id = r.key_id AND p.peer = r.peer
      WHERE p.counter > r.counter OR (p.counter = r.counter AND NOT r.again)
    )`,
    move: `moved AS (
      INSERT INTO peer_counters AS p (meter_id, key_id, peer, counter)
      SELECT held.meter_id, r.key_id, r.peer, r.counter FROM held, ${asked}
      ON CONFLICT (meter_id, key_id, peer) DO UPDATE
      SET counter = GREATEST(p.counter, EXCLUDED.counter), number = EXCLUDED.number
    )`,
    // The dedicated keys may be different in each association: only the latest are kept.
    forget: `forgotten AS (
      DELETE FROM peer_counters WHERE ctid = ANY (ARRAY(
        SELECT g.ctid FROM (SELECT DISTINCT r.peer FROM held, ${asked} WHERE ${dedicated("r")}) f
        CROSS JOIN LATERAL (
          SELECT p.ctid FROM peer_counters p
          WHERE p.meter_id = $1::text AND p.peer = f.peer AND ${dedicated("p")}
            AND p.key_id NOT IN (SELECT r.key_id FROM ${asked})
          ORDER BY p.number DESC OFFSET ${dedicatedKeysKept - 1}
        ) g
      ))
    )`,
  };
}

function capturedLog({ logicalDevice, instanceId, clear, keep, rows }: CheckedCommit["rows"][number]): AppendedLog {
  return { logicalDevice, instanceId, clear: clear === true, keep, rows };
}

function eventLog({ instanceId, keep, rows }: CheckedCommit["events"][number]): AppendedLog {
  return { instanceId, clear: false, keep, rows };
}

async function applySecurityChange(
  tx: Queryable,
  sealing: KeySealing | undefined,
  meterId: string,
  change: SecurityChange,
): Promise<void> {
  switch (change.change) {
    case "policy":
      await addSettingIn(tx, sealing, change.initial);
      return setPolicyIn(tx, meterId, change.instanceId, change);
    case "keys": {
      const { instanceId, keys, at, initial } = change;
      await addSettingIn(tx, sealing, initial);
      await changeKeysIn(tx, sealing, { meterId, instanceId, keys, until: timestampOf(at) });
      return;
    }
    case "secret":
      return setSecretIn(tx, sealing, { ...change, meterId });
    case "key-pair":
      return setKeyPairIn(tx, sealing, { ...change.pair, meterId });
    case "promote-key-pair":
      if (!(await promoteIn(tx, { ...change, meterId }))) throw noPendingKeyPair(meterId, change);
      return;
    case "add-certificate":
      return addCertificateIn(tx, { ...change.certificate, meterId });
    case "remove-certificate":
      return removeCertificateIn(tx, { ...change, meterId });
  }
}
