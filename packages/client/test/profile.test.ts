import { type Data, dataOf, T } from "@dlmskit/apdu";
import { CosemDateTime, dateTimeOf, encode, logicalNameOctets } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { connect } from "../src/index.ts";
import { scaled } from "../src/profile-rows.ts";
import { array, FakeMeter, register, structure } from "./fake-meter.ts";

const load = "1.0.99.1.0.255";
const time = (instant: number): Data => ({ type: "octet-string", value: encode(CosemDateTime, dateTimeOf(instant)) });
const start = Date.UTC(2026, 0, 31, 23, 45);
const number = (value: number): Data => ({ type: "double-long-unsigned", value });
const nothing: Data = { type: "null-data" };
const captured = (classId: number, name: string, attributeId: number): Data =>
  structure(
    { type: "long-unsigned", value: classId },
    { type: "octet-string", value: logicalNameOctets(name) },
    { type: "integer", value: attributeId },
    { type: "long-unsigned", value: 0 },
  );

function meterWithLoad(...rows: Data[]): FakeMeter {
  return register(new FakeMeter(), "1.0.1.8.0.255", 0, -3, 30)
    .put(7, load, 2, array(...rows))
    .put(
      7,
      load,
      3,
      array(captured(8, "0.0.1.0.0.255", 2), captured(3, "1.0.1.8.0.255", 2), captured(1, "0.0.96.10.1.255", 2)),
    )
    .put(7, load, 4, number(900));
}

describe("a profile", () => {
  it("has named and scaled columns, and null-data expanded", async () => {
    const meter = meterWithLoad(
      structure(time(start), number(12345), { type: "unsigned", value: 3 }),
      structure(nothing, number(12346), nothing),
      structure(nothing, nothing, { type: "bit-string", value: "01" }),
    );
    await using session = await connect(meter.line(), meter.options());
    const { columns, rows } = await session.profile("1-0:99.1.0*255");
    expect(columns).toMatchObject([
      { classId: 8, time: true },
      { classId: 3, name: expect.stringContaining("Active energy import"), unit: "Wh", scaler: -3, time: false },
      { classId: 1, time: false },
    ]);
    expect(rows.map((row) => row.map(({ value }) => value))).toEqual([
      [dateTimeOf(start), 12.345, 3],
      [dateTimeOf(start + 900_000), 12.346, 3],
      [dateTimeOf(start + 1_800_000), 12.346, "01"],
    ]);
    expect(rows[1]?.[2]?.data).toEqual({ type: "unsigned", value: 3 });
  });

  it("is asked for by range and by entry", async () => {
    const meter = meterWithLoad();
    const asked: unknown[] = [];
    meter.selective = ({ request }) => {
      if (request.service === "get") asked.push(request.items[0]?.access);
      return array();
    };
    await using session = await connect(meter.line(), meter.options());
    expect((await session.profile(load, { from: start, to: start + 60_000 })).rows).toEqual([]);
    await session.profile(load, { from: dateTimeOf(start, 330) });
    await session.profile(load, { entries: [1, 10] });
    const column = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2, dataIndex: 0 };
    const narrow = await session.profile(load, { columns: [column] });
    expect(narrow.columns).toMatchObject([column]);
    const clock = captured(8, "0.0.1.0.0.255", 2);
    expect(asked).toEqual([
      { selector: 1, parameters: structure(clock, time(start), time(start + 60_000), array()) },
      {
        selector: 1,
        parameters: structure(
          clock,
          { type: "octet-string", value: encode(CosemDateTime, dateTimeOf(start, 330)) },
          time(Date.UTC(2099, 11, 31, 23, 59, 59)),
          array(),
        ),
      },
      {
        selector: 2,
        parameters: structure(
          number(1),
          number(10),
          { type: "long-unsigned", value: 1 },
          { type: "long-unsigned", value: 0 },
        ),
      },
      {
        selector: 1,
        parameters: structure(
          clock,
          time(0),
          time(Date.UTC(2099, 11, 31, 23, 59, 59)),
          array(captured(3, "1.0.1.8.0.255", 2)),
        ),
      },
    ]);
  });

  it("refuses rows that do not fit", async () => {
    for (const rows of [[structure(number(1))], [number(1)]]) {
      const meter = meterWithLoad(...rows);
      await using session = await connect(meter.line(), meter.options());
      await expect(session.profile(load)).rejects.toMatchObject({ code: "bad-profile" });
    }
    const meter = meterWithLoad().put(7, load, 2, number(1));
    await using session = await connect(meter.line(), meter.options());
    await expect(session.profile(load)).rejects.toMatchObject({ code: "bad-profile" });
  });

  it("does without what it cannot know", async () => {
    const odd: Data = { type: "octet-string", value: Uint8Array.of(1) };
    const meter = meterWithLoad(
      structure(nothing, nothing, nothing),
      structure(odd, number(1), structure()),
      structure(nothing, { type: "long64", value: 5n }, { type: "dont-care" }),
    );
    meter.put(3, "1.0.1.8.0.255", 3, number(1));
    await using session = await connect(meter.line(), meter.options());
    const { columns, rows } = await session.profile(load);
    expect(columns[1]).not.toHaveProperty("unit");
    expect(rows.map((row) => row.map(({ value }) => value))).toEqual([
      [null, null, null],
      [odd.value, 1, structure()],
      [odd.value, 5n, null],
    ]);
  });

  it("scales as decimals are written", () => {
    expect(scaled(12345, -3)).toBe(12.345);
    expect(scaled(3, 2)).toBe(300);
    expect(scaled(7n, undefined)).toBe(7n);
    expect(scaled(1n, -1)).toBe(0.1);
  });
});

describe("discovery", () => {
  const right = (id: number, mode: number, selectors: Data = nothing): Data =>
    structure({ type: "integer", value: id }, { type: "enum", value: mode }, selectors);
  const object = (classId: number, version: number, name: string, ...rights: Data[]): Data =>
    structure(
      { type: "long-unsigned", value: classId },
      { type: "unsigned", value: version },
      { type: "octet-string", value: logicalNameOctets(name) },
      ...rights,
    );

  it("tells objects, names and rights, and what makes no sense", async () => {
    const list = array(
      object(15, 1, "0.0.40.0.3.255"),
      object(
        15,
        1,
        "0.0.40.0.0.255",
        structure(
          array(right(1, 1), right(2, 6)),
          array(
            structure({ type: "integer", value: 1 }, { type: "enum", value: 1 }),
            structure({ type: "integer", value: 2 }, { type: "boolean", value: false }),
          ),
        ),
      ),
      object(
        7,
        1,
        load,
        structure(
          array(right(2, 1, array({ type: "integer", value: 1 }, { type: "integer", value: 2 })), nothing),
          array(nothing),
        ),
      ),
      nothing,
    );
    const meter = new FakeMeter().put(15, "0.0.40.0.0.255", 2, list);
    await using session = await connect(meter.line(), meter.options());
    const { version, objects, problems } = await session.discover();
    expect(version).toBe(1);
    expect(problems).toEqual(["element 3: not an object"]);
    expect(objects).toMatchObject([
      { classId: 15, instanceId: "0.0.40.0.3.255", attributes: [], methods: [] },
      {
        attributes: [
          { attributeId: 1, mode: 1, readable: true, writable: false },
          { attributeId: 2, mode: 6, readable: true, writable: true },
        ],
        methods: [
          { methodId: 1, mode: 1, invocable: true },
          { methodId: 2, mode: 0, invocable: false },
        ],
      },
      { classId: 7, className: expect.any(String), attributes: [{ attributeId: 2, selectors: [1, 2] }] },
    ]);
    meter.put(15, "0.0.40.0.0.255", 2, dataOf(T.unsigned, 1));
    await expect(session.discover()).rejects.toMatchObject({ code: "bad-object-list" });
    meter.put(15, "0.0.40.0.0.255", 2, array(object(15, 3, "0.0.40.0.1.255")));
    expect((await session.discover()).version).toBe(3);
    meter.put(15, "0.0.40.0.0.255", 2, array());
    expect(await session.discover()).toEqual({ version: 0, objects: [], problems: [] });
  });
});
