import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dlms, folder, serving } from "./run.ts";

interface Row {
  readonly serial: string;
  readonly logicalDeviceName: string;
  readonly host: string;
  readonly port: number;
  readonly gateway: string;
}

const nameOf = (stdout: string): string => {
  const { value } = JSON.parse(stdout.split("\n")[0] as string);
  return Buffer.from(value.value, "hex").toString();
};

describe("meters behind gateways", () => {
  it.each([
    ["wrapper on TCP", ["--behind-gateway", "7"], 1, /^7\/\d{8}$/],
    [
      "HDLC on TCP, three gateways, numbers",
      ["--behind-gateway", "1/number", "--gateways", "3", "--link", "hdlc"],
      3,
      /^1\/0x000000/,
    ],
    ["wrapper on UDP", ["--behind-gateway", "0", "--transport", "udp"], 1, /^0\//],
  ] as const)("each is read by its row of the identities file: %s", async (_, how, ports, address) => {
    using place = folder();
    const path = join(place.path, "meters.json");
    const args = ["simulate", "--meters", "20", "--port", "0", "--seed", "x", "--identities", path, ...how];
    await using run = await serving(args, ports);
    const rows: Row[] = JSON.parse(readFileSync(path, "utf8"));
    expect(new Set(rows.map(({ port }) => port)).size).toBe(ports);
    expect(new Set(rows.map(({ gateway }) => gateway)).size).toBe(20);
    expect(run.lines).toHaveLength(ports);
    for (const index of [0, 19]) {
      const { serial, logicalDeviceName, gateway } = rows[index] as Row;
      expect(gateway).toMatch(address);
      const who = ["--meter", serial, "--identities", path, "--state", join(place.path, "state"), "--json"];
      const ran = await dlms(["read", "0.0.42.0.0.255", ...who, "--client", "48"]);
      expect(ran.code, ran.stderr + ran.stdout).toBe(0);
      expect(nameOf(ran.stdout)).toBe(logicalDeviceName);
    }
  });

  it("--gateway names one; CSV has the column; an unknown meter fails, a wrong option says what to give", async () => {
    using place = folder();
    const path = join(place.path, "meters.csv");
    await using run = await serving([
      ...["simulate", "--meters", "2", "--port", "0", "--seed", "x", "--json"],
      ...["--behind-gateway", "1", "--identities", path],
    ]);
    const { port } = JSON.parse(run.lines[0] as string);
    const [head = "", row = ""] = readFileSync(path, "utf8").split("\r\n");
    const gateway = row.split(",")[head.split(",").indexOf("gateway")] as string;
    expect(gateway).toMatch(/^1\/\d{8}$/);
    const read = (...options: string[]) => dlms(["read", `127.0.0.1:${port}`, "0.0.42.0.0.255", ...options]);
    const ran = await read("--gateway", gateway);
    expect(ran.code, ran.stderr).toBe(0);
    const unknown = await read("--gateway", "2/00000000");
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain("the gateway may not reach the meter: check --gateway");
    const without = await read("--timeout", "500");
    expect(without.code).toBe(1);
    for (const text of ["1", "256/1", "x/1", "1/0x0"]) {
      const wrong = await read("--gateway", text);
      expect(wrong.code).toBe(2);
      expect(wrong.stderr).toContain("give NETWORK/ADDRESS");
    }
    const alone = await dlms(["simulate", "--gateways", "2"]);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining("--behind-gateway")]);
  });

  it("their pushes have the prefix, and dlms listen tells from whom", async () => {
    using files = folder();
    const identities = join(files.path, "meters.json");
    const base = ["simulate", "--port", "0", "--seed", "x", "--identities", identities, "--behind-gateway", "3"];
    const first = await serving(base);
    await first.stop();
    await using listener = await serving(["listen", "127.0.0.1:0", "--identities", identities, "--json"]);
    const { port } = JSON.parse(listener.lines[0] as string);
    await using meter = await serving([...base, "--push", `tcp://127.0.0.1:${port}`]);
    expect(meter.lines).toHaveLength(1);
    const [{ serial }] = JSON.parse(readFileSync(identities, "utf8"));
    const ran = await dlms([
      ...["invoke", "--meter", serial, "--identities", identities, "--client", "48"],
      ...["--state", join(files.path, "state"), "0.0.25.9.0.255:1", "0"],
    ]);
    expect(ran.code, ran.stderr).toBe(0);
    for (let waited = 0; waited < 200 && listener.output().length < 2; waited++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(JSON.parse(listener.output()[1] ?? "{}")).toMatchObject({
      event: "push",
      verified: true,
      gateway: { networkId: 3, physicalDeviceAddress: Buffer.from(serial).toString("hex") },
    });
  });

  it("dlms decode shows the prefix and the APDU in it", async () => {
    const ran = await dlms(["decode", "e60103303031c001c100080000010000ff0200"]);
    expect(ran.stdout).toContain("gateway-request");
    expect(ran.stdout).toContain("303031");
    expect(ran.stdout).toContain("get-request-normal");
    expect((await dlms(["decode", "--json", "e701020102d80101"])).stdout).toContain('"gateway-response"');
  });
});
