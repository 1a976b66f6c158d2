import { type CosemDateTime, instantOf } from "@dlmskit/core";
import { refuse } from "../refusal.ts";
import type { LocalTime } from "../time/local-time.ts";
import { isOff } from "../time/pattern.ts";

/** The instant of a date-time; undefined if fields are missing or the day does not exist. */
export function singleInstant(value: CosemDateTime, local: LocalTime): number | undefined {
  const named = value.second === null ? undefined : instantOf(value);
  return named === undefined || value.deviation !== null ? named : local.instantOf(named);
}

/** Refuses (other-reason) a date-time that has some specified fields but does not give an instant. */
export function checkSingleInstant(value: CosemDateTime, local: LocalTime, name: string): void {
  if (isOff(value) || singleInstant(value, local) !== undefined) return;
  throw refuse("other-reason", `${name} is one instant, or not specified at all`);
}
