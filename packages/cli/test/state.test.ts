import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { CounterFile, ownSystemTitle, stateFolder } from "../src/meter/state.ts";
import { folder } from "./run.ts";

const key = new Uint8Array(16).fill(7);
const title = new Uint8Array(8).fill(1);

it("what is reserved is remembered, and never given again", () => {
  using place = folder();
  const one = new CounterFile(place.path, key, title);
  expect(one.reserved).toBeUndefined();
  one.reserve(0, 64);
  const other = new CounterFile(place.path, key, title);
  expect(other.reserved).toBe(64);
  expect(() => other.reserve(63, 100)).toThrow(expect.objectContaining({ code: "counter-taken" }));
  other.reserve(200, 264);
  expect(one.reserved).toBe(264);
  // Another title has counters of its own.
  expect(new CounterFile(place.path, key, new Uint8Array(8)).reserved).toBeUndefined();
});

it("a file that is no counter is a fault, never a start from 0", () => {
  using place = folder();
  const file = new CounterFile(place.path, key, title);
  file.reserve(0, 64);
  const [name] = readdirSync(place.path);
  for (const text of ["", "-1", "many", "4294967297"]) {
    writeFileSync(join(place.path, name ?? ""), text);
    expect(() => file.reserved, text).toThrow(expect.objectContaining({ code: "bad-state" }));
    expect(() => file.reserve(0, 64), text).toThrow(expect.objectContaining({ code: "bad-state" }));
  }
});

it("the lock of a dead process is removed, that of a living one is waited for and then told", () => {
  using place = folder();
  const file = new CounterFile(place.path, key, title);
  file.reserve(0, 1);
  const lock = join(place.path, `${readdirSync(place.path)[0]}.lock`);
  writeFileSync(lock, "999999999");
  file.reserve(1, 2);
  expect(file.reserved).toBe(2);
  writeFileSync(lock, String(process.ppid));
  expect(() => file.reserve(2, 3)).toThrow(expect.objectContaining({ code: "bad-state" }));
  expect(readFileSync(lock, "utf8")).toBe(String(process.ppid));
});

it("processes that reserve at once each get what the others have not", async () => {
  using place = folder();
  const code = `
    const { CounterFile } = await import(${JSON.stringify(resolve(import.meta.dirname, "../src/meter/state.ts"))});
    const file = new CounterFile(${JSON.stringify(place.path)}, new Uint8Array(16).fill(7), new Uint8Array(8).fill(1));
    for (let got = 0; got < 40; ) {
      const from = file.reserved ?? 0;
      try {
        file.reserve(from, from + 1);
        got++;
        console.log(from);
      } catch (caught) {
        if (caught.code !== "counter-taken") throw caught;
      }
    }`;
  const runs = await Promise.all(
    Array.from(
      { length: 3 },
      () =>
        new Promise<string>((done) => {
          const child = spawn(process.execPath, ["--conditions=dlmskit-source", "--input-type=module", "-e", code], {
            cwd: resolve(import.meta.dirname, ".."),
          });
          let out = "";
          child.stdout.on("data", (chunk) => (out += chunk));
          child.stderr.on("data", (chunk) => (out += chunk));
          child.on("close", () => done(out));
        }),
    ),
  );
  const all = runs.flatMap((out) => out.trim().split("\n"));
  expect(all).toHaveLength(120);
  expect(new Set(all).size, all.join()).toBe(120);
});

it("the client's own title is made once, and the state is where XDG says", () => {
  using place = folder();
  const own = ownSystemTitle(place.path);
  expect(own).toHaveLength(8);
  expect(ownSystemTitle(place.path)).toEqual(own);
  expect(stateFolder({ XDG_STATE_HOME: "/var/state" })).toBe("/var/state/dlmskit");
  expect(stateFolder({ XDG_STATE_HOME: "" })).toMatch(/\.local[/\\]state[/\\]dlmskit$/);
});
