import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import vectors from "../../../test-vectors/core.json" with { type: "json" };
import {
  type Codec,
  CosemDate,
  CosemDateTime,
  CosemTime,
  dateOfDays,
  dateTimeOf,
  dateTimeText,
  daysOf,
  decode,
  encode,
  fromHex,
  instantOf,
  type Json,
  toHex,
} from "../src/index.ts";
import { faultOf } from "./fault-of.ts";

const codecs: Readonly<Record<string, Codec<never>>> = {
  date: CosemDate as Codec<never>,
  time: CosemTime as Codec<never>,
  "date-time": CosemDateTime as Codec<never>,
};

describe("vectors", () => {
  for (const { id, kind, hex, decoded } of vectors.vectors) {
    const codec = codecs[kind];
    if (codec === undefined) continue;
    it(id, () => {
      const value = decode(codec, fromHex(hex));
      expect(codec.toJson(value)).toEqual(decoded);
      expect(toHex(encode(codec, codec.fromJson(decoded as unknown as Json)))).toBe(hex);
    });
  }
});

// From the year 1 to 9999, in hundredths of a second: Date counts the same calendar.
const instants = fc
  .integer({ min: -62_135_596_800, max: 253_402_300_799 })
  .chain((second) => fc.nat(99).map((hundredth) => second * 1000 + hundredth * 10));
const deviations = fc.integer({ min: -720, max: 840 });

describe("CosemDateTime", () => {
  it("decodes any octets, and encodes them to the same again, by way of JSON too", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (octets) => {
        const value = decode(CosemDateTime, octets);
        expect(encode(CosemDateTime, value)).toEqual(octets);
        const json = JSON.parse(JSON.stringify(CosemDateTime.toJson(value)));
        expect(CosemDateTime.fromJson(json)).toEqual(value);
        dateTimeText(value);
        instantOf(value);
      }),
    );
  });

  it("agrees with the calendar of Date", () => {
    fc.assert(
      fc.property(instants, (instant) => {
        const date = new Date(instant);
        expect(dateTimeOf(instant)).toEqual({
          year: date.getUTCFullYear(),
          month: date.getUTCMonth() + 1,
          day: date.getUTCDate(),
          dayOfWeek: ((date.getUTCDay() + 6) % 7) + 1,
          hour: date.getUTCHours(),
          minute: date.getUTCMinutes(),
          second: date.getUTCSeconds(),
          hundredths: Math.floor(date.getUTCMilliseconds() / 10),
          deviation: 0,
          status: 0,
        });
      }),
      { numRuns: times(200) },
    );
  });

  it("means the instant that it was made of, whatever the deviation", () => {
    fc.assert(
      fc.property(instants, deviations, (instant, deviation) => {
        const value = dateTimeOf(instant, deviation, 0x80);
        expect(instantOf(value)).toBe(instant);
        expect(instantOf({ ...value, deviation: null }, deviation)).toBe(instant);
        expect(value.status).toBe(0x80);
        if (value.year !== null && value.year >= 0) {
          expect(instantOf(decode(CosemDateTime, encode(CosemDateTime, value)))).toBe(instant);
        }
      }),
    );
  });

  it("counts a deviation from local time to UTC: India has -330", () => {
    const value = dateTimeOf(Date.UTC(2026, 10, 24, 3, 0), -330);
    expect(value).toMatchObject({ hour: 8, minute: 30, deviation: -330 });
    expect(dateTimeText(value)).toBe("2026-11-24 08:30:00 +05:30");
  });

  it("means no instant where a part is not specified, special or impossible", () => {
    const value = dateTimeOf(Date.UTC(2024, 1, 29, 12, 30, 15));
    expect(instantOf(value)).toBe(Date.UTC(2024, 1, 29, 12, 30, 15));
    expect(instantOf({ ...value, second: null, hundredths: null })).toBe(Date.UTC(2024, 1, 29, 12, 30));
    for (const part of [
      { year: null },
      { month: null },
      { day: null },
      { hour: null },
      { minute: null },
      { month: 0xfd },
      { month: 0 },
      { day: 0xfe },
      { day: 0 },
      { day: 30 },
      { year: 2023 },
      { year: 1900 },
      { month: 4, day: 31 },
      { month: 12, day: 32 },
      { hour: 24 },
      { minute: 60 },
      { second: 60 },
      { hundredths: 100 },
    ]) {
      expect([part, instantOf({ ...value, ...part })]).toEqual([part, undefined]);
    }
    expect(instantOf({ ...value, year: 2000 })).toBe(Date.UTC(2000, 1, 29, 12, 30, 15));
  });

  it("is written for people", () => {
    const value = dateTimeOf(Date.UTC(2026, 0, 2, 3, 4, 5, 60), 60);
    expect(dateTimeText(value)).toBe("2026-01-02 02:04:05.06 -01:00");
    const none = { year: null, month: null, day: null, dayOfWeek: null };
    expect(dateTimeText({ ...value, ...none, second: null, hundredths: null, deviation: null })).toBe(
      "****-**-** 02:04:**",
    );
  });

  it("says which field is at fault", () => {
    const value = dateTimeOf(0);
    expect(faultOf(() => encode(CosemDateTime, { ...value, month: 256 })).code).toBe("out-of-range");
    expect(faultOf(() => encode(CosemDateTime, { ...value, deviation: -0x8000 })).code).toBe("out-of-range");
    const json = CosemDateTime.toJson(value) as { [key: string]: Json };
    expect(faultOf(() => CosemDateTime.fromJson({ ...json, day: "1" }))).toMatchObject({
      code: "out-of-range",
      path: ["day"],
    });
    expect(faultOf(() => CosemDateTime.fromJson({ year: 2020 }))).toMatchObject({ code: "bad-json", path: ["month"] });
    expect(faultOf(() => CosemDateTime.fromJson({ ...json, clockStatus: 0 })).code).toBe("bad-json");
    expect(faultOf(() => CosemDateTime.fromJson([])).code).toBe("bad-json");
    expect(faultOf(() => decode(CosemDateTime, new Uint8Array(11))).code).toBe("truncated");
  });
});

describe("days", () => {
  it("go both ways", () => {
    fc.assert(
      fc.property(fc.integer({ min: -800_000, max: 23_000_000 }), (days) => {
        const { year, month, day } = dateOfDays(days);
        expect(daysOf(year, month, day)).toBe(days);
      }),
    );
    expect(dateOfDays(0)).toEqual({ year: 1970, month: 1, day: 1, dayOfWeek: 4 });
  });
});
