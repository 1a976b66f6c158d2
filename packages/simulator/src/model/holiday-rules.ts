import { dateOfDays, daysOf } from "@dlmskit/core";

// Public holidays as rules. The list contains the holidays of the whole country on which offices and schools are closed: it shapes a load,
// and is no calendar of a public authority (docs/decisions/0014-holiday-rules.md).

/** `easter`: days after Easter Sunday. `nth`: the n-th such weekday (1 is Monday) of a month, from its end if negative. `listed`: by year. */
export type HolidayRule =
  | string
  | { readonly easter: number }
  | { readonly orthodoxEaster: number }
  | { readonly month: number; readonly weekday: number; readonly nth: number }
  | { readonly listed: readonly string[] };

export interface CountryRules {
  /** Days of the week, 1 is Monday. */
  readonly weekend: readonly number[];
  readonly holidays: readonly HolidayRule[];
  /** Whether the country has a MONSOON season. */
  readonly monsoon?: true;
}

const saturdaySunday = [6, 7];
const [goodFriday, easterMonday, ascension, whitMonday] = [
  { easter: -2 },
  { easter: 1 },
  { easter: 39 },
  { easter: 50 },
];
const corpusChristi = { easter: 60 };
const christmas = ["12-25", "12-26"];
const secularEurope = ["01-01", "05-01"];

// Festivals of the Hindu calendar as gazetted for the years in which this list was made. Later years have the holidays with rules only.
const diwali = [
  ...["2020-11-14", "2021-11-04", "2022-10-24", "2023-11-12", "2024-10-31", "2025-10-20", "2026-11-08", "2027-10-29"],
  ...["2028-10-17", "2029-11-05", "2030-10-26"],
];
const holi = [
  ...["2020-03-10", "2021-03-29", "2022-03-18", "2023-03-08", "2024-03-25", "2025-03-14", "2026-03-04", "2027-03-22"],
  ...["2028-03-11", "2029-03-01", "2030-03-20"],
];
const dussehra = [
  ...["2020-10-25", "2021-10-15", "2022-10-05", "2023-10-24", "2024-10-12", "2025-10-02", "2026-10-20", "2027-10-09"],
  ...["2028-09-27", "2029-10-16", "2030-10-06"],
];

export const countries: { readonly [country: string]: CountryRules } = {
  AT: {
    weekend: saturdaySunday,
    holidays: [
      ...[...secularEurope, "01-06", "08-15", "10-26", "11-01", "12-08", ...christmas],
      ...[easterMonday, ascension, whitMonday, corpusChristi],
    ],
  },
  AU: { weekend: saturdaySunday, holidays: ["01-01", "01-26", "04-25", ...christmas, goodFriday, easterMonday] },
  BR: {
    weekend: saturdaySunday,
    holidays: ["01-01", "04-21", "05-01", "09-07", "10-12", "11-02", "11-15", "12-25", goodFriday, { easter: -47 }],
  },
  DE: {
    weekend: saturdaySunday,
    holidays: [...secularEurope, "10-03", ...christmas, goodFriday, easterMonday, ascension, whitMonday],
  },
  ES: {
    weekend: saturdaySunday,
    holidays: [...secularEurope, "01-06", "08-15", "10-12", "11-01", "12-06", "12-08", "12-25", goodFriday],
  },
  FR: {
    weekend: saturdaySunday,
    holidays: [
      ...[...secularEurope, "05-08", "07-14", "08-15", "11-01", "11-11", "12-25"],
      ...[easterMonday, ascension, whitMonday],
    ],
  },
  GB: {
    weekend: saturdaySunday,
    holidays: [
      ...["01-01", ...christmas, goodFriday, easterMonday],
      ...[
        { month: 5, weekday: 1, nth: 1 },
        { month: 5, weekday: 1, nth: -1 },
        { month: 8, weekday: 1, nth: -1 },
      ],
    ],
  },
  GR: {
    weekend: saturdaySunday,
    holidays: [
      ...[...secularEurope, "01-06", "03-25", "08-15", "10-28", ...christmas],
      ...[{ orthodoxEaster: -48 }, { orthodoxEaster: -2 }, { orthodoxEaster: 1 }, { orthodoxEaster: 50 }],
    ],
  },
  IN: {
    weekend: saturdaySunday,
    monsoon: true,
    holidays: ["01-26", "08-15", "10-02", "12-25", { listed: diwali }, { listed: holi }, { listed: dussehra }],
  },
  IT: {
    weekend: saturdaySunday,
    holidays: [...[...secularEurope, "01-06", "04-25", "06-02", "08-15", "11-01", "12-08", ...christmas], easterMonday],
  },
  NL: {
    weekend: saturdaySunday,
    holidays: ["01-01", "04-27", ...christmas, easterMonday, ascension, whitMonday],
  },
  NO: {
    weekend: saturdaySunday,
    holidays: [
      ...[...secularEurope, "05-17", ...christmas],
      ...[{ easter: -3 }, goodFriday, easterMonday, ascension, whitMonday],
    ],
  },
  SA: { weekend: [5, 6], holidays: ["02-22", "09-23"] },
  SE: {
    weekend: saturdaySunday,
    holidays: [...secularEurope, "01-06", "06-06", ...christmas, goodFriday, easterMonday, ascension],
  },
  US: {
    weekend: saturdaySunday,
    holidays: [
      ...["01-01", "07-04", "12-25"],
      ...[
        { month: 1, weekday: 1, nth: 3 },
        { month: 5, weekday: 1, nth: -1 },
        { month: 9, weekday: 1, nth: 1 },
        { month: 11, weekday: 4, nth: 4 },
      ],
    ],
  },
  ZA: {
    weekend: saturdaySunday,
    holidays: [
      ...["01-01", "03-21", "04-27", "05-01", "06-16", "08-09", "09-24", "12-16", ...christmas],
      ...[goodFriday, easterMonday],
    ],
  },
};

/** Easter Sunday of the Gregorian calendar (the anonymous Gregorian computus), in days since 1970-01-01. */
export function easterOf(year: number): number {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const ofCentury = year % 100;
  const correction = Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3);
  const epact = (19 * golden + century - Math.floor(century / 4) - correction + 15) % 30;
  const weekday = (32 + 2 * (century % 4) + 2 * Math.floor(ofCentury / 4) - epact - (ofCentury % 4)) % 7;
  const late = Math.floor((golden + 11 * epact + 22 * weekday) / 451);
  const place = epact + weekday - 7 * late + 114;
  return daysOf(year, Math.floor(place / 31), (place % 31) + 1);
}

/** Easter Sunday of the Julian calendar (Meeus), in days since 1970-01-01 of the Gregorian calendar. */
export function orthodoxEasterOf(year: number): number {
  const moon = (19 * (year % 19) + 15) % 30;
  const weekday = (2 * (year % 4) + 4 * (year % 7) - moon + 34) % 7;
  const place = moon + weekday + 114;
  const ahead = Math.floor(year / 100) - Math.floor(year / 400) - 2;
  return daysOf(year, Math.floor(place / 31), (place % 31) + 1) + ahead;
}

/** 1 is Monday. 1970-01-01 was a Thursday. */
const weekdayOf = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1;

const dateText = (day: number): string => {
  const { year, month, day: ofMonth } = dateOfDays(day);
  return `${year}-${String(month).padStart(2, "0")}-${String(ofMonth).padStart(2, "0")}`;
};

function ofYear(rule: Exclude<HolidayRule, string>, year: number): readonly string[] {
  if ("easter" in rule) return [dateText(easterOf(year) + rule.easter)];
  if ("orthodoxEaster" in rule) return [dateText(orthodoxEasterOf(year) + rule.orthodoxEaster)];
  if ("listed" in rule) return rule.listed.filter((date) => date.startsWith(`${year}-`));
  const { month, weekday, nth } = rule;
  if (nth > 0) {
    const first = daysOf(year, month, 1);
    return [dateText(first + ((weekday - weekdayOf(first) + 7) % 7) + (nth - 1) * 7)];
  }
  const last = daysOf(month === 12 ? year + 1 : year, (month % 12) + 1, 1) - 1;
  return [dateText(last - ((weekdayOf(last) - weekday + 7) % 7) + (nth + 1) * 7)];
}

/** The holidays of rules for the years that the model covers: `"01-26"` for every year, or `"2026-04-03"` for one. */
export function holidaysOf(rules: readonly HolidayRule[], firstYear = 1970, lastYear = 2149): readonly string[] {
  const years = Array.from({ length: lastYear - firstYear + 1 }, (_, at) => firstYear + at);
  return rules.flatMap((rule) => (typeof rule === "string" ? [rule] : years.flatMap((year) => ofYear(rule, year))));
}
