import { usedKeysKept } from "@dlmskit/storage";

const same = (one: string, other: string): string =>
  `${one}.client_id = ${other}.client_id AND ${one}.instance_id = ${other}.instance_id`;

/**
 * Parts of a statement (WITH) for the keys of parameter `$n`. `check` selects the keys that were used before. `keep` adds the others
 * to the keys of the meter `held`, with numbers after the last one of their association, and keeps only the latest keys. The commits
 * of a meter are made one after the other, so no two use the same number.
 */
export function usedKeyParts(parameter: number): { readonly check: string; readonly keep: string } {
  const asked = `ROWS FROM (jsonb_to_recordset($${parameter}::text::jsonb)
        AS (client_id int, instance_id text, digest text, again boolean))
      WITH ORDINALITY AS r(client_id, instance_id, digest, again, place)`;
  // A count, and a LATERAL with OFFSET 0. The planner does not turn these into joins: each key needs one look-up in an index, but a
  // join may read all keys of the meter. IS NOT DISTINCT FROM leaves the primary key, which begins with the digest, as the only
  // usable index.
  const known = `SELECT count(*) FROM used_keys u
        WHERE u.digest = r.digest AND (u.meter_id, u.client_id, u.instance_id) IS NOT DISTINCT FROM ($1::text, r.client_id, r.instance_id)`;
  return {
    check: ` used_before AS (
      SELECT r.client_id FROM ${asked} WHERE NOT r.again AND (${known}) > 0
    )`,
    keep: `used_fresh AS (
      SELECT held.meter_id, r.client_id, r.instance_id, r.digest,
        row_number() OVER (PARTITION BY r.client_id, r.instance_id ORDER BY r.place) + COALESCE((
          SELECT max(u.number) FROM used_keys u WHERE u.meter_id = $1::text AND ${same("u", "r")}
        ), 0) AS number
      FROM held, ${asked}
      WHERE (${known}) = 0
    ), used_added AS (
      INSERT INTO used_keys (meter_id, client_id, instance_id, digest, number)
      SELECT meter_id, client_id, instance_id, digest, number FROM used_fresh
    ), used_forgotten AS (
      DELETE FROM used_keys WHERE ctid = ANY (ARRAY(
        SELECT g.ctid
        FROM (SELECT client_id, instance_id, max(number) AS last FROM used_fresh GROUP BY 1, 2) f
        CROSS JOIN LATERAL (
          SELECT u.ctid FROM used_keys u
          WHERE u.meter_id = $1::text AND ${same("u", "f")} AND u.number <= f.last - ${usedKeysKept}
          OFFSET 0
        ) g
      ))
    )`,
  };
}
