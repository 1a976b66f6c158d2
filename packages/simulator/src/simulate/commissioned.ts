import { monthOf, startOfMonth } from "../meter/local-time.ts";

// The billing profile shows the last twelve complete months.
const monthsOfHistory = 13;

/** When the registers of new meters begin to count, unless the caller says so; ms since 1970 UTC. */
export const usuallyCommissioned = (start: number, zoneMinutesEast: number): number =>
  startOfMonth(monthOf(start, zoneMinutesEast) - monthsOfHistory, zoneMinutesEast);
