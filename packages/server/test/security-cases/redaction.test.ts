import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { toHex } from "@dlmskit/core";
import { expect, it } from "vitest";
import { secret } from "./case.ts";
import { keysOf, masterKeyOf, privateKeysOf } from "./parties.ts";

/** The ways in which octets are printed. */
function printed(octets: Uint8Array): string[] {
  const numbers = [...octets];
  return [
    toHex(octets),
    toHex(octets).toUpperCase(),
    numbers.map((one) => one.toString(16).padStart(2, "0")).join(" "),
    numbers.join(","),
    numbers.join(", "),
    numbers.map((one, at) => `"${at}":${one}`).join(","),
    globalThis.btoa(String.fromCharCode(...octets)),
    ...(numbers.every((one) => one >= 0x20 && one < 0x7f) ? [String.fromCharCode(...octets)] : []),
  ];
}

it("prints no key, whatever is printed of a server, a client, an event or a Fault (2.12)", {
  timeout: 60_000,
}, async () => {
  const child = fileURLToPath(new URL("./redaction.child.ts", import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ["--conditions=dlmskit-source", "--disable-warning=ExperimentalWarning", child],
    { maxBuffer: 256 * 1024 * 1024 },
  );
  const text = `${stdout}${stderr}`;
  expect(text.length).toBeGreaterThan(10_000);
  // Numbers over several lines are numbers, too.
  const flat = text.replaceAll(/\s+/g, " ");
  const secrets: [string, Uint8Array][] = [["secret", secret]];
  for (const suite of [0, 1, 2] as const) {
    for (const [name, key] of Object.entries(keysOf(suite))) secrets.push([`${name} of suite ${suite}`, key]);
    secrets.push([`master key of suite ${suite}`, masterKeyOf(suite)]);
    if (suite === 0) continue;
    for (const [name, key] of Object.entries(privateKeysOf(suite, "meter")))
      secrets.push([`${name} of suite ${suite}`, key]);
  }
  for (const [name, key] of secrets) {
    for (const form of printed(key)) expect(flat.includes(form), `${name} as ${form.slice(0, 12)}…`).toBe(false);
  }
});
