import {
  CounterKey,
  type Counters,
  checkRow,
  counterBlock,
  counterExhausted,
  counterValue,
  PeerCounterKey,
} from "@dlmskit/storage";
import { utcNow } from "../columns.ts";
import type { Database } from "../database.ts";

// One statement, so that two processes wait for the lock on the row: the ranges that they get never overlap.
const reserve = `
  INSERT INTO invocation_counters AS c (meter_id, key_id, reserved_from, reserved_up_to, updated_at)
  SELECT $1::text, $2::text, first, LEAST(first + $4::bigint - 1, 4294967295), ${utcNow}
  FROM (SELECT GREATEST($3::bigint, COALESCE((SELECT floor FROM store_origin), 0)) AS first) f
  ON CONFLICT (meter_id, key_id) DO UPDATE
  SET reserved_from = GREATEST(c.reserved_up_to + 1, $3::bigint),
    reserved_up_to = LEAST(GREATEST(c.reserved_up_to + 1, $3::bigint) + $4::bigint - 1, 4294967295),
    updated_at = EXCLUDED.updated_at
  WHERE c.reserved_up_to < 4294967295
  RETURNING reserved_from::float8 AS reserved_from, reserved_up_to::float8 AS reserved_up_to`;

const reserved = `
  SELECT reserved_up_to::float8 AS reserved_up_to FROM invocation_counters WHERE meter_id = $1::text AND key_id = $2::text`;

const savePeer = `
  INSERT INTO peer_counters AS p (meter_id, key_id, peer, counter)
  VALUES ($1::text, $2::text, $3::text, $4::bigint)
  ON CONFLICT (meter_id, key_id, peer) DO UPDATE SET counter = GREATEST(p.counter, EXCLUDED.counter)
  RETURNING counter::float8 AS counter`;

// In a fixed order, so that two processes do not wait for each other. Of several counters of one key the highest is used.
const savePeers = `
  INSERT INTO peer_counters AS p (meter_id, key_id, peer, counter)
  SELECT r.meter_id, r.key_id, r.peer, MAX(r.counter)
  FROM jsonb_to_recordset($1::text::jsonb) AS r(meter_id text, key_id text, peer text, counter bigint)
  GROUP BY 1, 2, 3
  ORDER BY 1, 2, 3
  ON CONFLICT (meter_id, key_id, peer) DO UPDATE SET counter = GREATEST(p.counter, EXCLUDED.counter)`;

const loadPeer = `
  SELECT counter::float8 AS counter FROM peer_counters
  WHERE meter_id = $1::text AND key_id = $2::text AND peer = $3::text`;

export function pgCounters(db: Database): Counters {
  return {
    async reserve(key, atLeast, block) {
      const { meterId, keyId } = checkRow(CounterKey, key);
      const { rows } = await db.query(reserve, [
        meterId,
        keyId,
        counterValue.check(atLeast),
        counterBlock.check(block),
      ]);
      if (rows[0] === undefined) throw counterExhausted(key);
      return { from: Number(rows[0].reserved_from), upTo: Number(rows[0].reserved_up_to) };
    },
    async reserved(key) {
      const { meterId, keyId } = checkRow(CounterKey, key);
      const { rows } = await db.query(reserved, [meterId, keyId]);
      return rows[0] === undefined ? undefined : Number(rows[0].reserved_up_to);
    },
    async savePeer(key, counter) {
      const { meterId, keyId, peer } = checkRow(PeerCounterKey, key);
      const { rows } = await db.query(savePeer, [meterId, keyId, peer, counterValue.check(counter)]);
      return Number(rows[0]?.counter);
    },
    async savePeers(counters) {
      const records = counters.map(({ key, counter }) => {
        const { meterId, keyId, peer } = checkRow(PeerCounterKey, key);
        return { meter_id: meterId, key_id: keyId, peer, counter: counterValue.check(counter) };
      });
      if (records.length > 0) await db.query(savePeers, [JSON.stringify(records)]);
    },
    async loadPeer(key) {
      const { meterId, keyId, peer } = checkRow(PeerCounterKey, key);
      const { rows } = await db.query(loadPeer, [meterId, keyId, peer]);
      return rows[0] === undefined ? undefined : Number(rows[0].counter);
    },
  };
}
