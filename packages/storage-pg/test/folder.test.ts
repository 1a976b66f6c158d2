import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockFolder } from "../src/folder-lock.ts";
import { openPglite } from "../src/index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dlmskit-folder-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const key = { meterId: "m", keyId: "k" };

/** Opens the folder in another process, reserves counters there, and prints what it was given; then does not end. */
function child(): ReturnType<typeof spawn> {
  const program = `
    import { openPglite } from "@dlmskit/storage-pg";
    const store = await openPglite(${JSON.stringify(join(folder, "db"))});
    for (;;) console.log((await store.counters.reserve(${JSON.stringify(key)}, 0, 10)).upTo);`;
  return spawn(process.execPath, ["--conditions=dlmskit-source", "--input-type=module", "--eval", program], {
    cwd: new URL(".", import.meta.url),
    stdio: ["ignore", "pipe", "inherit"],
  });
}

describe("a PGlite folder", () => {
  it("is kept, one process at a time", async () => {
    const path = join(folder, "db");
    const said: string[] = [];
    const store = await openPglite(path, { onProgress: (message) => said.push(message) });
    expect(store).toMatchObject({ kind: "pglite", sealed: false });
    expect(said[0]).toContain("takes some seconds");
    await expect(openPglite(path)).rejects.toMatchObject({ code: "folder-in-use", layer: "storage" });
    expect(await store.counters.reserve(key, 0, 100)).toEqual({ from: 0, upTo: 99 });
    await store.close();
    await store.close();
    expect(await readdir(path)).toEqual(["data"]);

    const again = await openPglite(path);
    expect(await again.counters.reserve(key, 0, 100)).toEqual({ from: 100, upTo: 199 });
    await again.close();
  }, 120_000);

  // The child runs the sources: its Node must strip types by itself.
  it.skipIf(Number(process.versions.node.split(".")[0]) < 24)(
    "keeps every counter that a process was given before it was killed, and is free again",
    async () => {
      const running = child();
      let said = "";
      await new Promise<void>((resolve, reject) => {
        running.stdout?.on("data", (chunk) => {
          said += String(chunk);
          if (said.split("\n").length > 20) resolve();
        });
        running.on("exit", () => reject(new Error(`the child ended: ${said}`)));
      });
      await expect(openPglite(join(folder, "db"))).rejects.toMatchObject({ code: "folder-in-use" });
      const ended = new Promise<void>((resolve) => running.on("exit", () => resolve()));
      running.kill("SIGKILL");
      await ended;
      const given = said
        .split("\n")
        .filter((line) => line !== "")
        .map(Number);
      const store = await openPglite(join(folder, "db"));
      expect((await store.counters.reserve(key, 0, 1)).from).toBeGreaterThan(Math.max(...given));
      await store.close();
    },
    120_000,
  );
});

describe("the lock of a folder", () => {
  const held = (holder: object) =>
    writeFile(join(folder, "lock"), JSON.stringify({ token: "t", started: "", ...holder }));
  const inUse = { code: "folder-in-use" };

  it("is taken over from a process that is dead", async () => {
    const dead = spawn(process.execPath, ["--eval", ""]);
    await new Promise((resolve) => dead.on("exit", resolve));
    await held({ pid: dead.pid, host: hostname() });
    await (await lockFolder(folder)).release();
  });

  it("is taken over where the pid is now another process's", async () => {
    await held({ pid: process.pid, host: hostname(), started: "an earlier boot" });
    await (await lockFolder(folder)).release();
  });

  it("is left to a living process, and to another host that renews it", async () => {
    await held({ pid: process.ppid, host: hostname() });
    await expect(lockFolder(folder)).rejects.toMatchObject(inUse);
    await held({ pid: 1, host: "elsewhere" });
    await expect(lockFolder(folder)).rejects.toMatchObject(inUse);
    expect(await readFile(join(folder, "lock"), "utf8")).toContain("elsewhere");
    await utimes(join(folder, "lock"), new Date(0), new Date(0));
    await (await lockFolder(folder)).release();
  });

  it("is taken over when it cannot be read and is old", async () => {
    await writeFile(join(folder, "lock"), "{");
    await expect(lockFolder(folder)).rejects.toMatchObject(inUse);
    await utimes(join(folder, "lock"), new Date(0), new Date(0));
    await (await lockFolder(folder)).release();
  });

  it("goes to one of many that ask at once, also when it is stale", async () => {
    for (const stale of [false, true]) {
      if (stale) await held({ pid: 2 ** 22 + 1, host: hostname() });
      const asked = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
      const got = asked.filter((each) => each.status === "fulfilled");
      expect(got).toHaveLength(1);
      for (const each of got) await each.value.release();
      expect((await readdir(folder)).filter((name) => name.startsWith("lock"))).toEqual([]);
    }
  });
});
