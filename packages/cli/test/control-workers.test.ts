import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tcpListen } from "@dlmskit/transport/node";
import { expect, it } from "vitest";
import { isLong } from "../../../test/campaign.ts";
import { freePort } from "../../storage-pg/test/harness.ts";
import { dlms, folder, servingProcess } from "./run.ts";

const slow = { timeout: 120_000 };

/** The process ids of the workers of a process. */
function workersOf(pid: number | undefined): number[] {
  const processes = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const numbers = processes.map((line) => line.trim().split(/\s+/).map(Number));
  return numbers.filter(([, of]) => of === pid).map(([child]) => child as number);
}

it("several workers have one control, which outlives a worker", slow, async () => {
  using place = folder();
  const identities = join(place.path, "meters.csv");
  const port = String(await freePort());
  const options = ["--port", port, "--control", "0", "--identities", identities, "--speed", "60", "--json"];
  await using run = await servingProcess(["simulate", "--meters", "4", "--workers", "2", ...options], 2);
  const documents = run.lines.map((line) => JSON.parse(line));
  expect(documents.map(({ event }) => event)).toEqual(["control", "listening"]);
  const at = String(documents[0].port);
  // biome-ignore lint/suspicious/noExplicitAny: each path has its own form
  const ask = async (method: string, path: string, body?: unknown): Promise<any> => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { "content-type": "application/json" };
    return (await fetch(`http://127.0.0.1:${at}${path}`, { method, headers, ...sent })).json();
  };
  const [, ...rows] = readFileSync(identities, "utf8").trim().split("\n");
  const serials = rows.map((row) => row.split(",")[0] as string);
  expect((await ask("GET", "/meters")).items.map(({ serial }: { serial: string }) => serial)).toEqual(serials);

  const read = ["read", "--identities", identities, "0.0.42.0.0.255", "--meter"];
  const asked = [serials[0], serials[3]] as const;
  for (const serial of asked) expect((await dlms([...read, String(serial)])).code).toBe(0);
  expect(await ask("GET", "/fleet")).toMatchObject({ meters: 4, associations: 2, workers: { count: 2, silent: [] } });
  const shown = await dlms(["sessions", "--control", at, "--all", "--json"]);
  const sessions = shown.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  // Latest first.
  expect(sessions.map(({ serial }) => serial)).toEqual(asked.toReversed());
  expect(new Set(sessions.map(({ id }) => id)).size).toBe(2);

  await ask("PUT", "/time", { now: "2030-01-01T00:00:00Z", speed: 0 });
  await ask("PUT", "/faults", { faults: [{ fault: "lossy", on: false }] });
  expect(await ask("POST", "/feeders/feeder-1/power", { on: false })).toEqual({ meters: 4, failed: 0, failures: [] });
  // A system without `ps` has no worker that is killed here.
  if (process.platform === "win32") return;
  process.kill(workersOf(run.pid).at(-1) as number, "SIGKILL");
  await expect.poll(() => run.errors(), { timeout: 30_000 }).toContain("worker 1 ended");
  await expect
    .poll(() => ask("GET", `/meters/${serials[3]}`), { timeout: 30_000 })
    .toMatchObject({
      ...{ powered: false, clock: "2030-01-01T00:00:00.000Z", faults: [{ name: "lossy", state: "off" }] },
    });
  expect(await run.stop()).toBe(0);
});

it.skipIf(process.platform === "win32")("what waits for a worker ends when the run is stopped", slow, async () => {
  const options = ["--port", String(await freePort()), "--control", "0", "--json"];
  await using run = await servingProcess(["simulate", "--meters", "2", "--workers", "2", ...options], 2);
  const { port } = JSON.parse(run.lines[0] as string);
  const url = `http://127.0.0.1:${port}`;
  const { items } = (await (await fetch(`${url}/meters`)).json()) as { readonly items: { readonly serial: string }[] };
  const slowest = workersOf(run.pid).at(-1) as number;
  process.kill(slowest, "SIGSTOP");
  let stopping: Promise<number | null> | undefined;
  try {
    const asked = fetch(`${url}/meters/${items[1]?.serial}`);
    // It needs no worker.
    await fetch(`${url}/time`);
    stopping = run.stop();
    const answer = await asked;
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining("is being stopped")]);
  } finally {
    process.kill(slowest, "SIGCONT");
  }
  expect(await stopping).toBe(0);
});

it.skipIf(!isLong || process.platform === "win32")(
  "a run that is stopped while a worker starts ends",
  slow,
  async () => {
    const options = ["--port", String(await freePort()), "--control", "0", "--json"];
    await using run = await servingProcess(["simulate", "--meters", "4", "--workers", "2", ...options], 2);
    process.kill(workersOf(run.pid).at(-1) as number, "SIGKILL");
    await expect.poll(() => workersOf(run.pid).length, { timeout: 30_000, interval: 20 }).toBe(1);
    await expect.poll(() => workersOf(run.pid).length, { timeout: 30_000, interval: 20 }).toBe(2);
    // It has begun, and needs longer than this until it serves.
    await sleep(600);
    expect(await run.stop()).toBe(0);
  },
);

it("a control port that is in use ends the run before a worker is started", async () => {
  await using taken = await tcpListen({ port: 0, accept: (duplex) => duplex.destroy() });
  const args = ["simulate", "--meters", "2", "--workers", "2", "--port", String(await freePort())];
  const { code, stderr } = await dlms([...args, "--control", String(taken.port)]);
  expect([code, stderr]).toEqual([1, expect.stringContaining("address-in-use")]);
});
