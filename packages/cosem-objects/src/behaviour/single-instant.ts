import { type CosemDateTime, instantOf } from "@dlmskit/core";
import { refuse } from "../refusal.ts";
import type { LocalTime } from "../time/local-time.ts";
import { isOff } from "../time/pattern.ts";

/** The instant that a date-time names; undefined where fields are missing or there is no such day. */
export function singleInstant(value: CosemDateTime, local: LocalTime): number | undefined {
  const named = value.second === null ? undefined : instantOf(value);
  return named === undefined || value.deviation !== null ? named : local.instantOf(named);
}

/** Refuses (other-reason) a date-time that names no instant although some of its fields are specified. */
export function checkSingleInstant(value: CosemDateTime, local: LocalTime, name: string): void {
  if (isOff(value) || singleInstant(value, local) !== undefined) return;
  throw refuse("other-reason", `${name} is one instant, or not specified at all`);
}
