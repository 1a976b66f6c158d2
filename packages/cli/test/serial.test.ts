import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "@dlmskit/client";
import { Primary } from "@dlmskit/hdlc";
import type { Duplex } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import { serialOpen } from "@dlmskit/transport/serial";
import { afterEach, describe, expect, it } from "vitest";
import { noPty, type PtyPair, ptyPair } from "../../../test/pty-pair.ts";
import { ringingModem } from "../../transport/test/ringing-modem.ts";
import { dlms, folder, serving } from "./run.ts";

const pairs: PtyPair[] = [];
afterEach(async () => {
  for (const pair of pairs.splice(0)) await pair.close();
});

describe.skipIf(noPty !== undefined)("dlms on a serial line", () => {
  it.each([
    ["at 9600 baud", ["--baud", "9600"]],
    ["with mode E", ["--mode-e"]],
    ["through modems", ["--modem"]],
    ["on M-Bus", ["--link", "mbus"]],
  ])("simulates and reads %s", async (_, how) => {
    const pair = await ptyPair();
    pairs.push(pair);
    using place = folder();
    const bus = how[0] === "--baud" ? ["--silence", "3"] : [];
    await using run = await serving(["simulate", "--serial", pair.far, ...bus, ...how, "--seed", "x"]);
    expect(run.lines[0]).toBe(`listening on ${pair.far} (${how[1] === "mbus" ? "mbus" : "hdlc"})`);
    const state = ["--state", join(place.path, "state"), "--json"];
    const own = how[0] === "--modem" ? [...how, "030123"] : how;
    const ran = await dlms(["read", "--serial", pair.near, ...own, "1/0.0.42.0.0.255", ...state]);
    expect(ran.code, ran.stderr).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ instanceId: "0.0.42.0.0.255", attributeId: 2 });
  });
});

describe.skipIf(noPty !== undefined)("a real modem at the meter", () => {
  it.each([
    ["ring", "ATS0=0"],
    ["auto", "ATS0=1"],
  ])("dlms simulate --modem %s", async (how, prepared) => {
    const pair = await ptyPair();
    pairs.push(pair);
    await using _run = await serving(["simulate", "--serial", pair.far, "--modem", how, "--seed", "x"]);
    const modem = ringingModem(await serialOpen(pair.near));
    await expect.poll(() => modem.commands, { timeout: 20_000 }).toContain(prepared);
    const link = new Primary({ client: 16, server: { upper: 1 }, timeout: 5000 });
    const duplex = (await modem.call(50)) as Duplex;
    const session = await connect({ duplex, link }, { clock: systemClock, timeout: 20_000 });
    const name = await session.get({ classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 });
    expect(name.type).toBe("octet-string");
    await session.release();
  });
});

describe.skipIf(noPty !== undefined)("dlms without an association", () => {
  const read = async (simulated: readonly string[], how: readonly string[]): Promise<unknown[]> => {
    const pair = await ptyPair();
    pairs.push(pair);
    await using _run = await serving(["simulate", "--serial", pair.far, ...simulated, "--seed", "x"]);
    const ran = await dlms(["read", "--serial", pair.near, ...how, "--json", "0.0.42.0.0.255"]);
    expect(ran.code, ran.stderr).toBe(0);
    return ran.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  };
  const name = { address: "0-0:42.0.0*255", instanceId: "0.0.42.0.0.255" };

  it("reads the data block after a sign-on", async () => {
    const lines = await read(["--mode-e"], ["--readout"]);
    expect(lines).toMatchObject([{ meter: { mode: "C", manufacturer: "DLM" } }, name]);
  });

  it("waits for a telegram", async () => {
    expect(await read(["--telegram", "1"], ["--telegram"])).toMatchObject([{ meter: { mode: "D" } }, name]);
  });
});

it("dlms dials a meter over TCP", async () => {
  using place = folder();
  await using run = await serving(["simulate", "--link", "hdlc", "--port", "0", "--modem", "--seed", "x"]);
  const at = /127\.0\.0\.1:\d+/.exec(run.lines[0] as string)?.[0] as string;
  const state = ["--state", join(place.path, "state"), "--json"];
  const ran = await dlms(["read", at, "--link", "hdlc", "--modem", "030123", "1/0.0.42.0.0.255", ...state]);
  expect(ran.code, ran.stderr).toBe(0);
  expect(JSON.parse(ran.stdout)).toMatchObject({ instanceId: "0.0.42.0.0.255" });
});

it("dlms reads one of several meters on an M-Bus line over TCP, by its address and by its identity", async () => {
  using place = folder();
  const identities = join(place.path, "meters.json");
  const simulated = ["simulate", "--link", "mbus", "--meters", "3", "--port", "0", "--seed", "x"];
  await using run = await serving([...simulated, "--identities", identities]);
  const at = /127\.0\.0\.1:\d+/.exec(run.lines[0] as string)?.[0] as string;
  const [, second] = JSON.parse(readFileSync(identities, "utf8")) as { serial: string; logicalDeviceName: string }[];
  const state = ["--state", join(place.path, "state"), "--json"];
  const own = ["--meter", second?.serial as string, "--identities", identities];
  for (const how of [[at, "--link", "mbus", "--physical", "2"], own]) {
    const ran = await dlms(["read", ...how, "1/0.0.42.0.0.255", ...state]);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout).toContain(Buffer.from(second?.logicalDeviceName as string).toString("hex"));
  }
});

it.each([
  [["read", "--readout", "--telegram", "127.0.0.1"], "--readout and --telegram cannot be combined"],
  [["read", "--mode-e", "127.0.0.1"], "--mode-e needs --serial"],
  [["read", "--rs485", "high", "127.0.0.1"], "--rs485 needs --serial"],
  [["read", "--silence", "5", "127.0.0.1"], "--silence needs --serial"],
  [["read", "--serial", "/dev/x", "--link", "wrapper"], "the wrapper does not work on a serial line"],
  [["read", "--serial", "/dev/x", "--link", "mbus", "--mode-e"], "--mode-e cannot be combined with --link mbus"],
  [["read", "--link", "mbus", "--transport", "udp", "127.0.0.1"], "--link mbus does not work over UDP"],
  [["read", "--link", "mbus", "--quirk", "any-wport", "127.0.0.1"], "--quirk any-wport does not exist for --link mbus"],
  [["simulate", "--serial", "/dev/x", "--link", "mbus", "--telegram", "1"], "an M-Bus line has no sign-on"],
])("%j is wrong usage: %s", async (args, message) => {
  const ran = await dlms(args);
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain(message);
});
