import { createHash } from "node:crypto";
import { type Data, type DataLike, fromData, T, treeOf } from "@dlmskit/apdu";
import { fromAscii, fromHex, toHex } from "@dlmskit/core";
import {
  type AccessMode,
  ObjectListElement,
  ObjectListElement0,
  register,
  registerMonitor,
  rightsOf,
  scriptTable,
} from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { hls, Meter, meterTemplate, none } from "../src/index.ts";
import { Bench, type Client } from "./a-client.ts";
import { aMeter } from "./a-meter.ts";
import { pushWorld } from "./a-push.ts";

const integer0: Data = { type: "integer", value: 0 };

it("12.5: an alarm register pushes when it leaves 0, and again only after it was 0", async () => {
  const alarms = register("0.0.97.98.0.255", { type: T.doubleLongUnsigned, value: 0, unit: "Wh" });
  const push = { serviceId: 2, classId: 40, instanceId: "0.0.25.9.0.255", index: 1, parameter: integer0 };
  const scripts = scriptTable("0.0.10.0.108.255", [{ scriptIdentifier: 1, actions: [push] }]);
  const pushes = { scriptLogicalName: "0.0.10.0.108.255", scriptSelector: 1 };
  const none = { scriptLogicalName: "0.0.0.0.0.0", scriptSelector: 0 };
  const monitor = registerMonitor("0.0.16.1.0.255", {
    monitored: [alarms, 2],
    thresholds: [{ type: "double-long-unsigned", value: 0 }] as never,
    actions: [{ actionUp: pushes, actionDown: none }],
  });
  const world = pushWorld({ more: [alarms, scripts, monitor] });
  const pushedAfter = async (value: number): Promise<number> => {
    const attribute = { classId: 3, instanceId: alarms.instance, attributeId: 2 };
    await world.meter.set(attribute, { type: "double-long-unsigned", value });
    await world.go(world.received.length * 100 + 100 * ++steps);
    return world.received.length;
  };
  let steps = 0;
  // Bits that join an alarm, and one that goes while others stay, push nothing.
  expect([await pushedAfter(1), await pushedAfter(5), await pushedAfter(4)]).toEqual([1, 1, 1]);
  expect([await pushedAfter(0), await pushedAfter(8)]).toEqual([1, 2]);
  await world.close();
});

describe("an association of high level security", () => {
  const secret = "0123456789abcdef";
  const challenge = fromAscii("CHALLENG");
  const aarq = fromHex(
    `6036a1090607608574050801018a0207808b0760857405080203ac0a8008${toHex(challenge)}be10040e01000000065f1f0400001e1dffff`,
  );
  const md5 = (...parts: readonly Uint8Array[]): Uint8Array => {
    const hash = createHash("md5");
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const reply = (token: Uint8Array, instance = "0000280000ff", method = "01"): Uint8Array =>
    fromHex(`c301c1000f${instance}${method}0109${toHex(Uint8Array.of(token.length))}${toHex(token)}`);

  async function challenged() {
    const meter = new Meter(
      meterTemplate({
        objects: [],
        associations: {
          watcher: { client: 16, security: none(), access: "full" },
          hls: { client: 3, security: hls(3, secret), access: "full" },
        },
      }),
      { name: "TST1" },
    );
    const bench = new Bench(meter);
    const watcher = await bench.client().open();
    const client: Client = bench.client({ client: 3 });
    const status = async (): Promise<unknown> => {
      const [read] = await watcher.get([15, "0.0.40.0.2.255", 8]);
      return (treeOf((read as { data: DataLike }).data) as { value?: unknown }).value;
    };
    const before = await status();
    const aare = (await client.raw(aarq)) as Uint8Array;
    const at = aare.indexOf(0xaa);
    const theirs = aare.subarray(at + 4, at + 4 + (aare[at + 3] as number));
    return { before, client, status, theirs };
  }

  const get = fromHex("c001c1000f0000280000ff0200");

  it("18.2: status 0, 1 once the AARE has accepted, 2 once reply_to_HLS is right", async () => {
    const { before, client, status, theirs } = await challenged();
    expect([before, await status()]).toEqual([0, 1]);
    const answer = (await client.raw(reply(md5(theirs, fromAscii(secret))))) as Uint8Array;
    expect(toHex(answer)).toBe(`c701c10001000910${toHex(md5(challenge, fromAscii(secret)))}`);
    expect(await status()).toBe(2);
    expect((await client.raw(get))?.[3]).toBe(0);
    client.pump.destroy();
    await client.bench.settle();
    expect(await status()).toBe(0);
  });

  it.each([
    ["a GET", get],
    ["a method of another association", reply(new Uint8Array(16), "0000280001ff")],
    ["another method of its association", reply(new Uint8Array(16), "0000280000ff", "02")],
  ])("18.2: in status 1 %s is not served", async (_, request) => {
    const { client, status, theirs } = await challenged();
    const answer = await client.raw(request);
    // No result of a GET, and no success of an ACTION.
    if (answer?.[0] === 0xc4 || answer?.[0] === 0xc7) expect(answer[3]).not.toBe(0);
    expect(await status()).not.toBe(2);
    await client.raw(reply(md5(theirs, fromAscii(secret))));
    expect(await status()).not.toBe(1);
  });

  it("18.2: a wrong reply is answered without success and without data, and the status is 0", async () => {
    const { client, status } = await challenged();
    const answer = (await client.raw(reply(new Uint8Array(16)))) as Uint8Array;
    expect([answer[0], answer[1]]).toEqual([0xc7, 0x01]);
    expect(answer[3]).not.toBe(0);
    expect(answer[4]).toBe(0);
    expect(await status()).toBe(0);
    expect((await client.raw(get))?.[0]).not.toBe(0xc4);
  });
});

describe("access modes in the object list", () => {
  const list = T.array(ObjectListElement);
  const list0 = T.array(ObjectListElement0);
  const noteName = "0.0.96.1.10.255";
  const relay = "0.0.96.3.10.255";
  const modes = async (version: 0 | 1 | 2 | 3, attribute: AccessMode, method: "access" | "authenticated-access") => {
    const { meter } = aMeter({
      associations: {
        own: {
          client: 1,
          security: none(),
          version,
          access: rightsOf([
            { instance: noteName, attributes: { 2: attribute } },
            { instance: relay, methods: { 1: method } },
            { instance: "0.0.40.0.0.255", attributes: { 2: "read-only" } },
          ]),
        },
      },
    });
    const client = await new Bench(meter).client({ client: 1 }).open();
    const [read] = await client.get([15, "0.0.40.0.0.255", 2]);
    const { data } = read as { data: DataLike };
    const elements = version === 0 ? fromData(list0, data) : fromData(list, data);
    const of = (instance: string) => elements.find(({ instanceId }) => instanceId === instance)?.accessRights;
    const [first] = await client.get([1, noteName, 1]);
    return {
      attributes: of(noteName)?.attributes.map(({ attributeId, accessMode }) => [attributeId, accessMode]),
      method: of(relay)?.methods.find(({ methodId }) => methodId === 1)?.accessMode,
      first: "data" in (first as object),
      unlisted: (await client.get([3, "1.0.32.7.0.255", 2]))[0],
    };
  };

  it.each([
    [0, "read-only", 1],
    [0, "write-only", 2],
    [0, "read-and-write", 3],
    [1, "read-and-write", 3],
    [1, "authenticated-read-only", 4],
    [2, "authenticated-write-only", 5],
    [2, "authenticated-read-and-write", 6],
    [3, "read-only", 1],
    [3, "read-and-write", 3],
    [3, "authenticated-read-only", 0b100101],
    [3, "authenticated-read-and-write", 0b100111],
  ] as const)(
    "18.7: version %s tells %s as %s; attribute 1 is read, what is not listed is not",
    async (version, name, mode) => {
      const { attributes, first, unlisted } = await modes(version, name, "access");
      expect(attributes).toContainEqual([2, mode]);
      expect(attributes?.find(([id]) => id === 1)?.[1]).toBe(1);
      expect(first).toBe(true);
      expect(unlisted).toEqual({ error: expect.stringMatching(/denied|undefined/) });
    },
  );

  it.each([
    [0, "access", true],
    [1, "access", 1],
    [2, "authenticated-access", 2],
    [3, "access", 1],
    [3, "authenticated-access", 0b100101],
  ] as const)("18.7: version %s tells a method with %s as %s", async (version, name, mode) => {
    expect(Number((await modes(version, "read-only", name)).method)).toBe(Number(mode));
  });
});
