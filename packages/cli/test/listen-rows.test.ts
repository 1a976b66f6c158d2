import { createServer } from "node:net";
import { join } from "node:path";
import type { CommunicationPort } from "@dlmskit/storage";
import { openPglite } from "@dlmskit/storage-pg";
import { expect, it } from "vitest";
import { isLong } from "../../../test/campaign.ts";
import { noPty, ptyPair } from "../../../test/pty-pair.ts";
import { madeFolder } from "../../storage-pg/test/made-folder.ts";
import { dlms, folder, serving } from "./run.ts";

/** A store with these rows of communication_ports. */
async function storeWith(path: string, rows: readonly CommunicationPort[]): Promise<string> {
  await madeFolder(path);
  await using store = await openPglite(path);
  await store.communicationPorts.addAll(rows);
  return `pglite:${path}`;
}

it("listens where the rows of communication_ports say, and says which row it does not follow", async () => {
  using place = folder();
  const store = await storeWith(join(place.path, "store"), [
    { portType: "TCP", portNumber: 0 },
    { portType: "TCP", portNumber: 0, baudRate: 9600 },
    { portType: "UDP", portNumber: 0 },
    { portType: "SERIAL", portNumber: 98, baudRate: 9600 },
  ]);
  await using run = await serving(["simulate", "--store", store], 3);
  const found = run.lines.map((line) => /^listening on (127\.0\.0\.1:\d+) \((\w+)\)$/.exec(line) ?? []);
  expect(found.map(([, , link]) => link)).toEqual(["wrapper", "hdlc", "wrapper"]);
  expect(run.errors()).toContain("listener failed: hdlc on /dev/ttyS98 (communication_ports id 4, port_number): ");
  const [wrapper, hdlc, udp] = found.map(([, at]) => at as string) as [string, string, string];
  const read = async (at: string, ...how: string[]) => {
    // With its class: then the object list is not read first.
    const ran = await dlms(["read", at, "1/0.0.42.0.0.255", "--state", join(place.path, "state"), ...how]);
    return [ran.code, ran.stderr];
  };
  expect(await read(wrapper)).toEqual([0, ""]);
  expect(await read(hdlc, "--link", "hdlc")).toEqual([0, ""]);
  expect(await read(udp, "--transport", "udp")).toEqual([0, ""]);
});

it.skipIf(noPty !== undefined || !isLong).each([
  ["HDLC at 9600 baud", { baudRate: 9600, dataBits: 8, parity: "NONE" }, ["--baud", "9600"]],
  ["an optical head", { baudRate: 300, dataBits: 7, parity: "EVEN" }, ["--mode-e"]],
] as const)("serves a serial row: %s, read with --serial at the other end", async (_, settings, how) => {
  using place = folder();
  const pair = await ptyPair();
  const [, devices = "", number] = /^(.*\/)(\d+)$/.exec(pair.far) ?? [];
  const row = { ...settings, portType: "SERIAL", portNumber: Number(number), stopBits: 1 } as const;
  const store = await storeWith(join(place.path, "store"), [row]);
  {
    await using run = await serving(["simulate", "--store", store, "--serial-devices", `${devices}{n}`, "--seed", "x"]);
    expect(run.lines).toEqual([`listening on ${pair.far} (hdlc)`]);
    const state = ["--state", join(place.path, "state"), "--json"];
    const ran = await dlms(["read", "--serial", pair.near, ...how, "0.0.42.0.0.255", ...state]);
    expect(ran.code, ran.stderr).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ instanceId: "0.0.42.0.0.255" });
  }
  await pair.close();
});

it("a pattern of devices without a place for the number is wrong usage", async () => {
  expect(await dlms(["simulate", "--serial-devices", "/dev/ttyUSB0"])).toMatchObject({ code: 2 });
});

it("names table, id and column of a row whose port is taken", async () => {
  using place = folder();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  const store = await storeWith(join(place.path, "store"), [
    { portType: "UDP", portNumber: 0 },
    { portType: "TCP", portNumber: port },
  ]);
  const ran = await dlms(["simulate", "--store", store, "--json"]);
  other.close();
  expect([ran.code, JSON.parse(ran.stdout).fault]).toEqual([
    1,
    expect.objectContaining({ code: "address-in-use", path: "communication_ports.id 2.port_number" }),
  ]);
});

it("listens where options say, whatever the rows say", async () => {
  using place = folder();
  const store = await storeWith(join(place.path, "store"), [{ portType: "UDP", portNumber: 0 }]);
  await using run = await serving(["simulate", "--store", store, "--link", "hdlc", "--port", "0"]);
  expect(run.lines).toEqual([expect.stringMatching(/\(hdlc\)$/)]);
});

it("warns of a file of identities that is out of date after the next start", async () => {
  using place = folder();
  const start = ["simulate", "--port", "0", "--identities", join(place.path, "meters.csv")];
  await using random = await serving(start);
  expect(random.errors()).toContain("the next start creates other meters");
  await using seeded = await serving([...start, "--seed", "x"]);
  expect(seeded.errors()).toBe("");
});
