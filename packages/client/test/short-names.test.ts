import { T } from "@dlmskit/apdu";
import { fromAscii } from "@dlmskit/core";
import { clock, dataObject, profileGeneric, Register, register } from "@dlmskit/cosem-objects";
import { CounterGuard, CounterLedger } from "@dlmskit/security";
import { hls, hls5, lls, type MeterOptions, meter, none, Server, SimulatedTime } from "@dlmskit/server";
import { memoryPair } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect, type Session } from "../src/index.ts";

const instant = Date.UTC(2026, 0, 31, 12);
const keys = { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) };

function acme(more: Partial<MeterOptions> = {}) {
  const time = clock();
  const energy = register("1-0:1.8.0", {
    type: T.doubleLongUnsigned,
    value: 123456,
    unit: "Wh",
    scaler: -1,
    resetTo: 0,
  });
  const load = profileGeneric("1-0:99.1.0", { capture: [time, energy], period: 900, entries: 96 });
  const text = dataObject("0-0:96.1.0", { type: T.octetString, value: fromAscii("x".repeat(3000)) });
  return meter({
    name: "ACM0000000000001",
    objects: [time, energy, load, text],
    referencing: "either",
    associations: {
      public: { client: 16, security: none(), access: "public" },
      open: { client: 17, security: none(), access: "full" },
      reader: { client: 32, security: lls("12345678"), access: "read" },
      utility: { client: 48, security: hls5(keys), access: "full" },
      hls: { client: 49, security: hls(3, "0123456789abcdef"), access: "full" },
    },
    ...more,
  });
}

async function served(own: ReturnType<typeof acme>, run: (open: Open) => Promise<void>): Promise<void> {
  const server = new Server({
    meters: own,
    clock: systemClock,
    time: new SimulatedTime({ source: () => instant }),
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
  await run(async (client, options = {}) => {
    const [duplex, far] = memoryPair();
    server.accept(far, new WrapperServerLink({}));
    const line = { duplex, link: new WrapperClientLink({ client, server: 1 }) };
    const counters = new CounterLedger({ start: next });
    next += 1000;
    counters.reserved(0x10000000);
    const security = {
      suite: 0 as const,
      keys,
      counters,
      replay: new CounterGuard(),
      systemTitle: fromAscii("CLI00001"),
    };
    return connect(line, {
      clock: systemClock,
      timeout: 5000,
      referencing: "short-name",
      ...(client === 32 ? { mechanism: 1 as const, secret: fromAscii("12345678") } : {}),
      ...(client === 49 ? { mechanism: 3 as const, secret: fromAscii("0123456789abcdef") } : {}),
      ...(client === 48 ? { mechanism: 5 as const, ciphered: true, security } : {}),
      ...options,
    });
  });
  await server.close();
}
type Open = (client: number, options?: Partial<ConnectOptions>) => Promise<Session>;
let next = 0;

const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };

describe("a client that uses short names", () => {
  it("names objects as with logical names: read, write, invoke, object list, typed", () =>
    served(acme(), async (open) => {
      await using session = await open(17);
      expect(session.association.context).toBe("short-name");
      expect(await session.read(energy, T.doubleLongUnsigned)).toBe(123456);
      expect(await session.readScaled(Register, "1-0:1.8.0")).toMatchObject({ value: 12345.6 });
      const several = await session.get([
        energy,
        { ...energy, attributeId: 3 },
        { ...energy, instanceId: "1.0.9.8.0.255" },
      ]);
      expect(several).toMatchObject([
        { data: { value: 123456 } },
        { data: { type: "structure" } },
        { error: "object-undefined" },
      ]);
      await session.set({ classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 7 }, { type: "integer", value: 30 });
      expect(await session.get({ classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 7 })).toMatchObject({
        value: 30,
      });
      expect(await session.object(Register, "1-0:1.8.0").invoke("reset", 0)).toBeUndefined();
      expect(await session.read(energy, T.doubleLongUnsigned)).toBe(0);
      const { objects, version, problems } = await session.discover();
      expect(problems).toEqual([]);
      expect(version).toBe(2);
      expect(objects.find(({ instanceId }) => instanceId === energy.instanceId)).toMatchObject({
        classId: 3,
        name: expect.any(String),
        attributes: [{ attributeId: 1 }, { attributeId: 2, readable: true }, { attributeId: 3 }],
        methods: [{ methodId: 1, invocable: true }],
      });
      expect(objects.find(({ classId }) => classId === 12)).toMatchObject({
        baseName: 0xfa00,
        instanceId: "0.0.40.0.0.255",
      });
    }));

  it("O10: base names are unique multiples of 8, and stand for the objects that the list names, in every version of it", async () => {
    for (const version of [0, 1, 2, 3] as const) {
      const own = acme({ associations: { open: { client: 17, security: none(), access: "full", version } } });
      await served(own, async (open) => {
        await using session = await open(17);
        await using other = await open(17, { referencing: "logical-name" });
        const { objects } = await session.discover();
        const names = objects.map(({ baseName }) => baseName as number);
        expect(new Set(names).size).toBe(names.length);
        expect(names.every((name) => name % 8 === 0 && name >= 0 && name <= 0xfff8)).toBe(true);
        for (const { attributes, ...object } of objects) {
          for (const { attributeId, readable } of attributes) {
            if (!readable) continue;
            const byShortName = await session.get({ ...object, attributeId });
            const { classId, instanceId } = object;
            if (classId === 12) continue;
            const byName = await other.get({ classId, instanceId, attributeId });
            expect(byShortName, `${instanceId} ${attributeId}`).toEqual(byName);
          }
        }
      });
    }
  });

  it("long values and long requests go in blocks, both ways", () =>
    served(acme(), async (open) => {
      await using session = await open(17, { maxReceivePduSize: 100 });
      const text = { classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 };
      expect(await session.read(text, T.octetString)).toHaveLength(3000);
      await session.set(text, { type: "octet-string", value: new Uint8Array(2000).fill(7) });
      expect(await session.read(text, T.octetString)).toEqual(new Uint8Array(2000).fill(7));
    }));

  it("a profile with selective access, by time and by entry", () =>
    served(acme(), async (open) => {
      await using session = await open(17);
      await session.invoke({ classId: 7, instanceId: "1.0.99.1.0.255", methodId: 2 }, { type: "integer", value: 0 });
      const { rows } = await session.profile("1-0:99.1.0", { from: instant - 3600_000, to: instant + 3600_000 });
      expect(rows).toHaveLength(1);
      expect((await session.profile("1-0:99.1.0", { entries: [1, 1] })).rows).toHaveLength(1);
      const late = await session.profile("1-0:99.1.0", { from: instant + 3600_000, to: instant + 7200_000 });
      expect(late.rows).toEqual([]);
    }));

  it("passwords, challenges and ciphering, with the rights of each client", () =>
    served(acme(), async (open) => {
      for (const client of [32, 48, 49]) {
        await using session = await open(client);
        expect(await session.read(energy, T.doubleLongUnsigned), String(client)).toBe(123456);
      }
      await using reader = await open(32);
      const denied = { code: "read-write-denied" };
      await expect(
        reader.set({ ...energy, attributeId: 2 }, { type: "double-long-unsigned", value: 1 }),
      ).rejects.toMatchObject(denied);
      await expect(reader.invoke({ classId: 3, instanceId: energy.instanceId, methodId: 1 })).rejects.toMatchObject(
        denied,
      );
      await using stranger = await open(16);
      await expect(stranger.get(energy)).rejects.toMatchObject({ code: "object-undefined" });
      await expect(open(32, { secret: fromAscii("87654321") })).rejects.toMatchObject({ code: "association-refused" });
      await expect(open(49, { secret: fromAscii("fedcba9876543210") })).rejects.toMatchObject({
        code: "authentication-failed",
      });
    }));

  it("12: the secret is that of both referencings (behaviour 18.8)", () =>
    served(acme(), async (open) => {
      const secret = fromAscii("another-secret-1");
      const change = { type: "octet-string", value: secret } as const;
      {
        await using session = await open(49);
        await session.invoke({ classId: 12, instanceId: "0.0.40.0.0.255", methodId: 5 }, change);
      }
      await expect(open(49)).rejects.toMatchObject({ code: "authentication-failed" });
      await using again = await open(49, { secret, referencing: "logical-name" });
      expect(await again.read(energy, T.doubleLongUnsigned)).toBe(123456);
      await using open17 = await open(17);
      const asNobody = open17.invoke({ classId: 12, instanceId: "0.0.40.0.0.255", methodId: 5 }, change);
      await expect(asNobody).rejects.toMatchObject({ code: "read-write-denied" });
    }));

  it("attribute 0 is read by logical name; null-data for what the client may not read", () =>
    served(acme(), async (open) => {
      await using session = await open(17);
      const all = await session.get({ ...energy, attributeId: 0 });
      await using other = await open(17, { referencing: "logical-name" });
      expect(all).toEqual(await other.get({ ...energy, attributeId: 0 }));
      await using stranger = await open(16);
      await expect(stranger.get({ ...energy, attributeId: 0 })).rejects.toMatchObject({ code: "object-undefined" });
    }));

  it("base names may be given by the user: the object list is never read", () =>
    served(acme({ baseNames: { "1-0:1.8.0": 0x2000 } }), async (open) => {
      const shortNames = [{ baseName: 0x2000, classId: 3, version: 0, instanceId: "1-0:1.8.0" }];
      await using session = await open(17, { shortNames, conformance: ["read", "write"] });
      expect(await session.read(energy, T.doubleLongUnsigned)).toBe(123456);
      await session.invoke({ classId: 3, instanceId: energy.instanceId, methodId: 1 }, { type: "integer", value: 0 });
      expect(await session.read(energy, T.doubleLongUnsigned)).toBe(0);
      await expect(session.get([energy, energy])).resolves.toMatchObject([{ data: {} }, { data: {} }]);
    }));

  it("unconfirmed writes and methods are done, and not answered", () =>
    served(acme(), async (open) => {
      await using session = await open(17);
      const zone = { classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 3 };
      await session.set(zone, { type: "long", value: 60 }, { confirmed: false });
      expect(await session.get(zone)).toMatchObject({ value: 60 });
      const reset = { classId: 3, instanceId: energy.instanceId, methodId: 1 };
      await session.invoke(reset, { type: "integer", value: 0 }, { confirmed: false });
      expect(await session.read(energy, T.doubleLongUnsigned)).toBe(0);
    }));

  it("a meter that has logical names alone refuses, and the other way round", async () => {
    await served(acme({ referencing: "logical-name" }), async (open) => {
      await expect(open(17)).rejects.toMatchObject({ code: "association-refused" });
    });
    await served(acme({ referencing: "short-name" }), async (open) => {
      await expect(open(17, { referencing: "logical-name" })).rejects.toMatchObject({ code: "association-refused" });
      await using session = await open(17);
      expect(await session.read(energy, T.doubleLongUnsigned)).toBe(123456);
    });
  });
});
