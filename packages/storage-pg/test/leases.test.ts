import type { Lease, Store } from "@dlmskit/storage";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPostgres } from "../src/index.ts";
import { emptyTables } from "./emptied.ts";
import { type Server, startServer } from "./harness.ts";

let server: Server;
let url: string;
let client: pg.Client;
beforeAll(async () => {
  server = await startServer();
  url = await server.database();
  await (await openPostgres(url)).close();
  client = new pg.Client(url);
  await client.connect();
}, 120_000);
afterAll(async () => {
  await client?.end();
  await server?.stop();
});
beforeEach(() => client.query(emptyTables).then(() => undefined));

const patient = { timeout: 15_000 };
const meterId = "m";
const none = { clients: [], setups: [] };
const identity = {
  ...{ meterId, serial: "s", logicalDeviceName: "TST0000000000001", systemTitle: new Uint8Array(8) },
  ...{ seed: "", template: "t", commissionedAt: 0 },
};
const value = (attributeId: number) => ({
  ...{ logicalDevice: 1, classId: 1, instanceId: "0.0.96.1.0.255", attributeId, updatedAt: 0 },
  encoded: Uint8Array.of(attributeId),
});
// No renewal comes in the way of a test.
const never = { leaseMs: 4_000_000 };

async function take(store: Store): Promise<Lease> {
  const got = await store.keeping.take(meterId, none, identity);
  if (!got.taken) throw new Error("another process has it");
  return got.lease;
}
const isTaken = async (store: Store): Promise<boolean> => (await store.keeping.take(meterId, none)).taken;

/** Until a statement that waits for a lock is there. */
async function waiting(): Promise<void> {
  const blocked = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
  await expect.poll(async () => (await client.query(blocked)).rows.length, patient).toBeGreaterThan(0);
}

describe("a lease on a PostgreSQL server", () => {
  it("ends with the sessions of its process", async () => {
    await using dying = await openPostgres(url, never);
    await using next = await openPostgres(url, never);
    const lease = await take(dying);
    expect(await isTaken(next)).toBe(false);
    await client.query(
      `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN meter_leases l ON l.process = a.application_name`,
    );
    await expect.poll(() => isTaken(next), patient).toBe(true);
    await expect
      .poll(() => dying.keeping.commit({ lease, values: [value(2)] }).catch(({ code }) => code), patient)
      .toBe("lease-lost");
    expect(lease.lost).toBe(true);
    expect(await next.values.of(meterId)).toEqual([]);
  });

  it("ends when its process has not renewed it", async () => {
    await using silent = await openPostgres(url, never);
    await using next = await openPostgres(url, never);
    const lease = await take(silent);
    expect(await isTaken(next)).toBe(false);
    await client.query(
      `UPDATE processes p SET alive_until = (now() AT TIME ZONE 'UTC') - INTERVAL '1 ms'
      FROM meter_leases l WHERE l.process = p.process`,
    );
    expect(await isTaken(next)).toBe(true);
    await expect(silent.keeping.commit({ lease, ranUpTo: 5 })).rejects.toMatchObject({ code: "lease-lost" });
  });

  it("is renewed while the process runs", async () => {
    await using store = await openPostgres(url, { leaseMs: 1000, address: "here:1" });
    const until = async () => (await client.query("SELECT alive_until::text AS until, address FROM processes")).rows;
    const [first] = await until();
    expect(first.address).toBe("here:1");
    await expect.poll(async () => (await until())[0]?.until > first.until, patient).toBe(true);
    expect(store.sealed).toBe(false);
  });

  it("is lost for good when it could not be renewed in time", async () => {
    await using store = await openPostgres(url, { leaseMs: 500 });
    await expect.poll(async () => (await take(store)).lost, patient).toBe(false);
    const lease = await take(store);
    await client.query("ALTER TABLE processes RENAME TO hidden");
    try {
      await expect.poll(() => lease.lost, patient).toBe(true);
    } finally {
      await client.query("ALTER TABLE hidden RENAME TO processes");
    }
    let again: Lease | undefined;
    await expect
      .poll(async () => {
        again = await take(store).catch(() => undefined);
        return again?.lost;
      }, patient)
      .toBe(false);
    // The same process, and nobody else has had it.
    expect(again?.epoch).toBe(lease.epoch);
    expect(lease.lost).toBe(true);
  });

  it("comes with what was committed while it was waited for", async () => {
    await using next = await openPostgres(url, never);
    const old = await openPostgres(url, never);
    await take(old);
    await client.query("BEGIN");
    await client.query("UPDATE meter_leases SET commits = commits + 1, process = NULL, clock_offset_ms = 7");
    await client.query(
      "INSERT INTO attribute_values VALUES ('m', 1, 1, '0.0.96.1.0.255', 2, '\\x02', now() AT TIME ZONE 'UTC')",
    );
    const taking = next.keeping.take(meterId, none);
    await waiting();
    await client.query("COMMIT");
    expect(await taking).toMatchObject({ taken: true, clockOffset: 7, values: [{ attributeId: 2 }] });
    await old.close();
  });

  it("makes one commit of a meter follow the other", async () => {
    await using store = await openPostgres(url, never);
    const lease = await take(store);
    const rows = (at: number, clear?: true) => ({
      ...{ logicalDevice: 1, instanceId: "1.0.99.1.0.255", keep: 3, rows: [{ at, encoded: Uint8Array.of(at) }] },
      ...(clear === undefined ? {} : { clear }),
    });
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => store.keeping.commit({ lease, rows: [rows(at)], values: [value(2)] })),
    );
    const profile = { meterId, logicalDevice: 1, instanceId: "1.0.99.1.0.255" };
    expect((await store.keeping.range(profile, undefined, undefined)).map(([at]) => at)).toEqual([17, 18, 19]);
    // One that waits for the row of the lease has read the profile before: it reads it again.
    await client.query("BEGIN");
    await client.query("UPDATE meter_leases SET commits = commits + 1");
    await client.query(
      "INSERT INTO capture_records (meter_id, instance_id, at, encoded) VALUES ('m', '1.0.99.1.0.255', '1999-01-01', '\\x63')",
    );
    const clearing = store.keeping.commit({ lease, rows: [rows(50, true)] });
    await waiting();
    await client.query("COMMIT");
    await clearing;
    expect((await store.keeping.range(profile, undefined, undefined)).map(([at]) => at)).toEqual([50]);
  });
});
