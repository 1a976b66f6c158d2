import type { LoadProfileTemplate } from "@dlmskit/storage";
import { type Calendar, dayClassifier } from "./calendar.ts";
import { type DayShape, dayShapes, slotsPerDay } from "./load-profile.ts";
import { type EventSource, timeBeside } from "./power-quality.ts";
import { between, type RandomKey, Stream, uniform } from "./random.ts";

// Energy is accounted from the top down. A day's energy is decided first, in whole Wh. Within the day it flows along a curve
// from 0 to 1: quarters of an hour by the template's shape, minutes within them, nothing while the supply is interrupted.
// A register is the whole days before plus the curve times the day, rounded down: what flows between any two instants is a
// difference of two registers, so blocks sum to the day and days to the register, exactly.

const minuteLength = 60_000;
const slotLength = 15 * minuteLength;
const dayLength = 86_400_000;

/** A day of one meter. Instants are ms since 1970-01-01T00:00Z. */
interface MeterDay {
  readonly start: number;
  readonly shape: DayShape;
  /** Wh and VAh of the whole day, integers. */
  readonly activeWh: number;
  readonly apparentVAh: number;
  /** What part of the day's energy had flowed when quarter `n` began; 97 values from 0 to 1. */
  readonly activeCurve: Float64Array;
  readonly apparentCurve: Float64Array;
  readonly outages: readonly { start: number; end: number }[];
  /** Sums of the whole days before, from the day of commissioning on. */
  readonly beforeWh: number;
  readonly beforeVAh: number;
}

export interface EnergyModel {
  readonly dayOf: (instant: number) => number;
  day(day: number): MeterDay;
  /** Import registers, integers that never fall; 0 when the meter was commissioned. */
  registers(instant: number): { importWh: number; importVAh: number };
  /** W and VA that flow at an instant: their integral is what the registers count. */
  power(instant: number): { active: number; apparent: number };
}

export interface EnergyOptions {
  readonly key: RandomKey;
  readonly templates: readonly LoadProfileTemplate[];
  readonly calendar: Calendar;
  readonly zoneMs: number;
  readonly commissioned: number;
  readonly events: EventSource;
}

const checkpointDays = 32;
const daysKept = 8;

export function energyModel(options: EnergyOptions): EnergyModel {
  const { key, zoneMs, events } = options;
  const shapeOf = dayShapes(options.templates);
  const classify = dayClassifier(options.calendar);
  // A household has its size (0.6 to 1.6 of the template) and its mix of appliances for its life.
  const size = between(key, Stream.household, 0, 0.6, 1.6);
  const usualPowerFactor = between(key, Stream.powerFactor, 0, 0.88, 0.93);
  const dayOf = (instant: number): number => Math.floor((instant + zoneMs) / dayLength);
  const startOf = (day: number): number => day * dayLength - zoneMs;

  function totals(day: number): {
    activeWh: number;
    apparentVAh: number;
    shape: DayShape;
    outages: MeterDay["outages"];
  } {
    const { season, dayType } = classify(day);
    const shape = shapeOf(season, dayType);
    const start = startOf(day);
    const outages = events.outages(start, start + dayLength);
    const supplied = timeBeside(outages, start, start + dayLength) / dayLength;
    const activeWh = Math.round(shape.meanLoad * 24 * size * between(key, Stream.day, day, 0.82, 1.18) * supplied);
    const powerFactor = usualPowerFactor + between(key, Stream.powerFactor, day + 1, -0.02, 0.02);
    return { activeWh, apparentVAh: Math.round(activeWh / powerFactor), shape, outages };
  }

  function curves(day: number, shape: DayShape, outages: MeterDay["outages"]): [Float64Array, Float64Array] {
    const active = new Float64Array(slotsPerDay + 1);
    const apparent = new Float64Array(slotsPerDay + 1);
    for (let slot = 0; slot < slotsPerDay; slot++) {
      const index = day * slotsPerDay + slot;
      const begin = startOf(day) + slot * slotLength;
      const supplied = outages.length === 0 ? 1 : timeBeside(outages, begin, begin + slotLength) / slotLength;
      const jitter = 1 + shape.jitter * (2 * uniform(key, Stream.slot, index) - 1);
      // Something always draws a little: a day whose template says 0 still has a curve to share its 0 Wh along.
      const weight = ((shape.load[slot] as number) * jitter + 1e-6) * supplied;
      active[slot + 1] = (active[slot] as number) + weight;
      apparent[slot + 1] =
        (apparent[slot] as number) + weight * between(key, Stream.powerFactorSlot, index, 0.97, 1.03);
    }
    for (const curve of [active, apparent]) {
      const whole = curve[slotsPerDay] as number;
      // A day without any supply: nothing flows, and the curve is flat.
      if (whole > 0) for (let at = 0; at <= slotsPerDay; at++) curve[at] = (curve[at] as number) / whole;
    }
    return [active, apparent];
  }

  const known = new Map<number, MeterDay>();
  function day(number: number): MeterDay {
    const kept = known.get(number);
    if (kept !== undefined) return kept;
    const { activeWh, apparentVAh, shape, outages } = totals(number);
    const [activeCurve, apparentCurve] = curves(number, shape, outages);
    const { wh: beforeWh, vah: beforeVAh } = before(number);
    const totalsOfDay = { activeWh, apparentVAh, beforeWh, beforeVAh };
    const made = { start: startOf(number), shape, activeCurve, apparentCurve, outages, ...totalsOfDay };
    if (known.size >= daysKept) known.delete(known.keys().next().value as number);
    known.set(number, made);
    return made;
  }

  // Sums of whole days from the day of commissioning on, every 32 days.
  const firstDay = dayOf(options.commissioned);
  const checkpoints: { wh: number; vah: number }[] = [{ wh: 0, vah: 0 }];
  function before(number: number): { wh: number; vah: number } {
    const wanted = Math.floor((number - firstDay) / checkpointDays);
    let at = Math.max(0, Math.min(checkpoints.length - 1, wanted));
    let { wh, vah } = checkpoints[at] as { wh: number; vah: number };
    for (let current = firstDay + at * checkpointDays; current < number; ) {
      const { activeWh, apparentVAh } = totals(current);
      wh += activeWh;
      vah += apparentVAh;
      current++;
      if ((current - firstDay) % checkpointDays === 0) {
        at++;
        if (at === checkpoints.length) checkpoints.push({ wh, vah });
      }
    }
    return { wh, vah };
  }

  // Minutes share a quarter of an hour out unevenly; those without supply get nothing.
  function minuteWeight(number: number, outages: MeterDay["outages"], begin: number, minute: number): number {
    const from = begin + minute * minuteLength;
    const supplied = outages.length === 0 ? minuteLength : timeBeside(outages, from, from + minuteLength);
    const index = number * 1440 + Math.round((begin - startOf(number)) / minuteLength) + minute;
    return between(key, Stream.minute, index, 0.75, 1.25) * supplied;
  }

  function place(instant: number) {
    const number = dayOf(instant);
    const ofDay = day(number);
    const slot = Math.floor((instant - ofDay.start) / slotLength);
    const begin = ofDay.start + slot * slotLength;
    const minute = Math.floor((instant - begin) / minuteLength);
    let sum = 0;
    let passed = 0;
    let current = 0;
    for (let at = 0; at < 15; at++) {
      const weight = minuteWeight(number, ofDay.outages, begin, at);
      if (at < minute) passed += weight;
      if (at === minute) current = weight;
      sum += weight;
    }
    return { ofDay, slot, begin, minute, sum, passed, current };
  }

  /** How much of the day's energy has flowed, 0 to 1. */
  function flowed(instant: number): { ofDay: MeterDay; active: number; apparent: number } {
    const { ofDay, slot, begin, minute, sum, passed, current } = place(instant);
    const from = begin + minute * minuteLength;
    const supplied = timeBeside(ofDay.outages, from, from + minuteLength);
    const share = supplied === 0 ? 0 : (current * timeBeside(ofDay.outages, from, instant)) / supplied;
    const within = sum === 0 ? 0 : Math.min(1, (passed + share) / sum);
    const along = (curve: Float64Array): number => {
      const low = curve[slot] as number;
      return low + ((curve[slot + 1] as number) - low) * within;
    };
    return { ofDay, active: along(ofDay.activeCurve), apparent: along(ofDay.apparentCurve) };
  }

  function sinceFirstMidnight(instant: number): { wh: number; vah: number } {
    const { ofDay, active, apparent } = flowed(instant);
    return {
      wh: ofDay.beforeWh + Math.floor(ofDay.activeWh * active),
      vah: ofDay.beforeVAh + Math.floor(ofDay.apparentVAh * apparent),
    };
  }
  const initial = sinceFirstMidnight(options.commissioned);

  return {
    dayOf,
    day,
    registers(instant) {
      if (instant <= options.commissioned) return { importWh: 0, importVAh: 0 };
      const { wh, vah } = sinceFirstMidnight(instant);
      return { importWh: wh - initial.wh, importVAh: vah - initial.vah };
    },
    power(instant) {
      const { ofDay, slot, begin, minute, sum, current } = place(instant);
      const from = begin + minute * minuteLength;
      const supplied = timeBeside(ofDay.outages, from, from + minuteLength);
      const off = ofDay.outages.some((outage) => outage.start <= instant && instant < outage.end);
      if (off || supplied === 0 || instant < options.commissioned) return { active: 0, apparent: 0 };
      const rate = ((current / sum) * 3_600_000) / supplied;
      const along = (curve: Float64Array): number => (curve[slot + 1] as number) - (curve[slot] as number);
      return {
        active: ofDay.activeWh * along(ofDay.activeCurve) * rate,
        apparent: ofDay.apparentVAh * along(ofDay.apparentCurve) * rate,
      };
    },
  };
}
