import type { LoadProfileTemplate } from "@dlmskit/storage";
import type { DayType, Season } from "../model/calendar.ts";
import { defaultLoadProfiles } from "./default-configuration.ts";

// Customer classes that a population can use without rows of its own. A table row with the same template_name replaces them.

type Pattern = Extract<LoadProfileTemplate["variationPattern"], { readonly version: 2 }>;
type Points = readonly (readonly [hour: number, level: number])[];

const calendar = { country: "IN", latitude: 28.6 };
const seasonsOfYear: readonly Season[] = ["SUMMER", "MONSOON", "AUTUMN", "WINTER", "SPRING"];

/** One row for each season and day type, with kW that are the same all year beside the weather. */
function rows(
  templateName: string,
  [baseLoad, peakLoad]: readonly [number, number],
  points: { readonly [type in DayType]: Points },
  pattern: Omit<Pattern, "version" | "points">,
): LoadProfileTemplate[] {
  return seasonsOfYear.flatMap((season) =>
    (Object.keys(points) as DayType[]).map((dayType) => ({
      ...{ templateName, season, dayType, intervalMinutes: 15, baseLoad, peakLoad },
      variationPattern: {
        version: 2 as const,
        points: points[dayType].map(([hour, level]) => ({ hour, level })),
        ...pattern,
      },
    })),
  );
}

const home: { readonly [type in DayType]: Points } = {
  WEEKDAY: [
    [3, 0.05],
    [7, 0.5],
    [10, 0.22],
    [15, 0.2],
    [20, 0.9],
    [23, 0.3],
  ],
  WEEKEND: [
    [3, 0.05],
    [9, 0.5],
    [13, 0.45],
    [16, 0.35],
    [20, 0.9],
    [23, 0.35],
  ],
  HOLIDAY: [
    [3, 0.06],
    [9, 0.55],
    [13, 0.6],
    [17, 0.5],
    [20.5, 1],
    [23.5, 0.5],
  ],
};

/** Built-in customer classes by their template_name. */
export const customerClasses: { readonly [template: string]: readonly LoadProfileTemplate[] } = {
  "urban-household": defaultLoadProfiles,
  "modern-household": rows("modern-household", [0.12, 1.3], home, {
    noise: { amount: 0.5, memoryHours: 1 },
    temperature: { coolAbove: 26, coolingPerDegree: 0.11, heatBelow: 14, heatingPerDegree: 0.06 },
    customer: {
      ...{ calendar, size: [0.6, 1.6] },
      appliances: [
        { name: "kettle", power: 1.8, minutes: [2, 6], perDay: 3, hours: [6, 22] },
        { name: "washing machine", share: 0.7, power: 0.9, minutes: [40, 90], perDay: 0.5, hours: [8, 20] },
      ],
      vehicle: { share: 0.1, power: 7.4, energy: [6, 24], perDay: 0.5, hours: [18, 23] },
      vacancy: { perDay: 0.008, days: [2, 12], level: 0.2 },
      outliers: { perDay: 0.01, factor: [1.5, 2.5], minutes: [60, 300] },
      solar: { share: 0.2, peak: 3 },
      phases: { imbalance: 0.5 },
      powerFactor: { range: [0.9, 0.98], capacitiveHours: [1, 5] },
    },
  }),
  shop: rows(
    "shop",
    [0.8, 6],
    {
      WEEKDAY: [
        [6, 0.02],
        [9, 0.3],
        [10.5, 0.85],
        [16, 0.9],
        [20, 1],
        [21.5, 0.1],
      ],
      WEEKEND: [
        [6, 0.02],
        [9.5, 0.3],
        [11, 0.9],
        [16, 1],
        [20, 1],
        [22, 0.1],
      ],
      HOLIDAY: [
        [6, 0.02],
        [12, 0.12],
        [20, 0.05],
      ],
    },
    {
      noise: { amount: 0.15, memoryHours: 2 },
      temperature: { coolAbove: 24, coolingPerDegree: 0.25 },
      customer: { calendar, size: [0.3, 3], powerFactor: { range: [0.86, 0.95] } },
    },
  ),
  industry: rows(
    "industry",
    [25, 220],
    {
      WEEKDAY: [
        [5, 0.05],
        [6.5, 0.6],
        [8, 0.95],
        [12.5, 0.75],
        [14, 1],
        [18, 0.9],
        [22, 0.5],
        [23.5, 0.08],
      ],
      WEEKEND: [
        [5, 0.04],
        [8, 0.25],
        [13, 0.2],
        [18, 0.05],
      ],
      HOLIDAY: [
        [6, 0.02],
        [12, 0.04],
      ],
    },
    {
      noise: { amount: 0.12, memoryHours: 1 },
      customer: { calendar, size: [0.2, 4], phases: { imbalance: 0.1 }, powerFactor: { range: [0.8, 0.93] } },
    },
  ),
  "street-light": rows(
    "street-light",
    [0.02, 2.4],
    { WEEKDAY: [[12, 0]], WEEKEND: [[12, 0]], HOLIDAY: [[12, 0]] },
    { lampsAtNight: true, customer: { calendar, size: [0.4, 2], powerFactor: { range: [0.85, 0.9] } } },
  ),
};
