import { Fault } from "@dlmskit/core";
import { z } from "zod";
import { json } from "../fields.ts";
import { customer, hourOfDay, number, share } from "./variation-customer.ts";

const shape = z
  .array(share, "expected 24, 48 or 96 values, found no list")
  .refine(({ length }) => [24, 48, 96].includes(length), {
    error: ({ input }) => `expected 24, 48 or 96 values, found ${(input as unknown[]).length}`,
  })
  .describe("24, 48 or 96 values for equal intervals of the local day: 0 is base_load, 1 is peak_load");

const ascending = (points: readonly { readonly hour: number }[]): boolean =>
  points.every(({ hour }, at) => hour < 24 && (at === 0 || hour > (points[at - 1]?.hour ?? 0)));

/** Version 1: a shape, and how much it varies. */
const first = z.strictObject({
  version: z.literal(1),
  shape,
  jitter: share.describe("by which part a quarter of an hour may vary from day to day"),
});

/** Version 2: a day as a curve, with the customer behind it. */
const second = z
  .strictObject({
    version: z.literal(2),
    shape: shape.optional(),
    points: z
      .array(z.strictObject({ hour: hourOfDay, level: share }), "expected a list of points")
      .min(1, "expected at least one point")
      .max(96, "expected at most 96 points")
      .refine(ascending, "the hours of the points must ascend and be below 24")
      .describe("a smooth curve through these points, in place of shape")
      .optional(),
    peaks: z
      .array(
        z.strictObject({
          hour: hourOfDay.describe("the middle of the peak"),
          hours: number(0.25, 12, "hours").describe("how long the load is above half of the peak's height"),
          height: share,
        }),
        "expected a list of peaks",
      )
      .max(12, "expected at most 12 peaks")
      .describe("peaks that are added to the curve; the sum is at most 1")
      .optional(),
    lampsAtNight: z
      .boolean("expected true or false")
      .describe("the load is peak_load from sunset to sunrise, and what the curve says by day")
      .optional(),
    noise: z
      .strictObject({
        amount: share.describe("as jitter of version 1"),
        memoryHours: number(0, 24, "hours").describe("about how long a deviation lasts; 0 unless given").optional(),
      })
      .optional(),
    temperature: z
      .strictObject({
        coolAbove: number(-40, 60, "°C").optional(),
        coolingPerDegree: number(0, 10_000, "kW").describe("kW for each °C above coolAbove").optional(),
        heatBelow: number(-40, 60, "°C").optional(),
        heatingPerDegree: number(0, 10_000, "kW").describe("kW for each °C below heatBelow").optional(),
      })
      .describe("the load that depends on the weather, in addition to the curve, for a customer of size 1")
      .optional(),
    customer: customer
      .describe("the customer: in one row of a template_name, or the same in several of its rows")
      .optional(),
  })
  .refine(({ shape: values, points }) => values === undefined || points === undefined, {
    error: "expected either shape or points, and not both",
    path: ["points"],
  })
  .refine(
    ({ shape: values, points, peaks, lampsAtNight }) => (values ?? points ?? peaks ?? lampsAtNight) !== undefined,
    {
      error: "expected shape, points, peaks or lampsAtNight",
      path: ["points"],
    },
  );

const pattern = z.discriminatedUnion("version", [first, second], {
  error: ({ code }) =>
    code === "invalid_union" ? "only the versions 1 and 2 are known" : "a variation pattern must be a JSON object",
});

/**
 * The change of the load between base load and peak load over a day: the JSON of `load_profile_templates.variation_pattern`.
 * Example: `{"version": 1, "shape": [0.21, …], "jitter": 0.1}`
 */
export type VariationPattern = DeepReadonly<z.output<typeof pattern>>;

/** What version 2 says about the customer. */
export type VariationCustomer = DeepReadonly<z.output<typeof customer>>;

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** Checks a variation pattern. Fault `bad-value` with the path in the JSON, also for an unknown key. */
export function checkVariationPattern(value: unknown): VariationPattern {
  const parsed = pattern.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0] as z.core.$ZodIssue;
  const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const fault = new Fault("bad-value", unknown.length > 0 ? "a variation pattern has no such key" : issue.message, {
    layer: "storage",
    hint: "docs/guides/load.md describes the form, and docs/variation-pattern.schema.json is its JSON Schema",
  });
  fault.path.push(...issue.path.map(String), ...unknown);
  throw fault;
}

/** The JSON Schema (2020-12) of the form. */
export function variationPatternSchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(pattern, { io: "input" }), title: "load_profile_templates.variation_pattern" };
}

export const variationPattern = json(checkVariationPattern);
