import { expect, it } from "vitest";
import { berlin, every } from "../../../../test/zones.ts";
import { openFrom } from "../../src/behaviour/push-schedule.ts";
import { LocalTime } from "../../src/index.ts";

const local = new LocalTime({ ...berlin, daylightSavingsEnabled: false });
const hour = (at: number) => ({ ...every, hour: at, minute: 0, second: 0 });
const night = [{ startTime: hour(22), endTime: hour(4) }];
const utc = (h: number, day = 5) => Date.UTC(2026, 0, day, h - 1);

it("16.3 P3 waits for the next window", () => {
  expect(openFrom([], local, utc(12))).toBe(utc(12));
  expect(openFrom(night, local, utc(12))).toBe(utc(22));
  expect(openFrom(night, local, utc(23))).toBe(utc(23));
  expect(openFrom(night, local, utc(3))).toBe(utc(3));
  expect(openFrom(night, local, utc(4))).toBe(utc(22));
  expect(openFrom([...night, { startTime: hour(13), endTime: hour(14) }], local, utc(12))).toBe(utc(13));
  const never = { ...hour(1), year: 2020, month: 1, day: 1 };
  expect(openFrom([{ startTime: never, endTime: { ...never, hour: 2 } }], local, utc(12))).toBeUndefined();
});
