import { type CosemDateTime, unspecifiedDateTime } from "@dlmskit/core";

/** Every instant, as a pattern. */
export const every = unspecifiedDateTime;
const hour = (at: number): CosemDateTime => ({ ...every, hour: at, minute: 0, second: 0 });

/** What the Clock of a meter in Berlin has: attributes 3 and 5 to 8. */
export const berlin = {
  timeZone: -60,
  daylightSavingsBegin: { ...hour(2), month: 3, day: 0xfe, dayOfWeek: 7 },
  daylightSavingsEnd: { ...hour(3), month: 10, day: 0xfe, dayOfWeek: 7 },
  daylightSavingsDeviation: 60,
  daylightSavingsEnabled: true,
};

/** In Sydney: daylight saving over the new year. */
export const sydney = {
  ...berlin,
  timeZone: -600,
  daylightSavingsBegin: { ...hour(2), month: 10, day: 1, dayOfWeek: 7 },
  daylightSavingsEnd: { ...hour(3), month: 4, day: 1, dayOfWeek: 7 },
};
