import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isLong, patience, times } from "../../../test/campaign.ts";
import { openPglite } from "../src/index.ts";
import { madeFolder } from "./made-folder.ts";

async function sizeOf(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

const mebi = 1 << 20;
const identity = {
  ...{ meterId: "m", serial: "1", logicalDeviceName: "TST1", systemTitle: new Uint8Array(8), seed: "", template: "t" },
  commissionedAt: 0,
};

it.skipIf(!isLong)(
  "a PGlite folder does not grow without end, whatever is written and whoever comes",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "dlmskit-soak-"));
    await madeFolder(folder);
    const store = await openPglite(folder, { connectionsKeptMs: 60_000 });
    const taken = await store.keeping.take("m", { clients: [], setups: [] }, identity);
    if (!taken.taken) throw new Error("held");
    const { lease } = taken;
    const encoded = new Uint8Array(400);
    const value = { logicalDevice: 1, classId: 1, instanceId: "0.0.96.1.11.255", attributeId: 2 };
    const profile = { logicalDevice: 1, instanceId: "1.0.99.1.0.255", keep: 50 };
    let at = 0;
    /** Sessions, one a second, each with a value that is written, a captured row and an event. */
    const sessions = async (count: number): Promise<number> => {
      for (const until = at + count; at < until; at++) {
        const instant = at * 1000;
        const id = await store.connections.open({
          ...{ meterId: "m", clientId: 48, connectionTime: instant, ipAddress: "::1", port: 1, sessionId: `s ${at}` },
        });
        await store.keeping.commit({
          lease,
          values: [{ ...value, encoded, updatedAt: instant }],
          rows: [{ ...profile, rows: [{ at: instant, encoded }] }],
          events: [{ instanceId: "0.0.99.98.0.255", at: instant, code: 1, encoded, keep: 50 }],
          peers: [{ keyId: "k", peer: "client 48", counter: at }],
        });
        await store.connections.close([id], instant);
      }
      return sizeOf(folder);
    };
    // As many as the upkeep needs to come round, then as much again and again.
    const before = await sessions(times(400));
    const tables = () =>
      store.database.query("SELECT sum(pg_total_relation_size(relid))::float8 AS size FROM pg_stat_user_tables");
    const tablesBefore = Number((await tables()).rows[0]?.size);
    const after = await sessions(times(400));
    const tablesAfter = Number((await tables()).rows[0]?.size);
    const rows = await store.connections.list({ status: ["DISCONNECTED"] });
    console.log(
      `${at} sessions: folder ${(before / mebi).toFixed(1)} then ${(after / mebi).toFixed(1)} MiB, ` +
        `tables ${(tablesBefore / mebi).toFixed(1)} then ${(tablesAfter / mebi).toFixed(1)} MiB, ${rows.length} rows of connections`,
    );
    // Nothing but the last minute's, and what waits for the next sixteen openings.
    expect(rows.length).toBeLessThan(100);
    expect(tablesAfter).toBeLessThan(tablesBefore + 0.3 * mebi);
    // Its log is kept in files of 16 MiB, of which some are kept for use again.
    expect(after).toBeLessThan(before + 33 * mebi);
    await store.close();
    await rm(folder, { recursive: true, force: true });
  },
  patience,
);
