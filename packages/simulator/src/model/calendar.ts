export const seasons = ["SUMMER", "WINTER", "MONSOON", "SPRING", "AUTUMN"] as const;
export type Season = (typeof seasons)[number];
export const dayTypes = ["WEEKDAY", "WEEKEND", "HOLIDAY"] as const;
export type DayType = (typeof dayTypes)[number];

/** How dates map to the seasons and day types of the load profile templates. */
export interface Calendar {
  /** The season of each month, January first. */
  readonly seasonOfMonth: readonly Season[];
  /** Days of the week that are WEEKEND, 1 is Monday, 7 is Sunday. */
  readonly weekend: readonly number[];
  /** HOLIDAY dates: `"2026-01-26"` for one year, `"01-26"` for every year. */
  readonly holidays: readonly string[];
}

/** North India: three months each of winter, summer and monsoon, with spring and autumn between them; national holidays. */
export const indianCalendar: Calendar = {
  seasonOfMonth: [
    "WINTER",
    "WINTER",
    "SPRING",
    "SUMMER",
    "SUMMER",
    "SUMMER",
    "MONSOON",
    "MONSOON",
    "MONSOON",
    "AUTUMN",
    "AUTUMN",
    "WINTER",
  ],
  weekend: [6, 7],
  holidays: ["01-26", "08-15", "10-02"],
};
