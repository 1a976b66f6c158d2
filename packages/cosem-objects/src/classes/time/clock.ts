import { T } from "@dlmskit/apdu";
import { type CosemDateTime, dateTimeOf, daysOf, instantOf, type LogicalName } from "@dlmskit/core";
import { interfaceClass } from "../../interface-class.ts";
import { type CosemObject, type Hooks, object } from "../../object.ts";
import { refuse } from "../../refusal.ts";

/** What a clock is run by. */
export const ClockBase = {
  notDefined: 0,
  internalCrystal: 1,
  mainsFrequency50Hz: 2,
  mainsFrequency60Hz: 3,
  gps: 4,
  radioControlled: 5,
} as const;

/** Bits of the status of a clock, and of a date-time. */
export const ClockStatusBit = {
  invalidValue: 0,
  doubtfulValue: 1,
  differentClockBase: 2,
  invalidClockStatus: 3,
  daylightSavingActive: 7,
} as const;

/** Clock (class 8, version 0; Blue Book 4.5.1). */
export const Clock = interfaceClass({
  classId: 8,
  version: 0,
  name: "Clock",
  attributes: {
    time: { id: 2, type: T.dateTimeOctets, static: false, access: "rw", volatile: true },
    /** From local time to UTC: UTC+05:30 has -330. */
    timeZone: { id: 3, type: T.long, static: true, unit: "min" },
    status: { id: 4, type: T.unsigned, static: false, bits: ClockStatusBit },
    daylightSavingsBegin: { id: 5, type: T.dateTimeOctets, static: true },
    daylightSavingsEnd: { id: 6, type: T.dateTimeOctets, static: true },
    daylightSavingsDeviation: { id: 7, type: T.integer, static: true, unit: "min" },
    daylightSavingsEnabled: { id: 8, type: T.boolean, static: true },
    clockBase: { id: 9, type: T.enumOf(ClockBase), static: true, access: "r" },
  },
  methods: {
    adjustToQuarter: { id: 1, argument: T.integer },
    adjustToMeasuringPeriod: { id: 2, argument: T.integer },
    adjustToMinute: { id: 3, argument: T.integer },
    adjustToPresetTime: { id: 4, argument: T.integer },
    presetAdjustingTime: {
      id: 5,
      argument: T.structure({
        presetTime: T.dateTimeOctets,
        validityIntervalStart: T.dateTimeOctets,
        validityIntervalEnd: T.dateTimeOctets,
      }),
    },
    shiftTime: { id: 6, argument: T.long },
  },
  methodOffset: 0x60,
  traits: { clock: "time" },
});

const unspecified: CosemDateTime = {
  ...{ year: null, month: null, day: null, dayOfWeek: null },
  ...{ hour: null, minute: null, second: null, hundredths: null },
  ...{ deviation: null, status: null },
};
const minute = 60_000;
// What databases can hold as a time, with a year to spare for what the meter then does.
const earliest = 0;
const latest = daysOf(9998, 12, 31) * 86_400_000;
const nearest = (instant: number, step: number): number => Math.round(instant / step) * step;

/**
 * The meter's clock: attribute 2 is the meter's time in whole seconds, writing it sets the clock.
 * Methods 1, 3 and 6 adjust it. Daylight saving is not switched.
 */
export function clock(
  instance: LogicalName = "0.0.1.0.0.255",
  hooks: Hooks<typeof Clock> = {},
): CosemObject<typeof Clock> {
  const values = {
    time: unspecified,
    timeZone: 0,
    status: 0,
    daylightSavingsBegin: unspecified,
    daylightSavingsEnd: unspecified,
    daylightSavingsDeviation: 0,
    daylightSavingsEnabled: false,
    clockBase: 1,
  };
  return object(Clock, instance, values, {
    read: {
      time: ({ status }, { now, deviation }) => dateTimeOf(Math.floor(now / 1000) * 1000, deviation, status),
      timeZone: (_, { deviation }) => deviation,
      ...hooks.read,
    },
    write: {
      time(_, time, context) {
        const instant = instantOf(time, context.deviation);
        if (instant === undefined)
          throw refuse("other-reason", "the clock cannot be set to a time that is not specified");
        if (instant < earliest || instant > latest) {
          throw refuse("other-reason", "the clock is set to a time from 1970 to 9998");
        }
        context.setClock(instant);
      },
      ...hooks.write,
    },
    invoke: {
      adjustToQuarter: (_, __, context) => context.setClock(nearest(context.now, 15 * minute)),
      adjustToMinute: (_, __, context) => context.setClock(nearest(context.now, minute)),
      shiftTime(_, seconds, context) {
        if (Math.abs(seconds) > 900) throw refuse("other-reason", "a clock is shifted by at most 900 s");
        context.setClock(context.now + seconds * 1000);
      },
      ...hooks.invoke,
    },
  });
}
