import { Fault } from "@dlmskit/core";
import { json } from "../fields.ts";

/**
 * The change of the load between base load and peak load over a day: the JSON of `load_profile_templates.variation_pattern`.
 * Example: `{"version": 1, "shape": [0.21, …], "jitter": 0.1}`
 */
export interface VariationPattern {
  readonly version: 1;
  /**
   * 24, 48 or 96 values for equal intervals of the local day from midnight. Each is from 0 (base load) to 1 (peak load): the load is
   * base + value x (peak - base).
   */
  readonly shape: readonly number[];
  /** The fraction by which the value of an interval may vary from day to day, 0 to 1. */
  readonly jitter: number;
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function bad(message: string, ...path: string[]): Fault {
  const fault = new Fault("bad-value", message, {
    layer: "storage",
    hint: '{"version": 1, "shape": [24, 48 or 96 values 0 to 1], "jitter": 0 to 1}',
  });
  fault.path.push(...path);
  return fault;
}

/** Checks a variation pattern. Fault `bad-value` with the path in the JSON, also for an unknown key. */
export function checkVariationPattern(value: unknown): VariationPattern {
  if (!isObject(value)) throw bad("a variation pattern must be a JSON object");
  const { version, shape, jitter, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined) throw bad("a variation pattern has no such key", other);
  if (version !== 1) throw bad("only version 1 is known", "version");
  if (!Array.isArray(shape) || ![24, 48, 96].includes(shape.length)) {
    throw bad(`expected 24, 48 or 96 values, found ${Array.isArray(shape) ? shape.length : "no list"}`, "shape");
  }
  const at = shape.findIndex((each) => !isShare(each));
  if (at >= 0) throw bad("expected a number from 0 to 1", "shape", String(at));
  if (!isShare(jitter)) throw bad("expected a number from 0 to 1", "jitter");
  return { version, shape: [...shape], jitter };
}

export const variationPattern = json(checkVariationPattern);
