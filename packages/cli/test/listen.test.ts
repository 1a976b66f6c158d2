import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isLong } from "../../../test/campaign.ts";
import { dlms, folder, serving } from "./run.ts";

const until = async (is: () => boolean): Promise<void> => {
  for (let waited = 0; waited < 600 && !is(); waited++) await new Promise((resolve) => setTimeout(resolve, 50));
};

it.each([
  ["", "wrapper", "tcp", "memory"],
  ["udp://", "wrapper", "udp", "memory"],
  ["", "hdlc", "hdlc", "memory"],
  ...(isLong ? [["", "wrapper", "tcp", "pglite"] as const] : []),
] as const)("hears what a meter pushes: %s %s from %s, store %s", async (place, link, scheme, store) => {
  using files = folder();
  const identities = join(files.path, "meters.json");
  const listen = [`${place}127.0.0.1:0`, "--link", link, "--identities", identities, "--json"];
  // The file is there before the meters are: it is read when the listener starts.
  const first = await serving(["simulate", "--port", "0", "--seed", "x", "--identities", identities]);
  await first.stop();
  await using listener = await serving(["listen", ...listen]);
  const { port } = JSON.parse(listener.lines[0] as string);
  const kept = store === "memory" ? store : `pglite:${join(files.path, "store")}`;
  const push = `${scheme}://127.0.0.1:${port}`;
  await using meter = await serving([
    ...["simulate", "--port", "0", "--seed", "x", "--store", kept, "--push", push, "--json"],
    ...["--identities", identities],
  ]);
  expect(meter.lines[0]).toContain("listening");
  const state = ["--state", join(files.path, "state")];
  const [{ serial }] = JSON.parse(readFileSync(identities, "utf8"));
  const ran = await dlms([
    ...["invoke", "--meter", serial, "--identities", identities, "--client", "48", ...state],
    ...["0.0.25.9.0.255:1", "0"],
  ]);
  expect(ran.code, ran.stderr).toBe(0);
  await until(() => listener.output().length > 1);
  const pushed = JSON.parse(listener.output()[1] ?? "{}");
  expect(pushed).toMatchObject({
    ...{ event: "push", kind: "data-notification", longInvokeId: 1, verified: true },
    systemTitle: expect.stringMatching(/^[0-9a-f]{16}$/),
    data: { type: "structure" },
  });
  const voltage = pushed.values.find(
    (one: { instanceId: string; attributeId: number }) => one.instanceId === "1.0.12.7.0.255" && one.attributeId === 2,
  );
  expect(voltage).toMatchObject({ classId: 3, unit: "V" });
  expect(voltage.scaled).toBeGreaterThan(100);
  expect(voltage.scaled).toBeLessThan(300);
});

it("says what is wrong with a place, a layout and a key", async () => {
  using files = folder();
  const layout = join(files.path, "layout.json");
  writeFileSync(layout, '[{"classId": 3}]');
  for (const [args, code, text] of [
    [["nowhere"], 2, "not an address to listen on"],
    [["tls://:0"], 2, "needs --cert"],
    [[":0", "--layout", layout], 1, "not a push layout"],
    [[":0", "--ek", "12"], 2, "16 octets in hex"],
    [[":0", "--keys", join(files.path, "none.json")], 1, "cannot be read"],
  ] as const) {
    const ran = await dlms(["listen", ...args]);
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringContaining(text)]);
  }
});
