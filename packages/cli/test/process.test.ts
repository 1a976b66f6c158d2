// The command as a process: most tests run it in their own, which is worth something only where both do the same.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dlmsProgram } from "../../../test/programs.ts";
import { ownMeter } from "./own-meter.ts";
import { dlms, dlmsProcess, folder, servingProcess } from "./run.ts";

let meter: Awaited<ReturnType<typeof ownMeter>>;
const place = folder();
beforeAll(async () => {
  meter = await ownMeter();
});
afterAll(async () => {
  await meter.close();
  place[Symbol.dispose]();
});
const lls = ["--client", "32", "--auth", "lls", "--password", "reader-secret"];
const request = "c001c100030100010800ff0200";

it.each<[string, (at: string) => string[], { input?: string; env?: { [name: string]: string } }?]>([
  ["--version", () => ["--version"]],
  ["--help", () => ["--help"]],
  ["no command", () => []],
  ["decode of standard input", () => ["decode", "-"], { input: `a log\n${request}\nzz\n` }],
  ["encode of standard input", () => ["encode", "-"], { input: '{"type": "long-unsigned", "value": 230}\n{\n' }],
  ["read", (at) => ["read", at, "1.0.1.8.0.255", "0.0.96.1.99.255", ...lls]],
  [
    "read, with an option of the environment",
    (at) => ["read", at, "1.0.1.8.0.255", ...lls.slice(0, 4)],
    { env: { DLMS_PASSWORD: "reader-secret" } },
  ],
  ["write", (at) => ["write", at, "0.0.96.1.11.255", "900", "--json", ...lls]],
  ["invoke", (at) => ["invoke", at, "7/1.0.99.1.0.255:1", "0", ...lls]],
  ["profile", (at) => ["profile", at, "1.0.99.1.0.255", "--plot", ...lls]],
  ["discover", (at) => ["discover", at]],
  ["listen", () => ["listen", "nowhere", "--json"]],
  ["simulate", () => ["simulate", "--speed", "-1"]],
  ["start", () => ["start", "--store", "nowhere:"]],
  ["cert", () => ["cert", "show", "no-such-file"]],
  ["key", () => ["key", "new", "--output", join(place.path, "absent", "keys.json")]],
  ["templates", () => ["templates"]],
  ["store", () => ["store", "fence"]],
  ["completion", () => ["completion", "zsh"]],
  ["line", () => ["line", "4060", "4059", "--loss", "2"]],
])("%s: the same output and exit code as in this process", async (_, args, how) => {
  const words = args(meter.at("wrapper"));
  const ran = await dlmsProcess(words, how);
  expect(ran.stdout + ran.stderr).not.toBe("");
  expect(ran).toEqual(await dlms(words, how));
});

it.skipIf(process.platform === "win32")("ends without a word when the reader of its output is gone", async () => {
  const child = spawn(process.execPath, [await dlmsProgram(), "decode", "-"], { stdio: ["pipe", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += chunk));
  const code = new Promise((resolve) => child.on("close", resolve));
  child.stdin.on("error", () => undefined);
  child.stdout.once("data", () => child.stdout.destroy());
  // The input never ends: only the closed pipe ends the program.
  const more = setInterval(() => child.stdin.write(`${request}\n`.repeat(50)), 20);
  expect([await code, stderr]).toEqual([0, ""]);
  clearInterval(more);
});

it("dlms listen stops on a signal", async () => {
  // Its one line of readiness is on standard output with --json.
  await using listener = await servingProcess(["listen", "127.0.0.1:0", "--json"]);
  expect(await listener.stop("SIGINT")).toBe(0);
});
