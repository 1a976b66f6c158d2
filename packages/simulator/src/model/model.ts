import { Fault } from "@dlmskit/core";
import type { LoadProfileTemplate, PowerQualityEventConfig } from "@dlmskit/storage";
import { type Calendar, indianCalendar } from "./calendar.ts";
import { type EnergyModel, energyModel } from "./energy.ts";
import { eventSource, type PowerQualityEvent, timeBeside } from "./power-quality.ts";
import { between, randomKey, Stream } from "./random.ts";
import { supplyModel } from "./supply.ts";

/** What a single-phase meter measures at an instant: V, A, W, VA, Hz; power factor 0 to 1. */
export interface Instantaneous {
  readonly voltage: number;
  readonly current: number;
  readonly neutralCurrent: number;
  readonly powerFactor: number;
  readonly frequency: number;
  readonly activePower: number;
  readonly apparentPower: number;
}

/** Register readings, integers since commissioning. */
export interface Energy {
  readonly importWh: number;
  readonly importVAh: number;
  readonly exportWh: number;
  readonly exportVAh: number;
}

/** What flowed in an interval, and its mean voltage (V) and current (A). */
export interface Block extends Energy {
  readonly averageVoltage: number;
  readonly averageCurrent: number;
}

/** The highest mean of a demand period: W or VA, and the instant at which that period ended; `at` undefined: no whole period yet. */
export interface Demand {
  readonly value: number;
  readonly at: number | undefined;
}

export interface ModelOptions {
  /** The run. The same seed, meter, rows and commissioning give the same data for ever. */
  readonly seed: string;
  readonly meter: string;
  readonly templates: readonly LoadProfileTemplate[];
  readonly powerQuality?: readonly PowerQualityEventConfig[];
  /** Local time: minutes east of UTC; 330 (India) unless told otherwise. */
  readonly zoneMinutesEast?: number;
  /** When the registers began to count, ms since 1970-01-01T00:00Z. */
  readonly commissioned: number;
  readonly calendar?: Calendar;
  readonly nominalVoltage?: number;
  readonly nominalFrequency?: number;
}

/** A simulated household behind a single-phase meter: every answer is a function of the options and the instants asked for. */
export interface Model {
  instantaneous(at: number): Instantaneous;
  energy(at: number): Energy;
  /** What flowed in [from, to): a difference of registers, for any length of time. */
  flow(from: number, to: number): Energy;
  /** The same with the means of an interval, which are gone through minute by minute. */
  block(from: number, to: number): Block;
  /** Of the demand periods (minutes) that lie whole within [from, to). */
  maximumDemand(from: number, to: number, periodMinutes?: number): { active: Demand; apparent: Demand };
  events(from: number, to: number): PowerQualityEvent[];
  /** Minutes with supply since commissioning, rounded down. */
  powerOnMinutes(at: number): number;
  /** The start of the local day that `at` lies in. */
  startOfDay(at: number): number;
}

const dayLength = 86_400_000;

export function createModel(options: ModelOptions): Model {
  const { templates, powerQuality = [], commissioned, zoneMinutesEast = 330 } = options;
  if (!Number.isSafeInteger(commissioned)) {
    throw new Fault("bad-model", `commissioned ${commissioned} is not an instant in ms`, { layer: "simulator" });
  }
  if (!Number.isInteger(zoneMinutesEast) || Math.abs(zoneMinutesEast) > 14 * 60) {
    throw new Fault("bad-model", `zone of ${zoneMinutesEast} minutes east is not within 14 hours`, {
      layer: "simulator",
    });
  }
  const key = randomKey(options.seed, options.meter);
  const zoneMs = zoneMinutesEast * 60_000;
  const events = eventSource(powerQuality, key, zoneMs, commissioned);
  const energy = energyModel({
    key,
    templates,
    calendar: options.calendar ?? indianCalendar,
    zoneMs,
    commissioned,
    events,
  });
  const supply = supplyModel({
    key,
    zoneMs,
    nominalVoltage: options.nominalVoltage ?? 230,
    nominalFrequency: options.nominalFrequency ?? 50,
    energy,
    events,
  });

  function registers(at: number): Energy {
    return { ...energy.registers(at), exportWh: 0, exportVAh: 0 };
  }

  function flow(from: number, to: number): Energy {
    const [before, after] = [energy.registers(from), energy.registers(to)];
    const importWh = after.importWh - before.importWh;
    return { importWh, importVAh: after.importVAh - before.importVAh, exportWh: 0, exportVAh: 0 };
  }

  function block(from: number, to: number): Block {
    const flowed = flow(from, to);
    const averageVoltage = supply.averageVoltage(from, to);
    const hours = (to - from) / 3_600_000;
    const averageCurrent = averageVoltage === 0 ? 0 : flowed.importVAh / hours / averageVoltage;
    return { ...flowed, averageVoltage, averageCurrent };
  }

  const demands = demandsByDay(energy, commissioned);

  return {
    instantaneous(at) {
      const { active, apparent } = energy.power(at);
      const voltage = supply.voltage(at);
      const current = voltage === 0 ? 0 : apparent / voltage;
      return {
        voltage,
        current,
        neutralCurrent: current * (1 - between(key, Stream.leakage, Math.floor(at / 60_000), 0, 0.002)),
        powerFactor: apparent === 0 ? 1 : Math.min(1, active / apparent),
        frequency: supply.frequency(at),
        activePower: active,
        apparentPower: apparent,
      };
    },
    energy: registers,
    flow,
    block,
    maximumDemand(from, to, periodMinutes = 30) {
      let active: Demand = { value: 0, at: undefined };
      let apparent: Demand = { value: 0, at: undefined };
      for (const { end, wh, vah } of demands(Math.max(from, commissioned), to, periodMinutes)) {
        const perHour = 60 / periodMinutes;
        if (active.at === undefined || wh * perHour > active.value) active = { value: wh * perHour, at: end };
        if (apparent.at === undefined || vah * perHour > apparent.value) apparent = { value: vah * perHour, at: end };
      }
      return { active, apparent };
    },
    events: (from, to) => events.events(from, to),
    powerOnMinutes(at) {
      return Math.floor(timeBeside(events.outages(commissioned, at), commissioned, at) / 60_000);
    },
    startOfDay: (at) => energy.dayOf(at) * dayLength - zoneMs,
  };
}

interface PeriodEnergy {
  readonly end: number;
  readonly wh: number;
  readonly vah: number;
}

/** The energies of whole demand periods in a range. Whole days are kept, since a month's maximum is asked for again and again. */
function demandsByDay(energy: EnergyModel, commissioned: number) {
  const kept = new Map<string, { active: PeriodEnergy; apparent: PeriodEnergy }>();

  function* periods(from: number, to: number, length: number): Generator<PeriodEnergy> {
    let before = energy.registers(from);
    for (let start = from; start + length <= to; start += length) {
      const after = energy.registers(start + length);
      yield { end: start + length, wh: after.importWh - before.importWh, vah: after.importVAh - before.importVAh };
      before = after;
    }
  }

  function highest(day: number, length: number): { active: PeriodEnergy; apparent: PeriodEnergy } {
    const name = `${day} ${length}`;
    const known = kept.get(name);
    if (known !== undefined) return known;
    const { start } = energy.day(day);
    const all = [...periods(start, start + dayLength, length)];
    const most = (of: (one: PeriodEnergy) => number) =>
      all.reduce((best, one) => (of(one) > of(best) ? one : best), all[0] as PeriodEnergy);
    const found = { active: most((one) => one.wh), apparent: most((one) => one.vah) };
    if (kept.size >= 40) kept.delete(kept.keys().next().value as string);
    kept.set(name, found);
    return found;
  }

  return function* demands(from: number, to: number, periodMinutes: number): Generator<PeriodEnergy> {
    const length = periodMinutes * 60_000;
    const firstDay = energy.day(energy.dayOf(from)).start;
    // Periods begin at local midnight; one that began before the range, or before the meter, does not count.
    let at = firstDay + Math.ceil((Math.max(from, commissioned) - firstDay) / length) * length;
    while (at + length <= to) {
      const day = energy.dayOf(at);
      const { start } = energy.day(day);
      const end = start + dayLength;
      if (at === start && end <= to) {
        const { active, apparent } = highest(day, length);
        yield active;
        yield apparent;
      } else {
        yield* periods(at, Math.min(to, end), length);
      }
      at = end;
    }
  };
}
