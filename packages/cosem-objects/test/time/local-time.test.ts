import { type CosemDateTime, dateTimeText } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../../test/campaign.ts";
import { berlin, every, sydney } from "../../../../test/zones.ts";
import { LocalTime } from "../../src/time/local-time.ts";

const utc = (text: string): number => Date.parse(`${text}Z`);
const zoneOf = { berlin: "Europe/Berlin", sydney: "Australia/Sydney" } as const;

function wall(zone: string, instant: number): string {
  return new Date(instant).toLocaleString("sv-SE", { timeZone: zone });
}

describe("LocalTime", () => {
  it.each([
    ["berlin", berlin],
    ["sydney", sydney],
  ] as const)("shows in %s what the tz database says", (name, zone) => {
    const local = new LocalTime(zone);
    // Rules of both places since 2008.
    fc.assert(
      fc.property(fc.integer({ min: utc("2009-01-01T00:00:00"), max: utc("2037-12-30T00:00:00") }), (instant) => {
        const second = Math.floor(instant / 1000) * 1000;
        expect(new Date(local.localOf(second)).toISOString().slice(0, 19).replace("T", " ")).toBe(
          wall(zoneOf[name], second),
        );
      }),
      { numRuns: times(300) },
    );
  });

  it("1.1.8: puts a time that is skipped after the gap, and a time that comes twice at its first", () => {
    const local = new LocalTime(berlin);
    const at = (text: string): string => new Date(local.instantOf(utc(text))).toISOString();
    expect(at("2026-03-29T01:59:59")).toBe("2026-03-29T00:59:59.000Z");
    expect(at("2026-03-29T02:30:00")).toBe("2026-03-29T01:00:00.000Z");
    expect(at("2026-03-29T03:30:00")).toBe("2026-03-29T01:30:00.000Z");
    expect(at("2026-10-25T02:30:00")).toBe("2026-10-25T00:30:00.000Z");
    expect(at("2026-10-25T03:00:00")).toBe("2026-10-25T02:00:00.000Z");
    expect(dateTimeText(local.dateTimeOf(utc("2026-07-01T00:00:00")))).toBe("2026-07-01 02:00:00 +02:00");
    expect(local.dateTimeOf(utc("2026-07-01T00:00:00"))).toMatchObject({ deviation: -120, status: 0x80 });
  });

  it("1.1.3: goes from one instant that date and time mean to the next, and back", () => {
    const small = (...values: number[]) => fc.option(fc.constantFrom(...values), { nil: null, freq: 3 });
    const date = fc.record({
      year: small(2026),
      month: small(2, 3, 10, 12, 0xfd, 0xfe),
      day: small(1, 25, 29, 31, 0xfd, 0xfe),
      dayOfWeek: small(1, 7),
    });
    const time = fc.record({
      hour: small(0, 2, 23),
      minute: fc.constantFrom(0, 30),
      second: fc.constant(0),
      hundredths: fc.constant(null),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(berlin, sydney, { ...berlin, daylightSavingsEnabled: false }),
        date,
        time,
        fc.integer({ min: utc("2025-12-01T00:00:00") / 60_000, max: utc("2027-02-01T00:00:00") / 60_000 }),
        (zone, date, time, minute) => {
          const local = new LocalTime(zone);
          const after = minute * 60_000;
          const next = local.next(date, time, after);
          // By looking at every half hour, on both readings of the clock.
          let found: number | undefined;
          const seen = new Set<number>();
          const first = Math.floor(after / 1_800_000) * 1_800_000;
          for (let step = -4; step < 20_000 && found === undefined; step++) {
            const instant = first + step * 1_800_000;
            for (const shown of [local.localOf(instant), local.localOf(instant) - 3_600_000]) {
              const at = new Date(shown);
              if (seen.has(shown)) continue;
              if (!(time.hour === null || at.getUTCHours() === time.hour) || at.getUTCMinutes() !== time.minute)
                continue;
              const meant = local.instantOf(shown);
              const noon = Math.floor(shown / 86_400_000) * 86_400_000 + 43_200_000;
              if (!local.isOn(local.instantOf(noon), date)) continue;
              seen.add(shown);
              if (meant > after && (found === undefined || meant < found)) found = meant;
            }
          }
          if (found !== undefined) expect(next).toBe(found);
          if (next === undefined) return;
          expect(local.last(date, time, next)).toBe(next);
          const before = local.last(date, time, next - 1);
          if (before !== undefined) {
            expect(before).toBeLessThanOrEqual(after);
            expect(local.next(date, time, before)).toBe(next);
          }
        },
      ),
      { numRuns: times(150) },
    );
  });

  it("1.1.4, 1.1.5: knows the last days of a month, a weekday on or after a day, and the days of the switch", () => {
    const local = new LocalTime(berlin);
    const midnight = { hour: 0, minute: 0, second: 0, hundredths: null };
    const next = (date: Partial<CosemDateTime>, after: string): string => {
      const at = local.next({ ...every, ...date }, midnight, utc(after));
      return at === undefined ? "never" : dateTimeText(local.dateTimeOf(at));
    };
    expect(next({ day: 0xfe }, "2028-02-10T00:00:00")).toBe("2028-02-29 00:00:00 +01:00");
    expect(next({ day: 0xfd }, "2027-02-10T00:00:00")).toBe("2027-02-27 00:00:00 +01:00");
    expect(next({ day: 0xfe, dayOfWeek: 1, month: 5 }, "2027-02-10T00:00:00")).toBe("2027-05-31 00:00:00 +02:00");
    expect(next({ day: 0xfd, dayOfWeek: 1, month: 5 }, "2027-02-10T00:00:00")).toBe("2027-05-24 00:00:00 +02:00");
    expect(next({ month: 11, day: 2, dayOfWeek: 2 }, "2026-02-10T00:00:00")).toBe("2026-11-03 00:00:00 +01:00");
    expect(next({ month: 12, day: 31, dayOfWeek: 1 }, "2026-12-30T00:00:00")).toBe("2027-01-04 00:00:00 +01:00");
    expect(next({ year: 2026, month: 11, day: 2, dayOfWeek: 2 }, "2026-02-10T00:00:00")).toBe("never");
    expect(next({ month: 0xfe }, "2026-02-10T00:00:00")).toBe("2026-03-29 00:00:00 +01:00");
    expect(next({ month: 0xfd }, "2026-02-10T00:00:00")).toBe("2026-10-25 00:00:00 +02:00");
    expect(next({ month: 2, day: 29, dayOfWeek: null }, "2025-02-10T00:00:00")).toBe("2028-02-29 00:00:00 +01:00");
    expect(next({ month: 2, day: 30 }, "2025-02-10T00:00:00")).toBe("never");
    expect(next({ year: 2025 }, "2026-02-10T00:00:00")).toBe("never");
  });
});
