import { existsSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { Fault } from "@dlmskit/core";
import type { ServerEvent } from "@dlmskit/server";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Progress } from "../src/output/progress.ts";
import { ServerEvents, type ServerEventsOptions } from "../src/output/server-events.ts";
import { ownMeter, peer } from "./own-meter.ts";
import { dlms, folder, serving } from "./run.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => void vi.useRealTimers());

const where = { remote: "10.0.0.9:1", address: { client: 32, server: 1 }, meter: "TST1" };
const refusedBy = (code: "authentication-failed" | "bad-tag"): ServerEvent => ({
  type: "refused",
  ...where,
  fault: new Fault(code as "authentication-failed", "wrong \u001b[2J", { layer: "association" }),
});
const events: readonly ServerEvent[] = [
  { type: "opened", remote: "10.0.0.9:1" },
  refusedBy("authentication-failed"),
  { type: "locked", ...where, until: Date.UTC(2026, 0, 1) },
  { type: "store-failed", meter: "TST1", what: "a request", error: new Error("gone") },
  { type: "store-recovered", after: 12_300 },
  {
    type: "listener-failed",
    listener: "wrapper",
    fault: new Fault("too-many-connections", "10.0.0.9:2 was turned away", { layer: "transport" }),
  },
];

function told(options: Partial<Pick<ServerEventsOptions, "json" | "verbose" | "serialOf">> = {}) {
  const lines: string[] = [];
  const { json = false, verbose = false } = options;
  const printer = new ServerEvents({ ...options, json, verbose, write: (line) => lines.push(line), now: Date.now });
  return { lines, printer };
}

it("tells refusals, lock-outs, a store's outage and its end, full listeners: a line each, nothing that acts on a terminal", () => {
  const { lines, printer } = told();
  for (const event of events) printer.tell(event);
  expect(lines.map((line) => line.replace(/^\S+ /, ""))).toEqual([
    "refused: 10.0.0.9:1, client 32, meter TST1: wrong \\u{1b}[2J",
    "locked out: 10.0.0.9:1, client 32, meter TST1, until 2026-01-01T00:00:00.000Z: too many failed authentications",
    "store failed: meter TST1, a request: gone",
    "store works again, after 12.3 s",
    "listener full: wrapper: 10.0.0.9:2 was turned away",
  ]);
  const serialOf = (name: string) => (name === "TST1" ? "4711" : undefined);
  for (const json of [false, true]) {
    const named = told({ json, serialOf });
    named.printer.tell(events[2] as ServerEvent);
    if (json) expect(JSON.parse(named.lines[0] as string)).toMatchObject({ meter: "TST1", serial: "4711" });
    else expect(named.lines).toEqual([expect.stringContaining("client 32, meter TST1 (serial 4711), until")]);
  }
  const ignored: ServerEvent = {
    ...{ type: "ignored", remote: "10.0.0.9:3", why: "address" },
    address: { client: 16, server: 1, physical: 18 },
  };
  printer.tell(ignored);
  expect(lines).toHaveLength(5);
  const strangers = told({ verbose: true });
  strangers.printer.tell(ignored);
  expect(strangers.lines[0]).toContain(
    "ignored: 10.0.0.9:3: no meter has server address 1, physical address 18 (asked by client 16)",
  );
  const verbose = told({ verbose: true });
  verbose.printer.tell(events[0] as ServerEvent);
  expect(verbose.lines).toEqual([expect.stringContaining("opened: 10.0.0.9:1")]);
});

it("tells five of a kind in ten seconds, and how many more there were", () => {
  const { lines, printer } = told({ json: true });
  for (let time = 0; time < 1000; time++) printer.tell(refusedBy("authentication-failed"));
  printer.tell(refusedBy("bad-tag"));
  expect(lines.map((line) => JSON.parse(line).code)).toEqual([
    ...Array(5).fill("authentication-failed"),
    ...["bad-tag"],
  ]);
  vi.advanceTimersByTime(10_000);
  expect(JSON.parse(lines[6] as string)).toMatchObject({
    event: "more",
    of: "refused authentication-failed",
    count: 995,
  });
  expect(lines).toHaveLength(7);
  printer.tell(refusedBy("authentication-failed"));
  expect(lines).toHaveLength(8);
});

it("says who was refused and locked out while dlms simulate runs, as documents too", async () => {
  vi.useRealTimers();
  using place = folder();
  const path = join(place.path, "meters.json");
  await using run = await serving(["simulate", "--port", "0", "--json", "--identities", path], 1);
  expect(run.lines).toHaveLength(1);
  const [{ serial }] = JSON.parse(readFileSync(path, "utf8"));
  const meter = ["--meter", serial, "--identities", path, "--client", "32", "--state", join(place.path, "state")];
  const wrong = [...meter, "--password", "a wrong one"];
  for (let attempt = 0; attempt < 5; attempt++) expect((await dlms(["discover", ...wrong])).code).toBe(1);
  const all = (): { event: string; code?: string; client?: number; serial?: string }[] =>
    run.output().map((line) => JSON.parse(line));
  await expect.poll(() => all().map(({ event }) => event), { timeout: 20_000 }).toContain("locked");
  expect(all().find(({ event }) => event === "refused")).toMatchObject({
    ...{ code: "authentication-failed", serial },
    address: { client: 32, server: 1 },
  });
});

it("says that an address is in use before the store is made", async () => {
  vi.useRealTimers();
  using place = folder();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  const store = join(place.path, "store");
  const ran = await dlms(["simulate", "--port", String(port), "--store", `pglite:${store}`, "--json"]);
  other.close();
  expect([ran.code, JSON.parse(ran.stdout).fault.code]).toEqual([1, "address-in-use"]);
  expect(existsSync(store)).toBe(false);
  expect(ran.stderr).toBe("");
});

it("shows how far it is after a second, where that is asked for and no terminal is there", async () => {
  vi.useRealTimers();
  const meter = await ownMeter();
  const [host, port] = meter.at("wrapper").split(":") as [string, string];
  // A slow line: each answer comes late.
  const slow = await peer((socket) => {
    const far = connect(Number(port), host);
    socket.on("data", (octets) => far.write(octets));
    far.on("data", (octets) => setTimeout(() => socket.write(octets), 400));
    far.on("close", () => socket.end());
    socket.on("close", () => far.destroy());
  });
  const asked = ["read", slow.at, "0.0.96.1.11.255", "0.0.96.1.10.255"];
  const [quiet, loud, cert] = await Promise.all([
    dlms(asked),
    dlms([...asked, "--progress"]),
    // What it says then is another matter: this meter has no Security setup.
    dlms(["cert", "list", slow.at, "--progress"]),
  ]);
  expect(cert.stderr).toMatch(/^listing certificates: \d+ octets received, 1 s\n/);
  slow.close();
  await meter.close();
  expect([quiet.code, quiet.stderr]).toEqual([0, ""]);
  expect(loud.stdout).toBe(quiet.stdout);
  expect(loud.stderr).toMatch(/^reading: \d+ octets received, 1 s\n/);
});

it("shows how far dlms decode is, which leaves the event loop no turn", () => {
  vi.useRealTimers();
  const written: string[] = [];
  const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
  let done = 0;
  let now = performance.now();
  const time = vi.spyOn(performance, "now").mockImplementation(() => now);
  using progress = new Progress({ progress: true }, "decoding");
  progress.at(() => `decoding: ${done} inputs done`);
  for (; done < 500; done++) {
    now += 5;
    progress.pulse();
  }
  stderr.mockRestore();
  time.mockRestore();
  expect(written).toEqual(["decoding: 199 inputs done, 1 s\n", "decoding: 399 inputs done, 2 s\n"]);
});
