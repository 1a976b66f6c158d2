import { type Data, type DataLike, T, treeOf } from "@dlmskit/apdu";
import { dataObject, register } from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { hls, hls5, lls, Meter, type MeterStore, meterTemplate, none } from "../src/index.ts";
import { ak, Bench, type ClientOptions, ek, protectedClient } from "./a-client.ts";
import { aMeter, kek } from "./a-meter.ts";

const dataOf = (result: { data: DataLike } | { error: string } | undefined): unknown =>
  result !== undefined && "data" in result ? (treeOf(result.data) as { value?: unknown }).value : result?.error;
const seven: Data = { type: "octet-string", value: Uint8Array.of(7) };

describe("a row that cannot be read", () => {
  it("is told with table, id and column, and only its value is out of service", async () => {
    const objects = [
      register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 1234, unit: "Wh" }),
      dataObject("0.0.96.1.11.255", { type: T.octetString, value: Uint8Array.of(5) }),
    ];
    const template = meterTemplate({
      objects,
      associations: { open: { client: 1, security: none(), access: "full" } },
    });
    const state = new MemoryState();
    const store = await openMemoryStore({}, state);
    const broken: MeterStore = {
      ...{ keeping: store.keeping, counters: store.counters, connections: store.connections },
      keeping: {
        ...store.keeping,
        async take(...given) {
          const taken = await store.keeping.take(...given);
          const row = { logicalDevice: 1, classId: 1, instanceId: "0.0.96.1.11.255", attributeId: 2, updatedAt: 0 };
          return "held" in taken
            ? taken
            : { ...taken, values: [{ ...row, meterId: "x", encoded: Uint8Array.of(0x11) }] };
        },
      } as MeterStore["keeping"],
    };
    const bench = new Bench(new Meter(template, { name: "TST1" }), { store: broken });
    const client = await bench.client({ client: 1 }).open();
    const where = "attribute_values (TST1, 1, 1, 0.0.96.1.11.255, 2), column encoded";
    const told = (type: string) =>
      bench.events.filter((event) => event.type === type && "error" in event && String(event.error).includes(where))
        .length;
    expect(told("store-failed")).toBe(1);
    expect((await client.get([1, "0.0.96.1.11.255", 2])).map(dataOf)).toEqual(["hardware-fault"]);
    expect(told("hook-failed")).toBe(1);
    expect((await client.get([1, "0.0.96.1.11.255", 1], [3, "1.0.1.8.0.255", 2])).map(dataOf)).toEqual([
      expect.anything(),
      1234,
    ]);
    // Written, it is in service again.
    expect(await client.set(1, "0.0.96.1.11.255", 2, seven)).toBe("success");
    expect((await client.get([1, "0.0.96.1.11.255", 2])).map(dataOf)).toEqual([Uint8Array.of(7)]);
  });
});

describe("what the object list shows", () => {
  it("answers read-write-denied without access, and object-undefined where it shows nothing", async () => {
    const bench = new Bench(aMeter().meter);
    const client = await bench.client({ client: 1 }).open();
    // The secret is listed, and this association has none to change; a register has no attribute 9.
    const results = await client.get([15, "0.0.40.0.0.255", 7], [3, "1.0.1.8.0.255", 9]);
    expect(results).toEqual([{ error: "read-write-denied" }, { error: "object-undefined" }]);
  });
});

describe("what the server sends", () => {
  const read = async (association: object, options: ClientOptions = {}) => {
    const associations = { open: { client: 1, security: none(), access: "full", ...association } } as const;
    const bench = new Bench(aMeter({ associations }).meter);
    const client = await bench.client({ client: 1, maxReceivePduSize: 0xffff, ...options }).open();
    await client.get([15, "0.0.40.0.0.255", 2]);
    return Math.max(...client.received.map(({ length }) => length));
  };

  it("is no longer than what it offers to take, unless the association says otherwise", async () => {
    expect(await read({ maxReceivePduSize: 200 })).toBeLessThanOrEqual(200);
    expect(await read({})).toBeLessThanOrEqual(1024);
    expect(await read({ maxReceivePduSize: 200, maxSendPduSize: 0 })).toBeGreaterThan(500);
    expect(await read({ maxReceivePduSize: 200, maxSendPduSize: 300 })).toBeGreaterThan(200);
  });
});

describe("security of the field", () => {
  it("policy 2: encryption without authentication, where accept says so", async () => {
    const keys = { encryptionKey: ek, authenticationKey: ak, masterKey: kek };
    const open = (more: object) => {
      const associations = {
        utility: { client: 48, security: hls5({ ...keys, policy: 2, ...more }), access: "full" },
      } as const;
      const security = protectedClient({ authenticated: false, accept: ["encryption-only"] });
      return new Bench(aMeter({ associations }).meter).client({ client: 48, mechanism: 5, security }).open();
    };
    const client = await open({ accept: ["encryption-only"] });
    expect(client.opened).toBe(true);
    expect((await client.get([3, "1.0.1.8.0.255", 2])).map(dataOf)).toEqual([1234]);
    // glo-get-response, security control 0x20
    expect([...(client.received.at(-1) as Uint8Array)].filter((_, at) => at === 0 || at === 2)).toEqual([0xcc, 0x20]);
    expect((await open({})).opened).toBe(false);
  });

  it("mechanisms 5 and 6 in the plain context: keys and titles for the authentication alone", async () => {
    const associations = {
      gmac: {
        client: 48,
        security: hls5({ encryptionKey: ek, authenticationKey: ak, ciphered: false }),
        access: "full",
      },
      sha: { client: 49, security: hls(6, "0123456789abcdef"), access: "full" },
    } as const;
    const bench = new Bench(aMeter({ associations }).meter);
    const secret = Uint8Array.from("0123456789abcdef", (one) => one.charCodeAt(0));
    for (const more of [
      { client: 48, mechanism: 5 },
      { client: 49, mechanism: 6, secret },
    ] as const) {
      const client = await bench.client({ ...more, ciphered: false, security: protectedClient() }).open();
      expect(client.opened, `mechanism ${more.mechanism}`).toBe(true);
      expect((await client.get([3, "1.0.1.8.0.255", 2])).map(dataOf)).toEqual([1234]);
      expect(client.received.at(-1)?.[0]).toBe(0xc4);
    }
  });

  it("a short secret is neither configured nor set, unless the association says so", async () => {
    const of = (more: object, secret: string) => {
      const associations = { reader: { client: 32, security: lls(secret), access: "full", ...more } } as const;
      return aMeter({ associations }).meter;
    };
    expect(() => of({}, "abc")).toThrow(expect.objectContaining({ code: "secret-too-short" }));
    expect(() => of({}, "")).toThrow(expect.objectContaining({ code: "secret-too-short" }));
    of({ shortSecrets: true }, "");
    const set = async (meter: Meter) => {
      const secret = Uint8Array.from("abcdef", (one) => one.charCodeAt(0));
      const client = await new Bench(meter).client({ client: 32, mechanism: 1, secret }).open();
      return client.set(15, "0.0.40.0.1.255", 7, { type: "octet-string", value: Uint8Array.of(0x31) });
    };
    expect(await set(of({}, "abcdef"))).toBe("other-reason");
    expect(await set(of({ shortSecrets: true }, "abcdef"))).toBe("success");
  });
});
