import { cpSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fenceCounters } from "../src/fence.ts";
import { openPglite, openPostgres, type PgStoreOptions } from "../src/index.ts";
import { type Server, startServer } from "./harness.ts";
import { madeFolder } from "./made-folder.ts";

const key = { meterId: "m", keyId: "k" };
const scope = { clients: [], setups: [] };
const identity = {
  ...{ meterId: "m", serial: "1", logicalDeviceName: "TST1", systemTitle: new Uint8Array(8), seed: "", template: "t" },
  commissionedAt: 0,
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dlmskit-copies-"));
  await madeFolder(join(folder, "store"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Opens a store, and gives what it said of a copy. */
async function opened(path: string, options: PgStoreOptions = {}) {
  const said: string[] = [];
  const store = await openPglite(path, { ...options, onProgress: (message) => said.push(message) });
  return { store, copy: said.find((message) => message.includes("restored")) };
}

async function used(path: string, options: PgStoreOptions = {}): Promise<{ upTo: number; copy: string | undefined }> {
  const { store, copy } = await opened(path, options);
  const { upTo } = await store.counters.reserve(key, 0, 100);
  await store.close();
  return { upTo, copy };
}

describe("a PGlite folder that was restored from an older copy", () => {
  it("is noticed, and no counter that was used after the copy comes again, of no key", async () => {
    const [path, copy] = [join(folder, "store"), join(folder, "copy")];
    await used(path);
    cpSync(path, copy, { recursive: true, preserveTimestamps: true });
    const after = await used(path);
    expect(after).toEqual({ upTo: 199, copy: undefined });
    await rm(path, { recursive: true });
    cpSync(copy, path, { recursive: true, preserveTimestamps: true });
    const restored = await opened(path);
    expect(restored.copy).toContain("files");
    const { from } = await restored.store.counters.reserve(key, 0, 100);
    expect(from).toBeGreaterThan(after.upTo);
    expect(from).toBe(99 + fenceCounters + 1);
    // A key of which the copy knows nothing may have been used since as well.
    expect((await restored.store.counters.reserve({ ...key, keyId: "other" }, 0, 1)).from).toBe(fenceCounters);
    await restored.store.close();
    // Once is enough.
    expect((await used(path)).copy).toBeUndefined();
  });

  it("is noticed by a witness where the files were put back in place", async () => {
    const [path, copy, witness] = [join(folder, "store"), join(folder, "copy"), join(folder, "state", "witness")];
    await used(path, { witness });
    cpSync(path, copy, { recursive: true });
    const after = await used(path, { witness });
    // Over what is there: each file stays the file that it was.
    cpSync(copy, path, { recursive: true, force: true });
    const { store, copy: said } = await opened(path, { witness });
    expect(said).toContain("witness");
    expect((await store.counters.reserve(key, 0, 1)).from).toBeGreaterThan(after.upTo);
    await store.close();
    expect((await used(path, { witness })).copy).toBeUndefined();
    await writeFile(witness, "no JSON");
    await expect(openPglite(path, { witness })).rejects.toMatchObject({ code: "store-witness" });
    expect(await readFile(witness, "utf8")).toBe("no JSON");
  });

  it("is fenced when it is told so: counters, leases, and the clients' counters where that is wanted", async () => {
    const { store } = await opened(join(folder, "store"));
    const taken = await store.keeping.take("m", scope, identity);
    if (!taken.taken) throw new Error("held");
    const peers = [{ keyId: "k", peer: "client 48", counter: 7 }];
    await store.keeping.commit({ lease: taken.lease, peers });
    await store.counters.reserve(key, 0, 100);
    expect(await store.fence({ counters: 1000, clients: true })).toEqual({ keys: 1, clients: 1 });
    expect(await store.counters.reserve(key, 0, 1)).toEqual({ from: 1100, upTo: 1100 });
    expect(await store.counters.loadPeer({ meterId: "m", keyId: "k", peer: "client 48" })).toBe(1007);
    await expect(store.keeping.commit({ lease: taken.lease, ranUpTo: 5 })).rejects.toMatchObject({
      code: "lease-lost",
    });
    // Not past the last counter there is.
    await store.fence({ counters: 0xffffffff });
    await expect(store.counters.reserve(key, 0, 1)).rejects.toMatchObject({ code: "counter-exhausted" });
    await store.close();
  });
});

describe("a database of a server that was restored from an older copy", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer();
  }, 120_000);
  afterAll(() => server?.stop());

  it("is noticed as another database, and fenced once, whoever opens it first", async () => {
    const url = await server.database();
    const first = await openPostgres(url);
    await first.counters.reserve(key, 0, 100);
    await first.close();
    const name = new URL(url).pathname.slice(1);
    const other = new URL(url);
    other.pathname = "/postgres";
    const admin = new pg.Client(other.href);
    await admin.connect();
    await admin.query(`CREATE DATABASE restored TEMPLATE ${name}`);
    await admin.end();
    other.pathname = "/restored";
    const said: string[] = [];
    const onProgress = (message: string) => said.push(message);
    const both = await Promise.all([
      openPostgres(other.href, { onProgress }),
      openPostgres(other.href, { onProgress }),
    ]);
    expect(said.filter((message) => message.includes("restored"))).toHaveLength(1);
    expect((await both[0].counters.reserve(key, 0, 1)).from).toBe(100 + fenceCounters);
    for (const store of both) await store.close();
    const again = await openPostgres(url, { onProgress });
    expect(said).toHaveLength(1);
    await again.close();
  });
});
