// Meters in processes of their own, and clients that know nothing but its keys file.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dlms, dlmsProcess, folder, type Ran, type Serving, servingProcess } from "./run.ts";

const secrets = {
  systemTitle: "4d4d4d0000000001",
  clients: {
    16: {},
    32: { password: "lls-secret" },
    48: {
      password: "0123456789abcdef",
      encryptionKey: "000102030405060708090a0b0c0d0e0f",
      authenticationKey: "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
    },
  },
};
const hidden = [
  secrets.clients[32].password,
  secrets.clients[48].password,
  secrets.clients[48].encryptionKey,
  secrets.clients[48].authenticationKey,
];

const place = folder();
const keys = join(place.path, "keys.json");
const state = join(place.path, "state");
let meters: { readonly link: string; readonly at: string; readonly run: Serving }[];
const printed: string[] = [];

async function call(link: string, command: string, args: readonly string[], how = dlms): Promise<Ran> {
  const at = meters.find((one) => one.link === link)?.at ?? "";
  const ran = await how([command, at, ...args, "--link", link, "--state", state, "--timeout", "5000"]);
  printed.push(ran.stdout, ran.stderr);
  return ran;
}

const as48 = ["--client", "48", "--auth", "hls", "--keys", keys];
const as32 = ["--client", "32", "--auth", "lls", "--keys", keys];
const documents = ({ stdout, stderr }: Ran) => {
  expect(stdout, stderr).not.toBe("");
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
};

beforeAll(async () => {
  writeFileSync(keys, JSON.stringify(secrets));
  meters = await Promise.all(
    ["wrapper", "hdlc"].map(async (link) => {
      const run = await servingProcess(
        ["simulate", "--template", "is15959-d1", "--store", "memory", "--keys", keys].concat([
          "--port",
          "0",
          "--link",
          link,
        ]),
      );
      const [line] = run.lines;
      expect(line).toMatch(new RegExp(`^listening on 127\\.0\\.0\\.1:\\d+ \\(${link}\\)$`));
      return { link, at: /127\.0\.0\.1:\d+/.exec(line ?? "")?.[0] ?? "", run };
    }),
  );
});

afterAll(async () => {
  // The signals that it stops cleanly on.
  const codes = await Promise.all([meters[0]?.run.stop("SIGINT"), meters[1]?.run.stop("SIGTERM")]);
  place[Symbol.dispose]();
  expect(codes).toEqual([0, 0]);
});

describe.each(["wrapper", "hdlc"])("over %s", (link) => {
  it("the public client reads little, the utility much", async () => {
    const [open] = documents(await call(link, "read", ["0.0.42.0.0.255", "--json"]));
    expect(open).toMatchObject({ classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 });
    expect(Buffer.from(open.value.value, "hex").toString()).toMatch(/^DLK/);

    const refused = await call(link, "read", ["3/1.0.1.8.0.255", "--json"]);
    expect(refused.code).toBe(1);
    expect(documents(refused)[0].error).toMatch(/read-write-denied|object-undefined|scope-of-access-violated/);

    const energy = await call(link, "read", ["1.0.1.8.0.255", "1.0.12.7.0.255", "--json", ...as48]);
    expect(energy.code, energy.stderr).toBe(0);
    const [total, voltage] = documents(energy);
    expect(total).toMatchObject({ classId: 3, value: { type: "double-long-unsigned" }, unit: "Wh" });
    expect(voltage.scaled).toBeGreaterThan(150);
    expect(voltage.scaled).toBeLessThan(300);
  });

  it("discovers what each client may see", async () => {
    const seen = await Promise.all(
      [["--client", "16"], as32, as48].map(async (who) => documents(await call(link, "discover", ["--json", ...who]))),
    );
    const [open, reader, utility] = seen.map((lines) => lines.length - 1) as [number, number, number];
    expect(open).toBeGreaterThan(3);
    expect(reader).toBeGreaterThan(open);
    expect(utility).toBeGreaterThanOrEqual(reader);
    const writable = (lines: { attributes?: { writable: boolean }[] }[]) =>
      lines.flatMap(({ attributes = [] }) => attributes).filter((one) => one.writable).length;
    expect(writable(seen[0] as [])).toBe(0);
    expect(writable(seen[2] as [])).toBeGreaterThan(0);
  });

  it("reads a profile by range and by entry: JSON, CSV, table and chart", async () => {
    const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
    const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
    const range = ["1.0.99.1.0.255", "--from", `${day}T00:01`, "--to", `${next}T00:00`, ...as32];
    const [head, ...rows] = documents(await call(link, "profile", [...range, "--json"]));
    expect(head.columns[0]).toMatchObject({ classId: 8, instanceId: "0.0.1.0.0.255" });
    expect([48, 96]).toContain(rows.length);
    const csv = (await call(link, "profile", [...range, "--csv"])).stdout.trimEnd().split("\r\n");
    expect(csv).toHaveLength(rows.length + 1);
    expect(csv[0]).toContain("1.0.1.29.0.255:2 [Wh]");
    const people = (await call(link, "profile", [...range, "--plot"])).stdout;
    expect(people).toContain(`${rows.length} rows`);
    expect(people).toMatch(/[▁▂▃▄▅▆▇█]/);
    const entries = documents(await call(link, "profile", ["1.0.99.1.0.255", "--entries", "1..3", "--json", ...as32]));
    expect(entries).toHaveLength(4);
  });
});

describe("refusals", () => {
  it.each<[string, string[], string]>([
    ["a wrong password", [...as32, "--password", "wrong-secret"], "association"],
    ["a wrong HLS secret", [...as48, "--password", "ffffffffffffffff"], ""],
    ["a wrong key", [...as48, "--ek", "11111111111111111111111111111111"], ""],
    ["no authentication for the utility", ["--client", "48"], "association"],
    ["a client that the meter does not know", ["--client", "99"], ""],
  ])("%s: a fault, 1, and the meter serves on", async (_, who, layer) => {
    const ran = await call("wrapper", "read", ["0.0.42.0.0.255", "--json", ...who]);
    expect(ran.code, ran.stdout).toBe(1);
    const [{ fault }] = documents(ran);
    expect(fault).toBeDefined();
    if (layer !== "") expect(fault.layer).toBe(layer);
    expect((await call("wrapper", "read", ["1/0.0.42.0.0.255"])).code).toBe(0);
  });

  it("a range that ends before it starts is wrong usage", async () => {
    const args = ["1.0.99.1.0.255", "--from", "2026-01-02", "--to", "2026-01-01", "--json", ...as32];
    const ran = await call("wrapper", "profile", args);
    expect(ran.code).toBe(2);
    expect(documents(ran)[0].fault.code).toBe("bad-option");
  });

  it("a SET of a wrong type goes nowhere; one without the right is refused", async () => {
    const name = "0.0.94.91.0.255";
    const who = ["--json", ...as48];
    const wrong = await call("wrapper", "write", ["8/0.0.1.0.0.255:3", '{"type": "boolean", "value": true}', ...who]);
    expect(documents(wrong)[0].fault.code, name).toBe("type-unmatched");
    const denied = await call("wrapper", "write", [
      ...["3/1.0.1.8.0.255:2", '{"type": "double-long-unsigned", "value": 0}'],
      ...who,
    ]);
    expect(denied.code).toBe(1);
    expect(documents(denied)[0].fault.code).toBe("read-write-denied");
  });
});

it("a keys file that is wrong is a fault that names the place and no key", async () => {
  const bad = join(place.path, "bad.json");
  writeFileSync(bad, JSON.stringify({ clients: { 48: { encryptionKey: `${secrets.clients[48].encryptionKey}ff` } } }));
  const ran = await call("wrapper", "read", ["0.0.42.0.0.255", "--client", "48", "--keys", bad]);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("clients.48.encryptionKey");
});

it("invocation counters are kept by a digest of the key, above all used before", async () => {
  const counters = readdirSync(state).filter((name) => name.startsWith("counter-"));
  for (const name of counters) expect(name).toMatch(/^counter-[0-9a-f]{16}-[0-9a-f]{16}$/);
  // A key that was wrong has a file of its own.
  const counter = () => counters.reduce((sum, name) => sum + Number(readFileSync(join(state, name), "utf8")), 0);
  const before = counter();
  expect((await call("wrapper", "read", ["1/0.0.42.0.0.255", ...as48])).code).toBe(0);
  expect(counter()).toBeGreaterThan(before);
  for (const name of readdirSync(state)) {
    const text = name + readFileSync(join(state, name), "utf8");
    for (const secret of hidden) expect(text).not.toContain(secret);
  }
});

it("clients at once wait for each other: no counter is shared, and all are served", async () => {
  const all = await Promise.all(
    Array.from({ length: 4 }, () => call("wrapper", "read", ["1/0.0.42.0.0.255", "--json", ...as48], dlmsProcess)),
  );
  for (const { code, stdout, stderr } of all) expect(code, stdout + stderr).toBe(0);
});

it("no secret was printed in any of this", () => {
  for (const text of printed) for (const secret of hidden) expect(text).not.toContain(secret);
});
