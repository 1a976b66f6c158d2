import { type Data, type DataLike, encodeData, T, treeOf } from "@dlmskit/apdu";
import { dateTimeOf, fromHex, toHex } from "@dlmskit/core";
import { encodedStructure, profileGeneric, refuse } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import type { Call, Interceptor } from "../src/index.ts";
import { Bench, now0 } from "./a-client.ts";
import { aMeter } from "./a-meter.ts";

const treeOfResult = (result: unknown): Data => treeOf((result as { data: DataLike }).data);

describe("reading", () => {
  it("gives a public client what it must know, and no more", async () => {
    const bench = new Bench(aMeter().meter);
    const client = await bench.client().open();
    const [name, sap, time, energy] = await client.get(
      [1, "0.0.42.0.0.255", 2],
      [17, "0.0.41.0.0.255", 2],
      [8, "0.0.1.0.0.255", 2],
      [3, "1.0.1.8.0.255", 2],
    );
    expect(treeOfResult(name)).toEqual({ type: "octet-string", value: new TextEncoder().encode("TST0000000000001") });
    expect(treeOfResult(sap)).toMatchObject({ type: "array", value: [{ type: "structure" }] });
    expect(encodeData(treeOfResult(time)).subarray(2)).toEqual(
      encodeData({
        type: "date-time",
        value: { ...dateTimeOf(Math.floor(bench.clock.instant() / 1000) * 1000) },
      }).subarray(1),
    );
    expect(energy).toEqual({ error: "object-undefined" });
  });

  it("answers each item of a list in its place (D3, D10, D14)", async () => {
    const client = await new Bench(aMeter().meter).client({ client: 1 }).open();
    const results = await client.get(
      [3, "1.0.1.8.0.255", 2],
      [3, "255.255.255.255.255.255", 2],
      [1, "1.0.1.8.0.255", 2],
      [3, "1.0.1.8.0.255", 99],
      [3, "1.0.1.8.0.255", -1],
      [3, "1.0.32.7.0.255", 2],
    );
    expect(results.map((one) => ("error" in one ? one.error : treeOfResult(one)))).toEqual([
      { type: "double-long-unsigned", value: 1234 },
      "object-undefined",
      "object-class-inconsistent",
      "object-undefined",
      "object-undefined",
      { type: "long-unsigned", value: 230 },
    ]);
  });

  it("shows what the meter's own code assigns", async () => {
    const { meter, energy } = aMeter();
    const client = await new Bench(meter).client({ client: 1 }).open();
    energy.values.value = 99;
    expect(treeOfResult((await client.get([3, "1.0.1.8.0.255", 2]))[0])).toEqual({
      type: "double-long-unsigned",
      value: 99,
    });
  });

  it("waits for a hook that promises; another client does not wait for it", async () => {
    const bench = new Bench(aMeter().meter);
    const slow = await bench.client({ client: 1 }).open();
    expect(treeOfResult((await slow.get([1, "0.0.96.1.12.255", 2]))[0])).toEqual({ type: "unsigned", value: 77 });
    // Two at once: the second is taken when the first is answered.
    const twice = await Promise.all([slow.get([1, "0.0.96.1.12.255", 2]), slow.get([3, "1.0.1.8.0.255", 2])]);
    expect(twice.map(([one]) => treeOfResult(one).type)).toEqual(["unsigned", "double-long-unsigned"]);
  });

  it("tells a client of a broken hook no more than hardware-fault, and goes on", async () => {
    const bench = new Bench(aMeter().meter);
    const client = await bench.client({ client: 1 }).open();
    const [broken, unencodable, good] = await client.get(
      [1, "0.0.96.1.13.255", 2],
      [1, "0.0.96.1.14.255", 2],
      [1, "0.0.96.1.11.255", 2],
    );
    expect(broken).toEqual({ error: "hardware-fault" });
    expect(unencodable).toEqual({ error: "hardware-fault" });
    expect(treeOfResult(good)).toEqual({ type: "unsigned", value: 5 });
    expect(await client.set(1, "0.0.96.1.13.255", 2, { type: "unsigned", value: 1 })).toBe("hardware-fault");
    expect(bench.server.counts["hook-failed"]).toBe(3);
    expect(
      bench.events.filter(({ type }) => type === "hook-failed").map((one) => (one as { what: string }).what),
    ).toEqual(["read 0.0.96.1.13.255:2", "read 0.0.96.1.14.255:2", "write 0.0.96.1.13.255:2"]);
  });

  it("gives a long profile in blocks, the whole and a range (B1, O4)", async () => {
    const rows = Array.from({ length: 300 }, (_, at) =>
      encodedStructure([encodeData({ type: "double-long-unsigned", value: at })]),
    );
    const source = {
      count: () => rows.length,
      range: () => rows.slice(10, 20),
      entries: (first: number, last: number) => rows.slice(first - 1, last),
    };
    const { objects } = aMeter();
    const own = profileGeneric("1.0.99.2.0.255", { capture: [objects[1] as never], entries: 300, rows: source });
    const client = await new Bench(aMeter({ objects: [...objects, own] }).meter)
      .client({ client: 1, maxReceivePduSize: 100 })
      .open();
    const whole = treeOfResult((await client.get([7, "1.0.99.2.0.255", 2]))[0]) as Extract<Data, { type: "array" }>;
    expect(whole.value).toHaveLength(300);
    expect(Math.max(...client.received.map(({ length }) => length))).toBeLessThanOrEqual(100);
    const parameters: Data = {
      type: "structure",
      value: [
        { type: "double-long-unsigned", value: 1 },
        { type: "double-long-unsigned", value: 10 },
        { type: "long-unsigned", value: 1 },
        { type: "long-unsigned", value: 0 },
      ],
    };
    const attribute = { classId: 7, instanceId: "1.0.99.2.0.255", attributeId: 2 };
    const some = await client.request({
      service: "get",
      items: [{ ...attribute, access: { selector: 2, parameters } }],
    });
    expect((treeOfResult(some[0]) as Extract<Data, { type: "array" }>).value).toHaveLength(10);
    const bad = await client.request({
      service: "get",
      items: [{ ...attribute, access: { selector: 9, parameters } }],
    });
    expect(bad).toEqual([{ error: "other-reason" }]);
  });
});

describe("writing and invoking", () => {
  it("writes what may be written, of the right type, and keeps the old value otherwise (D11, D12)", async () => {
    const { meter, limit } = aMeter();
    const client = await new Bench(meter).client({ client: 1 }).open();
    const name = "0.0.96.1.11.255";
    expect(await client.set(1, name, 2, { type: "unsigned", value: 7 })).toBe("success");
    expect(limit.values.value).toBe(7);
    expect(await client.set(1, name, 2, { type: "long", value: 7 })).toBe("type-unmatched");
    expect(await client.set(1, name, 2, { type: "unsigned", value: 101 })).toBe("other-reason");
    expect(await client.set(1, name, 1, { type: "octet-string", value: new Uint8Array(6) })).toBe("read-write-denied");
    expect(await client.set(3, "1.0.1.8.0.255", 2, { type: "double-long-unsigned", value: 1 })).toBe(
      "read-write-denied",
    );
    expect(await client.set(3, name, 2, { type: "unsigned", value: 1 })).toBe("object-class-inconsistent");
    expect(await client.set(1, "0.0.96.9.9.255", 2, { type: "unsigned", value: 1 })).toBe("object-undefined");
    const access = { selector: 1, parameters: { type: "null-data" } as Data };
    const part = {
      attribute: { classId: 1, instanceId: name, attributeId: 2, access },
      value: { type: "unsigned", value: 1 } as Data,
    };
    expect(await client.request({ service: "set", items: [part] })).toEqual(["other-reason"]);
    expect(limit.values.value).toBe(7);
  });

  it("invokes methods that are there (D10, D11)", async () => {
    const { meter, energy, relay } = aMeter();
    const bench = new Bench(meter);
    const client = await bench.client({ client: 1 }).open();
    expect(await client.invoke(3, "1.0.1.8.0.255", 1)).toBe("success");
    expect(energy.values.value).toBe(0);
    expect(await client.invoke(3, "1.0.1.8.0.255", 99)).toBe("object-undefined");
    expect(await client.invoke(3, "1.0.32.7.0.255", 1)).toBe("object-undefined");
    expect(await client.invoke(70, "0.0.96.3.10.255", 1)).toBe("success");
    expect(relay.values.outputState).toBe(false);
    expect(await client.invoke(70, "0.0.96.3.10.255", 2, { type: "boolean", value: true })).toBe("type-unmatched");
    const reader = await bench
      .client({ client: 32, mechanism: 1, secret: new TextEncoder().encode("reader-secret") })
      .open();
    expect(await reader.invoke(3, "1.0.1.8.0.255", 1)).toBe("read-write-denied");
    expect(await reader.set(1, "0.0.96.1.11.255", 2, { type: "unsigned", value: 1 })).toBe("read-write-denied");
  });

  it("does what an unconfirmed request asks, and answers nothing (D13)", async () => {
    const { meter, limit } = aMeter();
    const client = await new Bench(meter).client({ client: 1 }).open();
    const before = client.received.length;
    const attribute = { classId: 1, instanceId: "0.0.96.1.11.255", attributeId: 2 };
    await client.request({ service: "set", items: [{ attribute, value: { type: "unsigned", value: 9 } }] }, false);
    expect(limit.values.value).toBe(9);
    expect(client.received).toHaveLength(before);
  });

  it("sets the clock of the meter", async () => {
    const { meter } = aMeter({ zoneMinutesEast: 330 });
    const bench = new Bench(meter);
    const client = await bench.client({ client: 1 }).open();
    const value = encodeData({ type: "encoded", octets: fromHex(`090c${toHex(timeOctets(now0 + 3_600_000))}`) });
    expect(await client.set(8, "0.0.1.0.0.255", 2, { type: "octet-string", value: value.subarray(2) })).toBe("success");
    expect(Math.abs(meter.now - now0 - 3_600_000)).toBeLessThan(200);
  });

  it("answers D1, D2, D5 and D9 with an exception, and lives", async () => {
    const client = await new Bench(aMeter().meter).client({ client: 1 }).open();
    for (const hex of ["c004c1000f0000280000ff0100", "c001c1000028000100", "c106c1", "050102fa00"]) {
      expect((await client.raw(fromHex(hex)))?.[0], hex).toBe(0xd8);
    }
    expect(await client.get([3, "1.0.32.7.0.255", 2])).toHaveLength(1);
    const narrow = await new Bench(aMeter().meter).client({ client: 1, conformance: ["get"] }).open();
    expect(
      toHex((await narrow.raw(fromHex("c301c1000301000108 00ff010 0".replaceAll(" ", "")))) ?? new Uint8Array()),
    ).toMatch(/^d80[12]02$/);
  });
});

describe("interceptors", () => {
  it("that answer nonsense are told, and the client hears hardware-fault", async () => {
    const nonsense: Interceptor = (call) =>
      (call.do === "write" ? { error: "nonsense" } : { result: "nonsense", data: { type: "nonsense" } }) as never;
    const bench = new Bench(aMeter().meter, { interceptors: [nonsense] });
    const client = await bench.client({ client: 1 }).open();
    expect(await client.get([3, "1.0.1.8.0.255", 2])).toEqual([{ error: "hardware-fault" }]);
    expect(await client.set(1, "0.0.96.1.11.255", 2, { type: "unsigned", value: 1 })).toBe("hardware-fault");
    expect(await client.invoke(3, "1.0.1.8.0.255", 1)).toBe("hardware-fault");
    expect(bench.server.counts["hook-failed"]).toBe(3);
  });

  it("that refuse or throw are results like any other", async () => {
    const thrower: Interceptor = (call) => {
      if (call.do === "invoke") throw refuse("long-get-aborted");
      throw new Error("interceptor");
    };
    const client = await new Bench(aMeter().meter, { interceptors: [thrower] }).client({ client: 1 }).open();
    expect(await client.invoke(3, "1.0.1.8.0.255", 1)).toBe("other-reason");
    expect(await client.get([3, "1.0.1.8.0.255", 2])).toEqual([{ error: "hardware-fault" }]);
  });

  it("go around every item, the first outermost, outside the rights", async () => {
    const order: string[] = [];
    const trace =
      (name: string): Interceptor =>
      (call, next) => {
        order.push(`${name} ${call.do} ${call.object?.instance ?? "nothing"}`);
        return next();
      };
    const fault: Interceptor = (call: Call, next) =>
      call.do === "read" && call.instanceId === "1.0.1.8.0.255" ? { error: "temporary-failure" } : next();
    const bench = new Bench(aMeter().meter, { interceptors: [trace("a"), fault, trace("b")] });
    const client = await bench.client({ client: 1 }).open();
    expect(
      (await client.get([3, "1.0.1.8.0.255", 2], [3, "1.0.32.7.0.255", 2], [3, "1.0.9.9.9.9", 2])).map(
        (one) => Object.keys(one)[0],
      ),
    ).toEqual(["error", "data", "error"]);
    await client.set(1, "0.0.96.1.11.255", 2, { type: "unsigned", value: 1 });
    await client.invoke(3, "1.0.1.8.0.255", 1);
    expect(order).toEqual([
      "a read 1.0.1.8.0.255",
      "a read 1.0.32.7.0.255",
      "b read 1.0.32.7.0.255",
      "a read nothing",
      "b read nothing",
      "a write 0.0.96.1.11.255",
      "b write 0.0.96.1.11.255",
      "a invoke 1.0.1.8.0.255",
      "b invoke 1.0.1.8.0.255",
    ]);
    expect(T.unsigned.types).toEqual(["unsigned"]);
  });
});

function timeOctets(instant: number): Uint8Array {
  return encodeData({ type: "date-time", value: dateTimeOf(instant, -330) }).subarray(1);
}
