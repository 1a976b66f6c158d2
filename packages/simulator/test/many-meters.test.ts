import { connect } from "@dlmskit/client";
import { fromAscii, fromHex, toHex } from "@dlmskit/core";
import { Primary } from "@dlmskit/hdlc";
import { platformRandom } from "@dlmskit/server";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { failing } from "@dlmskit/storage/testing";
import { memoryPair } from "@dlmskit/transport";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { Handles } from "../src/fleet/handles.ts";
import { createSimulator, type Identity, parseKeysFile, type Simulator, wrapperSpace } from "../src/index.ts";
import { portsOf } from "../src/simulate/lines.ts";
import { associate, bottled, day, listed, now0, readBy, stepTo } from "./bottle.ts";
import { codeOf } from "./code-of.ts";

const nameOf = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 };
const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const text = (value: unknown): string => String.fromCharCode(...(value as { value: Uint8Array }).value);

describe("a fleet", () => {
  it("makes no row, no random number and no object a meter", async () => {
    const state = new MemoryState();
    const store = await openMemoryStore({}, state);
    const seen: { meters: number; draws: number }[] = [];
    for (const meters of [1, 1_000_000]) {
      let draws = 0;
      const random = (octets: number): Uint8Array => {
        draws++;
        return platformRandom(octets);
      };
      const simulator = await createSimulator({ meters, random, store: await openMemoryStore() });
      expect(simulator.count).toBe(meters);
      seen.push({ meters: await simulator.store.meters.count(), draws });
      await simulator.close();
    }
    expect(seen[1]).toEqual(seen[0]);
    const simulator = await createSimulator({ meters: 1_000_000, seed: "many", store });
    expect(simulator.meter(999_999).name).toBe(simulator.fleet.logicalDeviceName(999_999));
    expect(() => simulator.meter(1_000_000)).toThrow(expect.objectContaining({ code: "out-of-range" }));
    // What was asked for and never used leaves nothing in the store.
    for (let index = 0; index < 2000; index++) simulator.meter(index);
    expect(await store.meters.count()).toBe(1);
    const identity = await simulator.identity(999_999);
    expect(identity).toMatchObject({ meterId: "is15959-d1-1000000", serial: simulator.fleet.serial(999_999) });
    // The last of 16 ports of the wrapper.
    expect(identity.port).toBe(4059 + 15);
    await simulator.close();
  });

  it("hands out one handle of a meter as long as somebody holds it, and keeps few that nobody holds", () => {
    let made = 0;
    const handles = new Handles(8, (index) => ({ index, made: ++made }));
    const held = handles.at(3);
    for (let index = 0; index < 1000; index++) handles.at(index);
    expect(handles.kept).toBe(8);
    expect(handles.at(3)).toBe(held);
    expect(handles.at(999).index).toBe(999);
    expect(made).toBe(1000);
  });

  it("answers at the address that each identity names, and at no reserved one", async () => {
    const simulator = await createSimulator({ meters: 130, seed: "x" });
    const identities = await listed(simulator.identities());
    const servers = identities.map(({ serverAddress }) => serverAddress);
    expect(servers).not.toContain(127);
    const nameAt = async (server: number, timeout: number): Promise<string> => {
      const [near, far] = memoryPair();
      simulator.server.accept(far, new WrapperServerLink());
      const link = new WrapperClientLink({ client: 16, server });
      const session = await connect({ duplex: near, link }, { clock: systemClock, timeout });
      const name = text(await session.get(nameOf));
      await session.release();
      return name;
    };
    for (const { serverAddress, logicalDeviceName } of identities) {
      expect(await nameAt(serverAddress, 60_000)).toBe(logicalDeviceName);
    }
    await expect(nameAt(127, 50)).rejects.toThrow();
    await expect(nameAt(2, 50)).rejects.toThrow();
    await simulator.close();
  });

  it("goes to the next port where one cannot address all", async () => {
    await using simulator = await createSimulator({ meters: 20_000, seed: "ports" });
    const { ports, reached } = await simulator.listen({ link: "hdlc", port: 0 });
    expect(ports.map(({ meters }) => meters)).toEqual([
      { first: 0, meters: 16_126 },
      { first: 16_126, meters: 20_000 - 16_126 },
    ]);
    for (const index of [0, 16_125, 16_126, 19_999]) {
      const identity = await simulator.identity(index, reached[0]);
      expect(identity.port).toBe(ports[index < 16_126 ? 0 : 1]?.port);
      const server = { upper: identity.serverAddress, lower: identity.physicalAddress as number };
      const duplex = await tcpConnect("127.0.0.1", identity.port);
      const link = new Primary({ client: 16, server });
      const session = await connect({ duplex, link }, { clock: systemClock });
      expect(text(await session.get(nameOf))).toBe(identity.logicalDeviceName);
      await session.release();
    }
    await expect(simulator.listen({ link: "hdlc", port: 65_535 })).rejects.toMatchObject({
      ...{ code: "too-many-meters", hint: "one port can address 16126" },
    });
  });

  it("passes over the ports of other rows, and counts no further than there are ports", () => {
    const space = wrapperSpace();
    const line = { space, port: 4059, taken: new Set([4059, 4060, 4062]) };
    expect(portsOf(line, 1)).toEqual([4059]);
    expect(portsOf(line, space.capacity)).toEqual([4059]);
    expect(portsOf(line, 3 * space.capacity)).toEqual([4059, 4061, 4063]);
    expect(portsOf({ ...line, port: 0 }, 2 * space.capacity)).toEqual([0, 0]);
    expect(codeOf(() => portsOf({ ...line, port: 65_535 }, space.capacity + 1))).toBe("too-many-meters");
  });

  it("is the same by the same seed, in any store, and another without", async () => {
    const identitiesOf = async (seed?: string): Promise<Identity[]> => {
      const simulator = await createSimulator({ meters: 3, ...(seed === undefined ? {} : { seed }) });
      return listed(simulator.identities());
    };
    const [one, again, other, random, random2] = await Promise.all([
      identitiesOf("spring"),
      identitiesOf("spring"),
      identitiesOf("autumn"),
      identitiesOf(),
      identitiesOf(),
    ]);
    expect(again).toEqual(one);
    const keysOf = (identities: readonly Identity[]) =>
      identities.flatMap(({ clients }) => clients.flatMap(({ encryptionKey }) => encryptionKey ?? []));
    const all = [one, other, random, random2].flatMap(keysOf);
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBe(4 * 3 * 4);
  });

  it("needs three calls of the store at first contact, and none for the first GET", async () => {
    const failed = failing(await openMemoryStore(), []);
    const { simulator, clock } = await bottled({ store: failed.store, meters: 2 });
    const identity = await simulator.identity(1);
    const called = (from: number) => failed.calls.slice(from);
    let before = failed.calls.length;
    const session = await associate(simulator, clock, 48, { identity });
    await session.get(energy);
    expect(called(before)).toEqual(["keeping.take", "counters.reserve", "connections.open"]);
    before = failed.calls.length;
    // Another client of the same meter.
    const reader = await associate(simulator, clock, 32, { identity });
    await reader.get(energy);
    expect(called(before)).toEqual(["keeping.secrets", "counters.reserve", "connections.open"]);
    await session.release();
    await reader.release();
    await simulator.close();
  });
});

describe("what a store has of a meter", () => {
  const seed = "stored";
  const title = fromHex("4f4c440000000007");
  const encryptionKey = new Uint8Array(16).fill(5);
  const authenticationKey = new Uint8Array(16).fill(6);
  const secret = fromAscii("0123456789ABCDEF");

  /** As a store from before fleets has it: a row a meter, with identities and keys at random. */
  async function before(state: MemoryState): Promise<void> {
    const store = await openMemoryStore({}, state);
    const meterId = "is15959-d1-000002";
    await store.meters.putIfAbsent([
      {
        ...{ meterId, serial: "00000007", logicalDeviceName: "OLD0000000000007", systemTitle: title },
        ...{ seed: "old", template: "is15959-d1", commissionedAt: Date.UTC(2025, 5, 1) },
      },
    ]);
    await store.securitySettings.putIfAbsent([
      {
        ...{ meterId, instanceId: "0.0.43.0.3.255", securityPolicy: 3, securitySuite: 0, keyVersion: 1 },
        ...{ encryptionKey, authenticationKey },
      },
    ]);
    await store.securitySettings.putSecretsIfAbsent([{ meterId, clientId: 48, instanceId: "0.0.40.0.3.255", secret }]);
    await store.close();
  }

  const own = async (simulator: Simulator): Promise<Identity> => simulator.identity(1);

  it("goes before what is derived: who it is, its keys, its data", async () => {
    const state = new MemoryState();
    await before(state);
    const { simulator, clock } = await bottled({ meters: 3, seed }, state);
    const [first, second, third] = await listed(simulator.identities());
    expect(second).toMatchObject({
      serial: "00000007",
      logicalDeviceName: "OLD0000000000007",
      systemTitle: toHex(title),
    });
    const utility = second?.clients.find(({ client }) => client === 48);
    expect(utility).toMatchObject({ password: "0123456789ABCDEF", encryptionKey: toHex(encryptionKey) });
    for (const [at, identity] of [first, third].entries()) {
      expect(identity?.serial).toBe(simulator.fleet.serial(at * 2));
    }
    const session = await associate(simulator, clock, 48, { identity: second as Identity });
    expect(text(await session.get(nameOf))).toBe("OLD0000000000007");
    expect(await session.get({ classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 })).toMatchObject({
      value: "00000007",
    });
    const { value } = (await session.get(energy)) as { value: number };
    // Counted since it was commissioned, by its own seed.
    const { createModel, usualNetwork } = await import("../src/index.ts");
    const model = createModel({
      ...{ seed: "old", meter: "is15959-d1-000002", commissioned: Date.UTC(2025, 5, 1) },
      templates: await simulator.store.loadProfileTemplates.list(),
      powerQuality: await simulator.store.powerQualityEvents.list(),
      ...{ network: usualNetwork, number: 1 },
    });
    expect(value).toBe(Math.round(model.energy(now0).importWh));
    await session.release();
    await simulator.close();
  });

  it("has its keys changed to those of the keys file, in all of its rows and no other", async () => {
    const state = new MemoryState();
    await before(state);
    const keys = parseKeysFile({ clients: { 48: { password: "abcdefghijklmnop", encryptionKey: "0a".repeat(16) } } });
    const { simulator, store } = await bottled({ meters: 3, seed, keys }, state);
    const utility = (await own(simulator)).clients.find(({ client }) => client === 48);
    expect(utility).toMatchObject({ password: "abcdefghijklmnop", encryptionKey: "0a".repeat(16) });
    expect(utility?.authenticationKey).toBe(toHex(authenticationKey));
    const [setting, none] = await store.securitySettings.of("is15959-d1-000002");
    expect(setting?.keyVersion).toBe(2);
    expect(none).toBeUndefined();
    expect(await store.securitySettings.of("is15959-d1-000001")).toEqual([]);
    // At the next start with the same file there is nothing to change.
    await bottled({ meters: 3, seed, keys }, state);
    expect((await store.securitySettings.of("is15959-d1-000002"))[0]?.keyVersion).toBe(2);
    // The first meter has no title of the file, nor has the second.
    const other = bottled({ meters: 3, seed, keys: { systemTitle: simulator.fleet.systemTitle(0) } }, state);
    await expect(other).rejects.toMatchObject({ code: "identity-mismatch" });
  });

  it("of another template is refused, at the first use at the latest, and let go", async () => {
    const state = new MemoryState();
    const events: unknown[] = [];
    const { simulator, store } = await bottled({ meters: 2, events: (event) => events.push(event) }, state);
    await store.meters.putIfAbsent([
      {
        ...{ meterId: "is15959-d1-000002", serial: "1", logicalDeviceName: "MIN1", systemTitle: new Uint8Array(8) },
        ...{ seed: "", template: "other", commissionedAt: now0 },
      },
    ]);
    const mismatch = expect.objectContaining({ code: "template-mismatch" });
    await expect(readBy(simulator, 1, energy)).rejects.toEqual(mismatch);
    expect(state.leases.get("is15959-d1-000002")?.process).toBeUndefined();
    expect(await readBy(simulator, 0, energy)).toMatchObject({ type: "double-long-unsigned" });
  });

  it("is read in batches", async () => {
    const failed = failing(await openMemoryStore(), []);
    const { simulator } = await bottled({ store: failed.store, meters: 2500 });
    const before = failed.calls.length;
    expect(await listed(simulator.identities())).toHaveLength(2500);
    expect(failed.calls.slice(before)).toEqual([
      ...["meters.getMany", "securitySettings.ofMany", "securitySettings.secretsOfMany"],
      ...["meters.getMany", "meters.getMany"],
    ]);
    // One at a time: nothing is read before it is asked for.
    const at = failed.calls.length;
    const stream = simulator.identities();
    await stream.next();
    expect(failed.calls.length).toBe(at + 3);
  });
});

describe("time", () => {
  it("stands still, goes on, and is moved", async () => {
    const { simulator, clock } = await bottled({ speed: 0, start: now0 });
    const read = async () => ((await readBy(simulator, 0, energy)) as { value: number }).value;
    const before = await read();
    clock.advance(day);
    expect(simulator.time.now).toBe(now0);
    expect(await read()).toBe(before);
    await stepTo({ simulator, clock }, now0 + day);
    const after = await read();
    expect(after).toBeGreaterThan(before);
    simulator.time.set(now0);
    expect(await read()).toBe(before);
    simulator.time.setRate(3600);
    clock.advance(24_000);
    expect(simulator.time.now).toBe(now0 + day);
    expect(await read()).toBe(after);
  });
});
