import type { LogicalName } from "@dlmskit/core";
import { SpecialDaysTable } from "../classes/time/special-days-table.ts";
import type { Values } from "../interface-class.ts";
import { type CosemObject, type Hooks, object } from "../object.ts";
import { dayLength } from "../time/pattern.ts";
import type { Surroundings } from "./local-action.ts";

type SpecialDays = Values<typeof SpecialDaysTable>["entries"];
type SpecialDay = SpecialDays[number];

/** Days that replace the weekday in every Activity calendar and Schedule of the logical device (class 11; Blue Book 4.5.4). */
export function specialDays(
  instance: LogicalName = "0.0.11.0.0.255",
  entries: SpecialDays = [],
  hooks: Hooks<typeof SpecialDaysTable> = {},
): CosemObject<typeof SpecialDaysTable> {
  return object(
    SpecialDaysTable,
    instance,
    { entries },
    {
      ...hooks,
      invoke: {
        insert(values, entry) {
          const replaced = (one: SpecialDay): boolean =>
            one.index === entry.index || isSameDate(one.specialdayDate, entry.specialdayDate);
          const at = values.entries.findIndex(replaced);
          const others = values.entries.filter((one) => !replaced(one));
          values.entries = others.toSpliced(at < 0 ? others.length : at, 0, entry);
        },
        delete(values, index) {
          values.entries = values.entries.filter((one) => one.index !== index);
        },
        ...hooks.invoke,
      },
    },
  );
}

const isSameDate = (one: SpecialDay["specialdayDate"], other: SpecialDay["specialdayDate"]): boolean =>
  one.year === other.year && one.month === other.month && one.day === other.day && one.dayOfWeek === other.dayOfWeek;

/**
 * The day_id of a special day (days since 1970-01-01 local): if several entries match, the one with the lowest index; undefined: it is not
 * a special day.
 */
export function specialDayId(day: number, around: Surroundings): number | undefined {
  const { local, objects } = around;
  // Noon is neither skipped nor repeated by daylight saving.
  const instant = local.instantOf(day * dayLength + dayLength / 2);
  let found: SpecialDay | undefined;
  for (const object of objects) {
    if (object.spec.classId !== SpecialDaysTable.classId) continue;
    for (const entry of around.values(object as CosemObject<typeof SpecialDaysTable>).entries) {
      if (found !== undefined && found.index <= entry.index) continue;
      if (local.isOn(instant, entry.specialdayDate)) found = entry;
    }
  }
  return found?.dayId;
}
