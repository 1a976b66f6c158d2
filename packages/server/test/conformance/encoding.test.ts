import { type Data, encodeData, T, type TypeDescription } from "@dlmskit/apdu";
import { anyDataObject, clock, dataObject, profileGeneric } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { dataOfResult, echoed, hexOf, rowsIn, wired } from "./a-wire.ts";

const octetsOf = (count: number): Uint8Array => new Uint8Array(count).fill(0xa5);
const repeated = (hex: string, count: number): string => hex.repeat(count);

describe("Data through a meter, as octets of SET and GET", () => {
  it("E1: the least and the greatest of every tag, and what has odd bits, come back bit for bit", async () => {
    const { set, get } = await echoed();
    const values = [
      ...["00", "0300", "0301", "0f80", "0f7f", "1100", "11ff", "108000", "107fff", "120000", "12ffff"],
      ...["0580000000", "057fffffff", "0600000000", "06ffffffff", "148000000000000000", "147fffffffffffffff"],
      ...["150000000000000000", "15ffffffffffffffff", "1600", "16ff", "0d00", "0dff"],
      // Zero with its sign, infinities, a NaN and a denormal.
      ...["1780000000", "177f800000", "17ff800000", "177fc00000", "1700000001"],
      ...["188000000000000000", "187ff0000000000000", "187ff8000000000000", "180000000000000001"],
      // Bit-strings of 0, 1, 7, 8 and 9 bits.
      ...["0400", "040180", "0407fe", "0408ff", "0409ff80"],
      ...["0900", "0a00", "0c00", "0c02c3a9", "0100", "0200", "ff"],
      ...["1907e40b1c0600000000014a00", "1a07ea0b1c06", "1b17373b63"],
    ];
    for (const value of values) {
      expect(await set(value), value).toBe("00");
      expect(await get(), value).toBe(value);
    }
  });

  it("E2: lengths are written in the least octets, and read in more", async () => {
    const { round, set, get } = await echoed();
    for (const [count, length] of [
      [127, "7f"],
      [128, "8180"],
      [255, "81ff"],
      [256, "820100"],
    ] as const) {
      const value = octetsOf(count);
      expect(await round({ type: "octet-string", value }), `${count}`).toBe(hexOf(`09${length}`, value));
    }
    // More than a client may write at once, but read.
    const value = octetsOf(65_535);
    const long = anyDataObject("0.0.96.1.61.255", { type: "octet-string", value });
    const { read } = await wired([long]);
    expect(hexOf(encodeData(await read(long, 2))) === hexOf("0982ffff", value)).toBe(true);
    for (const length of ["8105", "820005", "83000005", "8400000005"]) {
      expect(await set(`09${length}0102030405`), length).toBe("00");
      expect(await get(), length).toBe("09050102030405");
      expect(await set(`01${length}${repeated("1101", 5)}`), length).toBe("00");
      expect(await get(), length).toBe(`0105${repeated("1101", 5)}`);
    }
  });

  it("E3: a count or a length past the end is refused and nothing written", async () => {
    const { set, get } = await echoed();
    await set("1107");
    const bad = ["0184ffffffff", "0284ffffffff", "0984ffffffff", "0484ffffffff", "0a84ffffffff", "090301", "0980"];
    for (const value of bad) {
      expect(await set(value), value).not.toBe("00");
      expect(await get(), value).toBe("1107");
    }
  });

  it("E4: a nest of 3,000 is refused, one of 60 is not, and the association lives", async () => {
    const { set, get, client } = await echoed();
    await set("1107");
    expect(await set(`${repeated("0201", 3000)}00`)).not.toBe("00");
    expect(await set(repeated("0101", 3000))).not.toBe("00");
    expect(client.closed).toBe(false);
    expect(await get()).toBe("1107");
    const deep = `${repeated("0201", 60)}00`;
    expect(await set(deep)).toBe("00");
    expect(await get()).toBe(deep);
  });

  it("E5: a compact-array of every type comes back as it was, and is refused where its contents do not fit", async () => {
    const { set, get, round } = await echoed();
    const of = (contents: TypeDescription, ...value: Data[]): Data => ({ type: "compact-array", contents, value });
    const pair: TypeDescription = { type: "structure", elements: [{ type: "unsigned" }, { type: "octet-string" }] };
    const row = (n: number): Data => ({
      type: "structure",
      value: [
        { type: "unsigned", value: n },
        { type: "octet-string", value: Uint8Array.of(n) },
      ],
    });
    expect(await round(of({ type: "long-unsigned" }, { type: "long-unsigned", value: 1 }))).toBe("1312020001");
    expect(await round(of(pair, row(1), row(2)))).toBe("1302021109060101010201 02".replaceAll(" ", ""));
    const nested: TypeDescription = { type: "array", count: 2, element: pair };
    const value: Data = { type: "array", value: [row(1), row(2)] };
    expect(await round(of(nested, value))).toBe("1301000202021109 06010101020102".replaceAll(" ", ""));
    const types = ["03", "05", "06", "0d", "0f", "10", "11", "12", "14", "15", "16", "17", "18", "19", "1a", "1b"];
    const sizes = [1, 4, 4, 1, 1, 2, 1, 2, 8, 8, 1, 4, 8, 12, 5, 4];
    for (const [at, type] of types.entries()) {
      const size = sizes[at] as number;
      const octets = `13${type}${(2 * size).toString(16).padStart(2, "0")}${repeated("01", 2 * size)}`;
      expect(await set(octets), type).toBe("00");
      expect(await get(), type).toBe(octets);
    }
    await set("1107");
    // Contents that are short, that are long, an unknown type, a compact-array in one, and no contents of a type without octets.
    for (const bad of [
      "1312020001".replace("1202", "1203"),
      "131201ff",
      "13020211090301030201",
      "13070101",
      "131300",
    ]) {
      expect(await set(bad), bad).not.toBe("00");
      expect(await get(), bad).toBe("1107");
    }
  });

  it("E7: date-times come back as they were, whatever is not specified in them", async () => {
    const { set, get } = await echoed();
    for (const value of [
      "ffffffffffffffffff8000ff",
      "07e4021d06173b3b63800000",
      "07ea0afe07ff0000ffffc480",
      "fffffdfdff020000ff8000ff",
      "07ea0b1c0600000000ffc400",
      "07ea0b1c06000000ff014a08",
    ]) {
      for (const octets of [`090c${value}`, `19${value}`]) {
        expect(await set(octets), octets).toBe("00");
        expect(await get(), octets).toBe(octets);
      }
    }
  });

  it("E8: tags that are not known, or reserved, are refused and nothing written", async () => {
    const { set, get } = await echoed();
    await set("1107");
    for (const tag of ["07", "08", "0b", "0e", "1c", "20", "80", "fe"]) {
      expect(await set(`${tag}0000000000000000`), tag).not.toBe("00");
      expect(await set(`0201${tag}0000000000000000`), tag).not.toBe("00");
      expect(await get(), tag).toBe("1107");
    }
  });

  it("E9: octets after an APDU refuse it, for every service alike", async () => {
    const { octets, set, get, client } = await echoed();
    await set("1107");
    const name = hexOf(Uint8Array.of(0, 0, 96, 1, 60, 255));
    const requests = [`c001c10001${name}0200`, `c101c10001${name}02001108`, `c301c10001${name}010100`];
    for (const request of requests) {
      for (const more of ["00", "ffff", request]) {
        expect(await octets(request + more), request).toMatch(/^(d801|d802|0e)/);
        expect(await get()).toBe("1107");
      }
    }
    expect(client.closed).toBe(false);
  });
});

describe("a buffer of a profile on the wire", () => {
  it("E6: cells that follow from the row before are null-data, and stay away without the option", async () => {
    const time = clock();
    const steady = dataObject("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 7 });
    const made = (nullData: boolean, instance: string) =>
      profileGeneric(instance, { capture: [time, steady], entries: 10, period: 900, nullData });
    const [short, full] = [made(true, "1.0.99.1.0.255"), made(false, "1.0.99.2.0.255")];
    const { bench, meter, client } = await wired([time, steady, short, full]);
    await client.release();
    const quarter = async (): Promise<void> => {
      bench.clock.advance(900_000);
      await bench.settle(3);
    };
    await quarter();
    await quarter();
    await meter.set(
      { classId: 1, instanceId: steady.instance, attributeId: 2 },
      { type: "double-long-unsigned", value: 8 },
    );
    await quarter();
    const later = await bench.client().open();
    const cells = async (profile: typeof short): Promise<string[]> => {
      const [result] = await later.get([7, profile.instance, 2]);
      return rowsIn(dataOfResult(result)).map((row) => row.map(({ type }) => type).join(" "));
    };
    expect(await cells(full)).toEqual(new Array(3).fill("octet-string double-long-unsigned"));
    expect(await cells(short)).toEqual([
      "octet-string double-long-unsigned",
      "null-data null-data",
      "null-data double-long-unsigned",
    ]);
  });
});
