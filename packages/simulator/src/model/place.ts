import { Fault } from "@dlmskit/core";
import type { VariationCustomer } from "@dlmskit/storage";
import { type Calendar, indianCalendar, type Season } from "./calendar.ts";
import { countries, holidaysOf } from "./holiday-rules.ts";

/** Where customers live: the calendar of the model, and the latitude if it is known. */
export interface PlaceOfCustomers {
  readonly calendar: Calendar;
  readonly latitude: number | undefined;
  /** The name that selects the weather: all customers of one place have the same weather. */
  readonly name: string;
}

const northern: readonly Season[] = [
  ...["WINTER", "WINTER", "SPRING", "SPRING", "SPRING", "SUMMER"],
  ...["SUMMER", "SUMMER", "AUTUMN", "AUTUMN", "AUTUMN", "WINTER"],
] as Season[];
/** Up to this latitude the year has no summer and winter. */
const tropics = 12;

/**
 * The season of each month at a latitude. With a monsoon, the rain comes in the second half of the summer: July to September in the north
 * (as in `indianCalendar`), January to March in the south. Near the equator every month is SUMMER, or MONSOON in these three months.
 */
export function seasonsAt(latitude: number, monsoon = false): readonly Season[] {
  const half = monsoon ? indianCalendar.seasonOfMonth : northern;
  const flat = half.map(
    (season): Season => (Math.abs(latitude) <= tropics ? (season === "MONSOON" ? "MONSOON" : "SUMMER") : season),
  );
  return latitude >= 0 ? flat : flat.map((_, month) => flat[(month + 6) % 12] as Season);
}

/**
 * The calendar of a country and a latitude: weekend and holidays of the country, seasons of the latitude. Fault `bad-calendar` for a
 * country that has no rules here.
 */
export function calendarOf(place: NonNullable<VariationCustomer["calendar"]>): Calendar {
  const { country, latitude, monsoon, weekend, holidays = [] } = place;
  const rules = country === undefined ? undefined : countries[country];
  if (country !== undefined && rules === undefined) {
    const fault = new Fault("bad-calendar", `no holidays of the country ${country} are known`, {
      layer: "simulator",
      hint: `known are ${Object.keys(countries).join(", ")}; for another one give weekend and holidays without country`,
    });
    fault.path.push("country");
    throw fault;
  }
  return {
    seasonOfMonth: seasonsAt(latitude, monsoon ?? rules?.monsoon),
    weekend: weekend ?? rules?.weekend ?? [6, 7],
    holidays: [...holidaysOf(rules?.holidays ?? []), ...holidays],
  };
}

/** The place of a customer: that of the rows, unless the caller gave a calendar. */
export function placeOf(customer: VariationCustomer, given: Calendar | undefined): PlaceOfCustomers {
  const { calendar } = customer;
  return {
    calendar: given ?? (calendar === undefined ? indianCalendar : calendarOf(calendar)),
    latitude: calendar?.latitude,
    name: `${calendar?.country ?? ""} ${calendar?.latitude ?? ""}`,
  };
}
