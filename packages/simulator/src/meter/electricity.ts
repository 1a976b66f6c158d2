import type { Demand, Energy } from "../model/model.ts";
import type { PowerQualityEvent } from "../model/power-quality.ts";
import { type PhaseReading, phaseReading, phaseShare, wholeReading } from "./phase-readings.ts";
import { demandTime, type Measurement, type MeasuringOptions, periodStart, type Sample } from "./sample.ts";
import type { SimulatedMeter } from "./simulated-meter.ts";
import { type ZoneDemands, zoneDemands } from "./zone-demand.ts";

// OBIS codes of electricity (IEC 62056-6-1): group C is the quantity, D is the processing, E is the tariff.

const hourMs = 3_600_000;
const monthMs = 31 * 24 * hourMs;
const firstPhase = 20;
/** Group C: the sum of the currents, and the neutral current. */
const currentSum = 90;
const neutral = 91;
const harmonics = 124;

const of = (value: Measurement["value"]): Measurement => ({ value });

/** Energy by group C of the whole meter, from the registers: Wh, varh, VAh. */
const energies: { readonly [c: number]: (energy: Energy, reactiveShare: number) => number } = {
  1: ({ importWh }) => importWh,
  2: ({ exportWh }) => exportWh,
  // Loads are inductive: imported energy is in quadrant I, exported energy is in quadrant III.
  3: ({ importWh }, share) => Math.floor(importWh * share),
  4: ({ exportWh }, share) => Math.floor(exportWh * share),
  5: ({ importWh }, share) => Math.floor(importWh * share),
  6: () => 0,
  7: ({ exportWh }, share) => Math.floor(exportWh * share),
  8: () => 0,
  9: ({ importVAh }) => importVAh,
  10: ({ exportVAh }) => exportVAh,
  15: ({ importWh, exportWh }) => importWh + exportWh,
  16: ({ importWh, exportWh }) => importWh - exportWh,
};

const imported: readonly number[] = [1, 3, 5, 9, 15, 16];

/** A register at an instant. `zone`: the register of a tariff zone. The sum of the zones is the total register. */
function register(meter: SimulatedMeter, at: number, c: number, zone: number): number {
  const { readings, tariff } = meter;
  const share = readings.model.reactiveShare;
  const energyOf = energies[c] as (typeof energies)[number];
  const whole = energyOf(readings.energy(at), share);
  if (zone === 0) return whole;
  // Export has no zones: zone 1 contains all of it.
  if (!imported.includes(c)) return zone === 1 ? whole : 0;
  const parts = tariff
    .at(at)
    .map(({ wh, vah }) => energyOf({ importWh: wh, importVAh: vah, exportWh: 0, exportVAh: 0 }, share));
  if (zone > 1) return parts[zone - 1] ?? 0;
  return whole - parts.slice(1).reduce((sum, part) => sum + part, 0);
}

/** The energy of the period before an instant. */
function flowed(meter: SimulatedMeter, { at, period }: Sample, c: number): number {
  const from = Math.max(meter.known.commissionedAt, at - period);
  return register(meter, at, c, 0) - register(meter, from, c, 0);
}

/** Power by group C (1 to 20) from a reading. */
function power(c: number, { activePower, reactivePower, apparentPower }: PhaseReading): number {
  const exporting = activePower < 0;
  switch (c) {
    case 1:
      return Math.max(0, activePower);
    case 2:
      return Math.max(0, -activePower);
    case 3:
    case 5:
      return exporting ? 0 : reactivePower;
    case 4:
    case 7:
      return exporting ? reactivePower : 0;
    case 9:
      return exporting ? 0 : apparentPower;
    case 10:
      return exporting ? apparentPower : 0;
    case 15:
      return Math.abs(activePower);
    case 16:
      return activePower;
    default:
      return 0;
  }
}

const isPower = (c: number): boolean => Object.hasOwn(energies, c);

interface Code {
  /** 1 to 20: the quantity. */
  readonly c: number;
  readonly e: number;
  /** 1 to 3; 0 is the whole meter. */
  readonly phase: number;
}

const readingOf = ({ readings }: SimulatedMeter, at: number, phase: number): PhaseReading =>
  phase === 0 ? wholeReading(readings.instantaneous(at)) : phaseReading(readings, at, phase);

/** D = 7. */
function instantaneous({ c, e, phase }: Code): Measurement | undefined {
  if (e === harmonics) return of(({ readings }, { at }) => distortion(readings.model.events(at, at + 1), phase));
  if (e !== 0) return undefined;
  if (isPower(c)) return of((meter, { at }) => power(c, readingOf(meter, at, phase)));
  if (c === 11) return of((meter, { at }) => readingOf(meter, at, phase).current);
  if (c === 12) return of((meter, { at }) => readingOf(meter, at, phase).voltage);
  if (c === 13) return of(({ readings }, { at }) => readings.instantaneous(at).powerFactor);
  if (c === 14) return of(({ readings }, { at }) => readings.instantaneous(at).frequency);
  return undefined;
}

/** Total harmonic distortion, %: that of an event, or else a usual value. */
const distortion = (events: readonly PowerQualityEvent[], phase: number): number =>
  events.find(({ type, phases }) => type === "HARMONIC_DISTORTION" && (phase === 0 || phases.includes(`L${phase}`)))
    ?.magnitude ?? 3;

/** D = 4, 5, 14, 24, 25, 27: the mean of the last period. */
function mean({ c, e, phase }: Code): Measurement | undefined {
  if (e !== 0) return undefined;
  const share = phase === 0 ? 1 : phaseShare(phase);
  if (isPower(c)) return of((meter, sample) => (flowed(meter, sample, c) * hourMs * share) / sample.period);
  const block = (meter: SimulatedMeter, { at, period }: Sample) =>
    meter.readings.block(Math.max(meter.known.commissionedAt, at - period), at);
  if (c === 12) return of((meter, sample) => block(meter, sample).averageVoltage);
  if (c === 11) return of((meter, sample) => block(meter, sample).averageCurrent * share);
  return undefined;
}

/** D = 6: the highest demand of the billing period. */
function maximum({ c, e }: Code, demandMinutes: number): Measurement | undefined {
  const kinds: { readonly [c: number]: keyof ZoneDemands } = { 1: "active", 9: "apparent" };
  const kind = kinds[c];
  // The demand of export is always 0.
  if (kind === undefined) return c === 2 ? of(() => 0) : undefined;
  const demand = (meter: SimulatedMeter, sample: Sample): Demand => {
    const { readings, tariffDay } = meter;
    const from = periodStart(meter, sample);
    return zoneDemands(readings, from, sample.at, demandMinutes, tariffDay)[kind][e] ?? { value: 0, at: undefined };
  };
  return {
    value: (meter, sample) => demand(meter, sample).value,
    time: (meter, sample, context) => demandTime(demand(meter, sample), context),
  };
}

type Kind = "VOLTAGE_SAG" | "VOLTAGE_SWELL";

/** Sags and swells of a phase that ended up to an instant, in the 12 months before it and since commissioning. */
function voltageEvents(meter: SimulatedMeter, at: number, type: Kind, phase: number) {
  const { readings, known } = meter;
  return readings.model
    .events(Math.max(known.commissionedAt, at - 12 * monthMs), at)
    .filter((event) => event.type === type && (phase === 0 || event.phases.includes(`L${phase}`)) && event.end <= at);
}

const eventCodes: { readonly [d: number]: { readonly type: Kind; readonly what: "count" | "duration" | "magnitude" } } =
  {
    32: { type: "VOLTAGE_SAG", what: "count" },
    33: { type: "VOLTAGE_SAG", what: "duration" },
    34: { type: "VOLTAGE_SAG", what: "magnitude" },
    36: { type: "VOLTAGE_SWELL", what: "count" },
    37: { type: "VOLTAGE_SWELL", what: "duration" },
    38: { type: "VOLTAGE_SWELL", what: "magnitude" },
  };
const nominalVoltage = 230;

function supplyEvents(d: number, phase: number): Measurement | undefined {
  const code = eventCodes[d];
  if (code === undefined) return undefined;
  const { type, what } = code;
  return of((meter, { at }) => {
    const events = voltageEvents(meter, at, type, phase);
    const last = events.at(-1);
    if (what === "count") return events.length;
    if (last === undefined) return 0;
    return what === "duration" ? (last.end - last.start) / 1000 : (nominalVoltage * last.magnitude) / 100;
  });
}

const means: readonly number[] = [4, 5, 14, 24, 25, 27];

/** The measurement of the model for an OBIS code of electricity. */
export function electricity(
  { c: group, d, e }: { readonly c: number; readonly d: number; readonly e: number },
  { phases, demandMinutes }: MeasuringOptions,
): Measurement | undefined {
  if (group === neutral) {
    if (d !== 7 || e !== 0) return undefined;
    return of(({ readings }, { at }) => readings.instantaneous(at).neutralCurrent * (phases === 3 ? 0.05 : 1));
  }
  const c = group === currentSum ? 11 : ((group - 1) % firstPhase) + 1;
  const line = group === currentSum ? 0 : Math.floor((group - 1) / firstPhase);
  if (group === 0 || line > 3) return undefined;
  // The only phase of a single-phase meter is the whole meter.
  const phase = phases === 1 ? 0 : line;
  if (line > phases) return undefined;
  if (c === 12) {
    const found = supplyEvents(d, line);
    if (found !== undefined && e === 0) return found;
  }
  const code: Code = { c, e, phase };
  if (d === 7) return instantaneous(code);
  if (means.includes(d)) return mean(code);
  if (line !== 0) return undefined;
  if (d === 8 && isPower(c) && e <= 8) return of((meter, { at }) => register(meter, at, c, e));
  if (d === 29 && isPower(c) && e === 0) return of((meter, sample) => flowed(meter, sample, c));
  if (d === 6) return maximum(code, demandMinutes);
  if (c === 13 && d === 0 && e === 0) return of((meter, sample) => billedPowerFactor(meter, sample));
  return undefined;
}

function billedPowerFactor(meter: SimulatedMeter, sample: Sample): number {
  const { importWh, importVAh } = meter.readings.flow(periodStart(meter, sample), sample.at);
  return importVAh === 0 ? 1 : importWh / importVAh;
}
