import { readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { fromHex } from "@dlmskit/core";
import { expect, it } from "vitest";
import { dlms, folder, serving } from "./run.ts";

const until = async (is: () => boolean): Promise<void> => {
  for (let waited = 0; waited < 600 && !is(); waited++) await new Promise((resolve) => setTimeout(resolve, 50));
};

/** The octets of a capture of push-captures.json. */
function captured(id: string): Uint8Array {
  const file = new URL("../../../test-vectors/push-captures.json", import.meta.url);
  const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { vectors: { id: string; hex: string }[] };
  return fromHex(vectors.find((one) => one.id === id)?.hex as string);
}

const sent = (port: number, octets: Uint8Array): void => {
  const socket = createConnection({ host: "127.0.0.1", port }, () => socket.end(octets));
};

it("listen --pcap records what came, for dlms decode", async () => {
  using files = folder();
  const pcap = join(files.path, "pushes.pcap");
  await using listener = await serving(["listen", "127.0.0.1:0", "--link", "hdlc", "--pcap", pcap, "--json"]);
  const { port } = JSON.parse(listener.lines[0] as string);
  sent(port, captured("push-aidon-001"));
  await until(() => listener.output().length > 1);
  const decoded = await dlms(["decode", pcap, "--json"]);
  expect([decoded.code, decoded.stderr]).toEqual([0, ""]);
  const frames = decoded.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  // The push asks for a confirmation.
  expect(frames.map(({ pdu }) => pdu.apdu)).toEqual(["data-notification", "data-notification-confirm"]);
});

it("read --pcap records both directions", async () => {
  using files = folder();
  const pcap = join(files.path, "read.pcap");
  await using meter = await serving(["simulate", "--port", "0", "--seed", "x"]);
  const [, port] = /:(\d+)/.exec(meter.lines[0] as string) as unknown as [string, string];
  const state = ["--state", join(files.path, "state")];
  const ran = await dlms(["read", `127.0.0.1:${port}`, "0.0.42.0.0.255", "--pcap", pcap, ...state]);
  expect([ran.code, ran.stderr]).toEqual([0, ""]);
  const decoded = await dlms(["decode", pcap]);
  for (const apdu of ["aarq", "aare", "get-request", "get-response"]) expect(decoded.stdout).toContain(apdu);
});

it("says why a recording cannot be written", async () => {
  const ran = await dlms(["listen", "127.0.0.1:0", "--pcap", "/nowhere/at/all.pcap"]);
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining("could not be written")]);
});

it("listen --layout takes what dlms read --json prints for Push setups", async () => {
  using files = folder();
  const state = ["--state", join(files.path, "state")];
  const keys = join(files.path, "keys.json");
  const client = { encryptionKey: "00".repeat(16), authenticationKey: "11".repeat(16), password: "secret-of-48-16!" };
  writeFileSync(keys, JSON.stringify({ clients: { 48: client } }), { mode: 0o600 });
  await using meter = await serving(["simulate", "--port", "0", "--seed", "x", "--keys", keys]);
  const [, port] = /:(\d+)/.exec(meter.lines[0] as string) as unknown as [string, string];
  const setups = ["0.0.25.9.0.255:2", "0.4.25.9.0.255:2"];
  const read = await dlms([
    ...["read", `127.0.0.1:${port}`, ...setups, "--client", "48", "--auth", "hls", "--keys", keys, "--json", ...state],
  ]);
  expect([read.code, read.stderr]).toEqual([0, ""]);
  const layout = join(files.path, "layout.json");
  writeFileSync(layout, read.stdout);
  for (const from of [
    ["--layout", layout],
    ["--template", "is15959-d1"],
  ]) {
    await using listener = await serving(["listen", "127.0.0.1:0", ...from, "--json"]);
    const lists = read.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).value.value.length);
    expect(new Set(lists).size).toBe(2);
    // A push of the first list, without its logical names: all null-data.
    const values = lists[0] as number;
    const apdu = new Uint8Array([0x0f, 0, 0, 0, 1, 0, 2, values, ...new Uint8Array(values)]);
    sent(JSON.parse(listener.lines[0] as string).port, new Uint8Array([0, 1, 0, 1, 0, 64, 0, apdu.length, ...apdu]));
    await until(() => listener.output().length > 1);
    const pushed = JSON.parse(listener.output()[1] as string);
    expect(pushed.layoutFrom).toBe("option");
    expect(pushed.values[0]).toMatchObject({
      instanceId: expect.stringMatching(/255$/),
      attributeId: expect.any(Number),
    });
  }
});
