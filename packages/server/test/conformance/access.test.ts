import { dataOf, T } from "@dlmskit/apdu";
import type { AccessItem, AccessResult, GetResult, ServiceRequest } from "@dlmskit/association";
import { fromHex, toHex } from "@dlmskit/core";
import { dataObject, EntryDescriptor } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { Meter, meterTemplate, none } from "../../src/index.ts";
import { Bench, type Client, protectedClient } from "../a-client.ts";
import { aMeter } from "../a-meter.ts";

const conformance = [
  ...(["access", "get", "set", "action", "selective-access", "general-protection", "general-block-transfer"] as const),
  ...(["multiple-references", "block-transfer-with-get-or-read", "priority-mgmt-supported"] as const),
];

async function opened(client: number, more: Parameters<Bench["client"]>[0] = {}) {
  const { meter } = aMeter();
  const bench = new Bench(meter);
  const security = client === 48 ? { mechanism: 5 as const, security: protectedClient() } : {};
  return { meter, bench, client: await bench.client({ client, conformance, ...security, ...more }).open() };
}

async function access(
  client: Client,
  items: readonly AccessItem[],
  more: object = {},
): Promise<readonly AccessResult[]> {
  const request = { service: "access", items, ...more } as ServiceRequest;
  return (await client.request(request)) as readonly AccessResult[];
}

const attribute = (classId: number, instanceId: string, attributeId = 2) => ({ classId, instanceId, attributeId });
const get = (...of: Parameters<typeof attribute>): AccessItem => ({ service: "get", attribute: attribute(...of) });
const set = (value: number, ...of: Parameters<typeof attribute>): AccessItem => ({
  service: "set",
  attribute: attribute(...of),
  value: { type: "unsigned", value },
});
const limit = [1, "0.0.96.1.11.255"] as const;
const energy = [3, "1.0.1.8.0.255"] as const;
const reset: AccessItem = {
  service: "action",
  method: { classId: 3, instanceId: "1.0.1.8.0.255", methodId: 1 },
  parameters: { type: "integer", value: 0 },
};
const value = (result: AccessResult | undefined): unknown => (result?.data as { value?: unknown } | undefined)?.value;

describe("ACCESS of a served meter", () => {
  it("X1: gets, sets and actions in their order: a later get sees an earlier set, and it is kept", async () => {
    const { client } = await opened(48);
    const results = await access(client, [get(...limit), set(42, ...limit), get(...limit), reset, get(...energy)]);
    expect(results.map(({ service, result }) => `${service} ${result}`)).toEqual([
      ...["get success", "set success", "get success", "action success", "get success"],
    ]);
    expect([0, 2, 4].map((at) => value(results[at]))).toEqual([5, 42, 0]);
    expect((await client.get([...limit, 2]))[0]).toMatchObject({ data: { value: 42 } });
  });

  it("X2: an item that failed is not done; others are, or, with break on error, none after it", async () => {
    for (const breakOnError of [false, true]) {
      const { client } = await opened(48);
      // 200 is refused by the object.
      const items = [set(10, ...limit), set(200, ...limit), set(20, ...limit), get(...limit), reset];
      const results = await access(client, items, { breakOnError });
      expect(results.map(({ result }) => result)).toEqual([
        ...["success", "other-reason"],
        ...(breakOnError ? ["other-reason", "other-reason", "other-reason"] : ["success", "success", "success"]),
      ]);
      expect(results.map(({ service }) => service)).toEqual(["set", "set", "set", "get", "action"]);
      expect((await client.get([...limit, 2]))[0]).toMatchObject({ data: { value: breakOnError ? 10 : 20 } });
      expect((await client.get([...energy, 2]))[0]).toMatchObject({ data: { value: breakOnError ? 1234 : 0 } });
    }
  });

  it("X3, X4: what cannot be read changes nothing; unconfirmed, it is done and not answered", async () => {
    const bare = new Meter(
      meterTemplate({
        objects: [dataObject("0.0.96.1.11.255", { type: T.unsigned, value: 5 })],
        associations: { open: { client: 16, security: none(), access: { attribute: () => 3, method: () => 1 } } },
      }),
      { name: "ABC0000000000001" },
    );
    const client = await new Bench(bare).client({ conformance }).open();
    const descriptor = "0001000060010bff02";
    const raw = async (hex: string): Promise<string> => toHex((await client.raw(fromHex(hex))) ?? new Uint8Array());
    expect(await raw(`d940000001000202${descriptor}02${descriptor}011109`)).toBe("d80102");
    expect(await raw(`d940000001000102${descriptor}0111`)).toMatch(/^d801/);
    expect((await client.get([1, "0.0.96.1.11.255", 2]))[0]).toMatchObject({ data: { value: 5 } });
    expect(await raw(`d900000002000102${descriptor}011109`)).toBe("");
    expect((await client.get([1, "0.0.96.1.11.255", 2]))[0]).toMatchObject({ data: { value: 9 } });
    expect(await raw(`d9d2345678000101${descriptor}0100`)).toBe(`dad234567800010101${descriptor}011109010100`);
  });

  it("X6: a profile by entries is what GET gives", async () => {
    const { client, bench } = await opened(48);
    bench.clock.advance(3 * 900_000);
    const parameters = dataOf(EntryDescriptor, { fromEntry: 1, toEntry: 2, fromSelectedValue: 1, toSelectedValue: 0 });
    const selected = { ...attribute(7, "1.0.99.1.0.255"), access: { selector: 2, parameters } };
    const again = client.closed
      ? await bench.client({ client: 48, conformance, mechanism: 5, security: protectedClient({}, 1000) }).open()
      : client;
    const [one] = await access(again, [{ service: "get", attribute: selected }]);
    const [other] = (await again.request({ service: "get", items: [selected] })) as readonly GetResult[];
    expect(one).toMatchObject({ service: "get", result: "success", data: { type: "array" } });
    expect(value(one)).toHaveLength(2);
    expect(one?.data).toEqual((other as { data: unknown }).data);
  });

  it("X7: an item without a right is refused by itself, and so is one that is not there", async () => {
    const { client } = await opened(16);
    const items = [get(15, "0.0.40.0.0.255", 1), get(...energy), get(1, "0.0.99.99.99.255"), get(8, "0.0.1.0.0.255")];
    expect((await access(client, items)).map(({ result }) => result)).toEqual([
      ...["success", "object-undefined", "object-undefined", "success"],
    ]);
    const reader = (await opened(48)).client;
    const denied = await access(reader, [set(1, 3, "1.0.1.8.0.255", 1), get(...energy)]);
    expect(denied.map(({ result }) => result)).toEqual(["read-write-denied", "success"]);
  });

  it("X8: ciphered, in general-glo, and its long answer in general block transfer", async () => {
    const { client } = await opened(48, { maxReceivePduSize: 200 });
    const before = client.received.length;
    const results = await access(client, [get(15, "0.0.40.0.0.255", 2), get(...limit)]);
    expect(results.map(({ result }) => result)).toEqual(["success", "success"]);
    const came = client.received.slice(before);
    expect(came.length).toBeGreaterThan(3);
    expect(came.every((pdu) => pdu[0] === 0xe0 && pdu.length <= 200)).toBe(true);
  });
});

describe("a request of high priority", () => {
  it("D17: is served before those that wait, where priorities were negotiated", async () => {
    const { meter, slow } = slowMeter();
    for (const negotiated of [true, false]) {
      const bits = negotiated ? conformance : conformance.filter((one) => one !== "priority-mgmt-supported");
      const client = await new Bench(meter).client({ conformance: bits }).open();
      const before = client.received.length;
      const ask = (invoke: number, instance: string): void =>
        client.pump.send(fromHex(`c001${invoke.toString(16)}0001${instance}0200`));
      slow.begin();
      ask(0x41, "0000600100ff");
      ask(0x42, "0000600101ff");
      ask(0xc3, "0000600101ff");
      ask(0x44, "0000600101ff");
      await client.bench.settle();
      slow.end();
      await client.bench.settle();
      const ids = client.received.slice(before).map((pdu) => (pdu[2] as number) & 0x0f);
      expect(ids).toEqual(negotiated ? [1, 3, 2, 4] : [1, 2, 3, 4]);
    }
  });
});

/** A meter with an object that is read when it is told to. */
function slowMeter() {
  let end: () => void = () => undefined;
  let waiting: Promise<void> = Promise.resolve();
  const slow = {
    begin: () => {
      waiting = new Promise((resolve) => {
        end = resolve;
      });
    },
    end: () => end(),
  };
  const read = { value: async (): Promise<number> => waiting.then(() => 1) };
  const objects = [
    dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 0 }, { read }),
    dataObject("0.0.96.1.1.255", { type: T.unsigned, value: 0 }),
  ];
  const associations = { open: { client: 16, security: none(), access: "read" as const } };
  return { slow, meter: new Meter(meterTemplate({ objects, associations }), { name: "ABC0000000000002" }) };
}
