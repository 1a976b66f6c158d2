import { expect, it } from "vitest";
import { timeOfText } from "../src/time-text.ts";

const local = Date.UTC(2026, 9, 30, 6, 32);
const midnight = Date.UTC(2026, 9, 30);

it.each([
  ["2026-10-30T06:32:00Z", { local, minutesEast: 0 }],
  ["2026-10-30t06:32z", { local, minutesEast: 0 }],
  [" 2026-10-30 06:32 ", { local }],
  ["2026-10-30T06:32:01.25", { local: local + 1250 }],
  ["2026-10-30T06:32:00,2509Z", { local: local + 250, minutesEast: 0 }],
  ["2026-10-30T06:32+05:30", { local, minutesEast: 330 }],
  ["2026-10-30T06:32+0530", { local, minutesEast: 330 }],
  ["2026-10-30T06:32-05", { local, minutesEast: -300 }],
  ["2026-10-30T06:32-14:00", { local, minutesEast: -840 }],
  ["2026-10-30T06:32+14", { local, minutesEast: 840 }],
  ["2026-10-30", { local: midnight }],
  ["2026-10-30+05:30", { local: midnight, minutesEast: 330 }],
  ["2026-10-29T24:00", { local: midnight }],
] as const)("%s is a time", (text, time) => {
  expect(timeOfText(text)).toEqual(time);
});

it.each([
  ...["2026-10-30T06:32+99:99", "2026-10-30T06:32+14:01", "2026-10-30T06:32-15", "2026-10-30T06:32+05:60"],
  ...["2026-02-30", "2026-13-01", "2026-10-30T24:01", "2026-10-30T06:60", "2026-10-30T06:32:60", "2026-10-30T06"],
  ...["2026-10-30T06:32+5", "30 Oct 2026", "06:32Z", ""],
])("%s is none", (text) => {
  expect(timeOfText(text)).toBeUndefined();
});
