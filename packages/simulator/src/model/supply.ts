import type { ExpectedLoads } from "./expected-loads.ts";
import { daysKnown, slotsPerDay } from "./grid.ts";
import { type EventOwner, type PowerQuality, type PowerQualityEvent, reaches } from "./power-quality.ts";
import { between, bits, Stream, signed } from "./random.ts";

// Voltage and frequency at the meter: the values of the network, less a voltage drop under load, with the events of the supply.
//
// The voltage of a quarter of an hour is its expected value plus a random number. Within it, the voltage of a minute differs by
// n(minute) - n(minute + 1), where n is random. Over any time these differences sum to the first n minus the last n, so an average is computed without
// a loop over the minutes.

/** Total harmonic distortion of the voltage without an event, per cent. */
export const usualDistortion = 3;
const minuteMs = 60_000;
const slotMs = 15 * minuteMs;

export interface Connected extends EventOwner {
  /** The fraction of the voltage that is lost on the line at the peak of the template. */
  readonly drop: number;
}

/**
 * The variation of the voltage over a day, relative to the nominal voltage: about 0.8 per cent higher in the morning and lower in the
 * evening.
 */
function dailyWave(slot: number): number {
  // An approximation of a sine: 16x(1 - x) / (5 - 4x(1 - x)) for half a period.
  const part = (slot + 0.5) / slotsPerDay;
  const x = (part % 0.5) * 2;
  const half = (16 * x * (1 - x)) / (5 - 4 * x * (1 - x));
  return 0.008 * (part < 0.5 ? half : -half);
}

export interface SupplyOptions {
  readonly zoneMs: number;
  readonly phases: 1 | 3;
  readonly nominalVoltage: number;
  readonly nominalFrequency: number;
  readonly loads: ExpectedLoads;
  readonly quality: PowerQuality;
}

/** The supply of all meters with the same rows, calendar and zone. */
export class Supply {
  readonly #options: SupplyOptions;
  readonly #wave = Float64Array.from({ length: slotsPerDay }, (_, slot) => 1.01 + dailyWave(slot));

  constructor(options: SupplyOptions) {
    this.#options = options;
  }

  /** V and the distortion of the voltage (per cent) at an instant, on a phase (1 to 3) or on the only one (0). V is 0 without supply. */
  at(owner: Connected, at: number, line: number): { voltage: number; distortion: number } {
    const { quality, zoneMs } = this.#options;
    const events = quality.events(owner, at, at + 1);
    const left = factor(at, events, line);
    if (left === 0) return { voltage: 0, distortion: 0 };
    const minute = Math.floor((at + zoneMs) / minuteMs);
    const steady = this.#slotVoltage(owner, Math.floor(minute / 15)) + this.#noise(owner, minute, minute + 1);
    const distorted = events.find(({ type, phases }) => type === "HARMONIC_DISTORTION" && reaches(phases, line));
    return { voltage: left * steady, distortion: distorted?.magnitude ?? usualDistortion };
  }

  /** Hz at an instant; 0 without supply. */
  frequency(owner: Connected, at: number): number {
    const { quality, zoneMs, nominalFrequency, phases } = this.#options;
    const events = quality.events(owner, at, at + 1);
    const lines = phases === 1 ? [0] : [1, 2, 3];
    if (lines.every((line) => factor(at, events, line) === 0)) return 0;
    const minute = Math.floor((at + zoneMs) / minuteMs);
    const off = events.find((event) => event.type === "FREQUENCY_VARIATION")?.magnitude ?? 100;
    return (nominalFrequency * off) / 100 + between(owner.key, Stream.frequency, minute, -0.05, 0.05);
  }

  /** V, the average of the time with supply in [from, to) on a phase (0: see `at`); 0 if there was no supply. */
  averageVoltage(owner: Connected, from: number, to: number, line: number): number {
    if (!(to > from)) return 0;
    const events = this.#options.quality.events(owner, from, to);
    if (events.length === 0) return this.#steadyVoltage(owner, from, to) / (to - from);
    // Between two consecutive starts or ends of events, the voltage is scaled by a constant factor.
    const edges = [...new Set(events.flatMap(({ start, end }) => [start, end]))]
      .filter((edge) => edge > from && edge < to)
      .sort((one, other) => one - other);
    let sum = 0;
    let supplied = 0;
    let start = from;
    for (const end of [...edges, to]) {
      const left = factor(start, events, line);
      if (left > 0) {
        sum += left * this.#steadyVoltage(owner, start, end);
        supplied += end - start;
      }
      start = end;
    }
    return supplied === 0 ? 0 : sum / supplied;
  }

  /** V in a quarter of an hour, counted from 1970-01-01 local time, without events. */
  #slotVoltage(owner: Connected, slot: number): number {
    const { nominalVoltage, loads } = this.#options;
    const day = Math.floor(slot / slotsPerDay);
    const ofDay = slot - day * slotsPerDay;
    const kind = loads.days.classOf[Math.max(0, Math.min(daysKnown, day))] as number;
    const wander = 0.012 * signed(bits(owner.key, Stream.voltageSlot, slot));
    const load = loads.relative[kind * slotsPerDay + ofDay] as number;
    return nominalVoltage * ((this.#wave[ofDay] as number) + wander - owner.drop * load);
  }

  /** V x ms over [from, to), without events. */
  #steadyVoltage(owner: Connected, from: number, to: number): number {
    const { zoneMs } = this.#options;
    const [start, end] = [from + zoneMs, to + zoneMs];
    let sum = this.#noise(owner, start / minuteMs, end / minuteMs) * minuteMs;
    for (let slot = Math.floor(start / slotMs); slot * slotMs < end; slot++) {
      const time = Math.min(end, (slot + 1) * slotMs) - Math.max(start, slot * slotMs);
      sum += this.#slotVoltage(owner, slot) * time;
    }
    return sum;
  }

  /** V x minutes by which the minutes of [from, to) differ from their quarters of an hour. */
  #noise(owner: Connected, from: number, to: number): number {
    return this.#noiseBefore(owner, to) - this.#noiseBefore(owner, from);
  }
  #noiseBefore(owner: Connected, minutes: number): number {
    const minute = Math.floor(minutes);
    const part = minutes - minute;
    const at = (n: number): number => signed(bits(owner.key, Stream.voltageMinute, n));
    const before = part === 0 ? at(minute) : at(minute) * (1 - part) + at(minute + 1) * part;
    return -0.0015 * this.#options.nominalVoltage * before;
  }
}

/** The factor of the voltage of a phase at an instant because of events; 1 without an event. */
function factor(instant: number, events: readonly PowerQualityEvent[], line: number): number {
  let left = 1;
  for (const { type, start, end, magnitude, phases } of events) {
    if (instant < start || instant >= end || !reaches(phases, line)) continue;
    if (type === "INTERRUPTION") return 0;
    if (type === "VOLTAGE_SAG" || type === "VOLTAGE_SWELL") left *= magnitude / 100;
    if (type === "VOLTAGE_UNBALANCE" && line !== 0) left *= 1 - magnitude / 100;
  }
  return left;
}
