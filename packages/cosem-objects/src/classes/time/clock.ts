import { T } from "@dlmskit/apdu";
import { type CosemDateTime, dateOfDays, daysOf, type LogicalName, unspecifiedDateTime } from "@dlmskit/core";
import { interfaceClass } from "../../interface-class.ts";
import { type Context, type CosemObject, type Hooks, object } from "../../object.ts";
import { refuse } from "../../refusal.ts";
import type { ZoneSettings } from "../../time/local-time.ts";
import { dayLength, isOff, localOf } from "../../time/pattern.ts";

/** The time base of a clock. */
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

const Preset = T.structure({
  presetTime: T.dateTimeOctets,
  validityIntervalStart: T.dateTimeOctets,
  validityIntervalEnd: T.dateTimeOctets,
});

/** Clock (class 8, version 0; Blue Book 4.5.1). */
export const Clock = interfaceClass({
  classId: 8,
  version: 0,
  name: "Clock",
  attributes: {
    time: { id: 2, type: T.dateTimeOctets, static: false, access: "rw", volatile: true },
    /** Minutes from local time to UTC: UTC+05:30 has -330. */
    timeZone: { id: 3, type: T.long, static: true, unit: "min" },
    status: { id: 4, type: T.unsigned, static: false, bits: ClockStatusBit },
    daylightSavingsBegin: { id: 5, type: T.dateTimeOctets, static: true },
    daylightSavingsEnd: { id: 6, type: T.dateTimeOctets, static: true },
    daylightSavingsDeviation: { id: 7, type: T.integer, static: true, unit: "min" },
    daylightSavingsEnabled: { id: 8, type: T.boolean, static: true },
    clockBase: { id: 9, type: T.enumOf(ClockBase), static: true, access: "r" },
    /** The time set by `preset_adjusting_time`, until it is used. */
    preset: { id: 0, type: Preset, optional: true },
  },
  methods: {
    adjustToQuarter: { id: 1, argument: T.integer },
    adjustToMeasuringPeriod: { id: 2, argument: T.integer },
    adjustToMinute: { id: 3, argument: T.integer },
    adjustToPresetTime: { id: 4, argument: T.integer },
    presetAdjustingTime: { id: 5, argument: Preset },
    shiftTime: { id: 6, argument: T.long },
  },
  methodOffset: 0x60,
  traits: { clock: "time", zone: true },
});

const noPreset = {
  presetTime: unspecifiedDateTime,
  validityIntervalStart: unspecifiedDateTime,
  validityIntervalEnd: unspecifiedDateTime,
};
const minute = 60_000;
// The times that databases can store, with one year in reserve for actions of the meter that follow.
const earliest = 0;
const latest = daysOf(9998, 12, 31) * dayLength;
const nearest = (instant: number, step: number): number => Math.round(instant / step) * step;
/** Bits of the status: the time is invalid or doubtful. */
const notSure = 0b11;

export interface ClockOptions {
  /** Attributes 3 and 5 to 8: UTC without daylight saving by default; `zoneMinutesEast` of a template replaces `timeZone`. */
  readonly zone?: Partial<ZoneSettings>;
}

/** The instant of a time that a client sent, ms since 1970 UTC. Refuses an invalid time. */
function instantIn(time: CosemDateTime, { local }: Context): number {
  const shown = localOf(time);
  if (shown === undefined) throw refuse("other-reason", "the clock cannot be set to a time that is not specified");
  const { dayOfWeek } = dateOfDays(Math.floor(shown / dayLength));
  if (time.dayOfWeek !== null && time.dayOfWeek !== dayOfWeek) {
    throw refuse(
      "other-reason",
      `day of week ${time.dayOfWeek} does not fit the date, whose day of week is ${dayOfWeek}`,
    );
  }
  const instant = time.deviation === null ? local.instantOf(shown) : shown + time.deviation * minute;
  if (instant < earliest || instant > latest) {
    throw refuse("other-reason", "the clock is set to a time from 1970 to 9998");
  }
  return instant;
}

/** ms: the period of the Demand registers, or else the shortest period between captures. */
function measuringPeriod({ device }: Context): number | undefined {
  const periods = (kind: "measuring" | "capture"): number[] =>
    device.objects.flatMap((object) => {
      const { period } = object.spec.traits ?? {};
      const seconds = period?.[kind] === undefined ? 0 : Number(device.get(object, period[kind]));
      return seconds > 0 ? [seconds * 1000] : [];
    });
  const found = periods("measuring");
  const all = found.length > 0 ? found : periods("capture");
  return all.length === 0 ? undefined : Math.min(...all);
}

const within = (name: string, least: number, most: number, value: number): number => {
  if (value < least || value > most) throw refuse("other-reason", `${name} ${value} is not ${least} to ${most}`);
  return value;
};

/**
 * The meter's clock (Blue Book 4.5.1). Attribute 2 is the meter's time in whole seconds; writing it sets the clock. Attributes 3 and 5 to 8
 * determine local time, also for all other objects.
 */
export function clock(
  instance: LogicalName = "0.0.1.0.0.255",
  hooks: Hooks<typeof Clock> = {},
  { zone }: ClockOptions = {},
): CosemObject<typeof Clock> {
  const values = {
    time: unspecifiedDateTime,
    timeZone: 0,
    status: 0,
    daylightSavingsBegin: unspecifiedDateTime,
    daylightSavingsEnd: unspecifiedDateTime,
    daylightSavingsDeviation: 0,
    daylightSavingsEnabled: false,
    clockBase: 1,
    ...zone,
  };
  const round = (step: number, context: Context): void => {
    // A quarter of an hour in local time: most zones differ by whole quarters of an hour, but not all do.
    const shift = context.deviation * minute;
    context.setClock(nearest(context.now - shift, step) + shift);
  };
  return object(Clock, instance, values, {
    read: {
      time: ({ status }, { now, local }) => local.dateTimeOf(now, status),
      status: ({ status }, { now, local }) => (local.isDaylight(now) ? status | 0x80 : status),
      ...hooks.read,
    },
    write: {
      time(own, time, context) {
        context.setClock(instantIn(time, context));
        own.status &= ~notSure;
      },
      timeZone(own, minutes) {
        own.timeZone = within("time_zone", -840, 840, minutes);
      },
      daylightSavingsDeviation(own, minutes) {
        own.daylightSavingsDeviation = within("daylight_savings_deviation", -120, 120, minutes);
      },
      ...hooks.write,
    },
    invoke: {
      adjustToQuarter: (_, __, context) => round(15 * minute, context),
      adjustToMeasuringPeriod(_, __, context) {
        const period = measuringPeriod(context);
        if (period === undefined) throw refuse("other-reason", "no object of the meter has a measuring period");
        round(period, context);
      },
      adjustToMinute: (_, __, context) => round(minute, context),
      presetAdjustingTime(own, preset, context) {
        instantIn(preset.presetTime, context);
        const [start, end] = [preset.validityIntervalStart, preset.validityIntervalEnd].map((at) =>
          instantIn(at, context),
        );
        if ((end as number) < (start as number))
          throw refuse("other-reason", "the interval of validity ends before it begins");
        own.preset = preset;
      },
      adjustToPresetTime(own, _, context) {
        const { preset } = own;
        if (preset === undefined || isOff(preset.presetTime)) throw refuse("other-reason", "no time was preset");
        const { now } = context;
        const { presetTime, validityIntervalStart: start, validityIntervalEnd: end } = preset;
        if (now < instantIn(start, context) || now > instantIn(end, context)) {
          throw refuse("other-reason", "the preset time is not valid now");
        }
        context.setClock(instantIn(presetTime, context));
        own.preset = noPreset;
      },
      shiftTime(_, seconds, context) {
        if (Math.abs(seconds) > 900) throw refuse("other-reason", "a clock is shifted by at most 900 s");
        context.setClock(context.now + seconds * 1000);
      },
      ...hooks.invoke,
    },
  });
}
