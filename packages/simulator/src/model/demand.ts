import { Fault } from "@dlmskit/core";
import type { Flow } from "./energy.ts";

/**
 * The highest average of a demand period, W or VA, and the instant at which that period ended; `at` is undefined if there is no complete
 * period yet.
 */
export interface Demand {
  readonly value: number;
  readonly at: number | undefined;
}

export interface Demands {
  readonly active: Demand;
  readonly apparent: Demand;
}

const dayMs = 86_400_000;

/**
 * The highest demand of the periods that are completely within [from, to); of equal ones the earliest. Periods of `periodMinutes` begin at
 * each local midnight. Fault `bad-value` for a period that is not 1 to 1440 minutes.
 */
export function highestDemands(
  from: number,
  to: number,
  periodMinutes: number,
  startOfDay: (at: number) => number,
  flow: (from: number, to: number) => Pick<Flow, "wh" | "vah">,
): Demands {
  if (!Number.isInteger(periodMinutes) || periodMinutes < 1 || periodMinutes > 1440) {
    throw new Fault("bad-value", `a demand period cannot have ${periodMinutes} minutes`, {
      layer: "simulator",
      hint: "1 to 1440 minutes",
    });
  }
  const length = periodMinutes * 60_000;
  const perHour = 60 / periodMinutes;
  let wh = -1;
  let vah = -1;
  let whAt: number | undefined;
  let vahAt: number | undefined;
  const midnight = startOfDay(from);
  let nextMidnight = midnight + dayMs;
  for (let start = midnight + Math.ceil((from - midnight) / length) * length; start + length <= to; ) {
    const end = start + length;
    if (end > nextMidnight) {
      start = nextMidnight;
      nextMidnight += dayMs;
      continue;
    }
    const flowed = flow(start, end);
    if (flowed.wh > wh) {
      wh = flowed.wh;
      whAt = end;
    }
    if (flowed.vah > vah) {
      vah = flowed.vah;
      vahAt = end;
    }
    start = end;
  }
  return {
    active: { value: whAt === undefined ? 0 : wh * perHour, at: whAt },
    apparent: { value: vahAt === undefined ? 0 : vah * perHour, at: vahAt },
  };
}
