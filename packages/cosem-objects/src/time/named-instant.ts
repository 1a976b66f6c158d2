import { type CosemDateTime, instantOf } from "@dlmskit/core";
import type { LocalTime } from "./local-time.ts";

/** The instant that a date-time names; undefined where fields are missing or there is no such day. */
export function instantNamed(value: CosemDateTime, local: LocalTime): number | undefined {
  const named = value.second === null ? undefined : instantOf(value);
  return named === undefined || value.deviation !== null ? named : local.instantOf(named);
}
