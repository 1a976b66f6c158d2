import { z } from "zod";

// The part of a variation pattern that describes the customer, and not one day.

/** A number within limits. The message of an error names the limits. */
export const number = (least: number, most: number, unit = "") => {
  const message = `expected a number from ${least} to ${most}${unit === "" ? "" : ` ${unit}`}`;
  return z.number(message).min(least, message).max(most, message);
};
export const whole = (least: number, most: number) => {
  const message = `expected a whole number from ${least} to ${most}`;
  return z.int(message).min(least, message).max(most, message);
};
export const share = number(0, 1);
export const hourOfDay = number(0, 24, "hours");
/** [lowest, highest]. */
const range = (least: number, most: number, unit = "") =>
  z
    .tuple([number(least, most, unit), number(least, most, unit)], `expected [lowest, highest]`)
    .refine(([low, high]) => low <= high, "the second value is below the first one");
/** [from, to] of the local day. If `to` is below `from`, the time passes midnight. */
const hours = z
  .tuple([hourOfDay, hourOfDay], "expected [from, to] in hours of the local day")
  .refine(([from, to]) => from !== to, "a time from an hour to the same hour is empty: use [0, 24] for the whole day");

export const calendar = z
  .strictObject({
    country: z
      .string()
      .regex(/^[A-Z]{2}$/, "expected a country as two capital letters, such as IN")
      .describe("ISO 3166-1 alpha-2: gives the weekend and the holidays")
      .optional(),
    latitude: number(-90, 90, "degrees").describe("north is positive: gives the seasons, the climate and the sun"),
    monsoon: z.boolean("expected true or false").describe("whether the place has a MONSOON season").optional(),
    weekend: z
      .array(whole(1, 7), "expected days of the week, 1 is Monday")
      .max(7)
      .describe("days of the week, 1 is Monday, in place of those of the country")
      .optional(),
    holidays: z
      .array(z.string().regex(/^(?:\d{4}-)?\d{2}-\d{2}$/, "expected a date such as 2026-01-26 or 01-26"))
      .describe("dates in addition to those of the country")
      .optional(),
  })
  .describe("where the customer lives");

const climate = z
  .strictObject({
    mean: number(-40, 50, "°C").describe("the mean of the year").optional(),
    seasonal: number(0, 40, "°C")
      .describe("half of the difference between the warmest and the coldest month")
      .optional(),
    daily: number(0, 20, "°C").describe("half of the difference between afternoon and early morning").optional(),
    spread: number(0, 15, "°C").describe("the standard deviation of a day").optional(),
    memoryDays: number(0, 60, "days").describe("about how many days a warm or cold spell lasts").optional(),
    clouds: share.describe("the share of cloudy days").optional(),
  })
  .describe("the weather, which all customers of a place share; from the latitude unless given");

const powerAndTimes = {
  share: share.describe("the share of the customers that have it; all unless given").optional(),
  power: number(0.001, 1000, "kW").describe("kW while it runs"),
  hours: hours.describe("when it starts; the whole day unless given").optional(),
};
export const device = z.strictObject({
  name: z.string("expected a name").min(1).max(40),
  ...powerAndTimes,
  minutes: range(1, 720, "minutes").describe("how long it runs at a time"),
  perDay: number(0.01, 24).describe("how often it runs on a day, on average"),
});

const vehicle = z.strictObject({
  ...powerAndTimes,
  energy: range(0.1, 200, "kWh").describe("kWh of one charge"),
  perDay: number(0.01, 2).describe("charges on a day, on average"),
});

export const customer = z.strictObject({
  calendar: calendar.optional(),
  climate: climate.optional(),
  size: range(0.01, 100).describe("the size of a customer relative to the rows; [0.6, 1.6] unless given").optional(),
  appliances: z
    .array(device, "expected a list of appliances")
    .max(6, "at most 6 appliances")
    .describe("loads that switch on and off, in addition to the curve of the day")
    .optional(),
  vehicle: vehicle
    .describe("an electric vehicle that is charged at home, in addition to the curve of the day")
    .optional(),
  vacancy: z
    .strictObject({
      perDay: share.describe("the probability that a time without people begins on a day"),
      days: range(0.1, 40, "days"),
      level: share.describe("the share of the load that stays"),
    })
    .optional(),
  outliers: z
    .strictObject({
      perDay: share.describe("the probability of an outlier on a day"),
      factor: range(0, 20).describe("the load relative to the usual load"),
      minutes: range(1, 1440, "minutes"),
    })
    .optional(),
  solar: z
    .strictObject({
      share: share.describe("the share of the customers that have a plant; all unless given").optional(),
      peak: number(0, 1_000_000, "kW").describe("kW at noon in summer without clouds, for a customer of size 1"),
    })
    .describe("a solar plant: what the house does not need is exported")
    .optional(),
  battery: z
    .strictObject({ capacity: number(0, 1_000_000, "kWh"), power: number(0.001, 1_000_000, "kW") })
    .describe("a battery beside the solar plant, for a customer of size 1")
    .optional(),
  phases: z
    .strictObject({ imbalance: share.describe("0: the three phases carry the same load; 1: at random") })
    .optional(),
  powerFactor: z
    .strictObject({
      range: range(0.5, 1).describe("the power factor of a customer; [0.89, 0.94] unless given").optional(),
      capacitiveHours: hours
        .describe("when the load is capacitive (quadrants IV and II); never unless given")
        .optional(),
    })
    .optional(),
});
