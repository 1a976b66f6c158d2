import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../../test/campaign.ts";
import { activityCalendar, specialDays } from "../../src/index.ts";
import { calendar } from "./a-calendar.ts";
import { date, dateTime, Life } from "./a-life.ts";

const day = 86_400_000;
const quarter = 900_000;
const start = Date.parse("2027-01-01T00:00Z");
const end = Date.parse("2028-01-01T00:00Z");
const summer = [Date.parse("2027-03-28T01:00Z"), Date.parse("2027-10-31T01:00Z")] as const;
const wallOf = (instant: number): number => instant + (instant >= summer[0] && instant < summer[1] ? 2 : 1) * 3_600_000;

const two = (value: number): string => String(value).padStart(2, "0");
const startTime = fc.integer({ min: 0, max: 95 }).map((at) => `${two(Math.floor(at / 4))}:${two((at % 4) * 15)}`);
const dayIds = [1, 2, 3, 4];
const days = fc.tuple(...dayIds.map(() => fc.dictionary(startTime, fc.integer({ min: 1, max: 5 }), { maxKeys: 5 })));
const week = fc.array(fc.constantFrom(...dayIds), { minLength: 7, maxLength: 7 });
const monthAndDay = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }));
const season = fc.record({
  at: monthAndDay,
  year: fc.constantFrom("*", "2026", "2027"),
  hour: fc.constantFrom("00", "12"),
  week: fc.constantFrom("A", "B", "C"),
});
const special = fc.record({
  at: monthAndDay,
  year: fc.constantFrom("*", "2027"),
  dayId: fc.integer({ min: 1, max: 6 }),
});
const given = fc.record({
  days,
  weeks: fc.record({ A: week, B: week, C: week }),
  seasons: fc.array(season, { minLength: 1, maxLength: 4 }),
  specials: fc.array(special, { maxLength: 12 }),
});
type Given = typeof given extends fc.Arbitrary<infer G> ? G : never;

/** Which script begins when, each quarter of an hour looked at by itself: the wall clock, nothing else. */
function model({ days: profiles, weeks, seasons, specials }: Given): string[] {
  const starts = seasons.flatMap((one) =>
    (one.year === "*" ? ["2026", "2027"] : [one.year]).map((year) => ({
      wall: Date.parse(`${year}-${two(one.at[0])}-${two(one.at[1])}T${one.hour}:00Z`),
      week: one.week,
    })),
  );
  const scriptAt = (wall: number): number | undefined => {
    let since = Number.NEGATIVE_INFINITY;
    let ids: number[] | undefined;
    for (const one of starts) {
      if (one.wall > wall || one.wall < since) continue;
      since = one.wall;
      ids = weeks[one.week];
    }
    if (ids === undefined) return undefined;
    const at = new Date(wall);
    const found = specials.find(
      (one) =>
        (one.year === "*" || one.year === String(at.getUTCFullYear())) &&
        one.at[0] === at.getUTCMonth() + 1 &&
        one.at[1] === at.getUTCDate(),
    );
    const known = found !== undefined && found.dayId <= 4 ? found.dayId : undefined;
    const profile = profiles[(known ?? (ids[(at.getUTCDay() + 6) % 7] as number)) - 1];
    return profile?.[at.toISOString().slice(11, 16)];
  };
  const begun: string[] = [];
  let shown = wallOf(start - 8 * day);
  for (let instant = start - 8 * day; instant < end - 3_600_000; instant += quarter) {
    const wall = wallOf(instant);
    // A wall clock that goes on shows each quarter once; one that jumps shows what it left out at once.
    let last: number | undefined;
    for (; shown <= wall; shown += quarter) last = scriptAt(shown) ?? last;
    if (last !== undefined) begun.push(`${new Date(wall).toISOString().slice(0, 16).replace("T", " ")} ${last}`);
  }
  return begun;
}

describe("Activity calendar, a year", () => {
  it("runs the right script in each quarter of an hour, whatever the seasons, weeks, days and special days", () => {
    fc.assert(
      fc.property(given, (one) => {
        const active = calendar("A", {
          seasons: one.seasons.map(({ at, year, hour, week: name }) => [
            dateTime(`${year}-${at[0]}-${at[1]} ${hour}:00`),
            name,
          ]),
          weeks: one.weeks,
          days: Object.fromEntries(dayIds.map((id) => [id, one.days[id - 1] as Record<string, number>])),
        });
        const entries = one.specials.map(({ at, year, dayId }, index) => ({
          index,
          specialdayDate: date(`${year}-${at[0]}-${at[1]}`),
          dayId,
        }));
        const object = activityCalendar("0.0.13.0.0.255", { active });
        const life = new Life([object, specialDays(undefined, entries)], "2027-01-01 00:00");
        const [first, ...rest] = life.until("2027-12-31 23:59");
        const expected = model(one);
        const begun = expected.filter((line) => line > "2027-01-01 00:01");
        // The meter is new: what is in force since the days before begins as well.
        const since = "2026-12-25 00:00";
        const inForce = expected.findLast((line) => line < "2027-01-01 00:01" && line >= since);
        if (inForce === undefined) expect(first === undefined ? [] : [first, ...rest]).toEqual(begun);
        else expect([first, ...rest]).toEqual([`2027-01-01 00:00:00.001 ${inForce.slice(17)}`, ...begun]);
      }),
      { numRuns: times(10) },
    );
  });
});
