import type { Demand, Energy, PhaseInstant } from "../model/model.ts";
import { reaches } from "../model/power-quality.ts";
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
const energies: { readonly [c: number]: (energy: Energy) => number } = {
  1: ({ importWh }) => importWh,
  2: ({ exportWh }) => exportWh,
  3: ({ varhQ1, varhQ2 }) => varhQ1 + varhQ2,
  4: ({ varhQ3, varhQ4 }) => varhQ3 + varhQ4,
  5: ({ varhQ1 }) => varhQ1,
  6: ({ varhQ2 }) => varhQ2,
  7: ({ varhQ3 }) => varhQ3,
  8: ({ varhQ4 }) => varhQ4,
  9: ({ importVAh }) => importVAh,
  10: ({ exportVAh }) => exportVAh,
  15: ({ importWh, exportWh }) => importWh + exportWh,
  16: ({ importWh, exportWh }) => importWh - exportWh,
};

/** A register at an instant. `zone`: the register of a tariff zone. The sum of the zones is the total register. `phase`: 0 for the meter. */
function register(meter: SimulatedMeter, at: number, c: number, zone: number, phase = 0): number {
  const { readings, tariff } = meter;
  const energyOf = energies[c] as (typeof energies)[number];
  if (phase !== 0) return energyOf(readings.phases(at)[phase - 1] as Energy);
  if (zone === 0) return energyOf(readings.energy(at));
  const found = tariff.at(at)[zone - 1];
  return found === undefined ? 0 : energyOf(found.energy);
}

/** The energy of the period before an instant. */
function flowed(meter: SimulatedMeter, { at, period }: Sample, c: number, phase: number): number {
  const from = Math.max(meter.known.commissionedAt, at - period);
  return (energies[c] as (typeof energies)[number])(meter.readings.block(from, at, phase));
}

/** Power by group C (1 to 20) from a reading. */
function power(c: number, { activePower, reactivePower, apparentPower }: PhaseInstant): number {
  const exporting = activePower < 0;
  const reactive = (quadrant: boolean): number => (quadrant ? Math.abs(reactivePower) : 0);
  switch (c) {
    case 1:
      return Math.max(0, activePower);
    case 2:
      return Math.max(0, -activePower);
    case 3:
      return Math.max(0, reactivePower);
    case 4:
      return Math.max(0, -reactivePower);
    case 5:
      return reactive(!exporting && reactivePower > 0);
    case 6:
      return reactive(exporting && reactivePower > 0);
    case 7:
      return reactive(exporting && reactivePower < 0);
    case 8:
      return reactive(!exporting && reactivePower < 0);
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

const readingOf = ({ readings }: SimulatedMeter, at: number, phase: number): PhaseInstant =>
  phase === 0 ? readings.instantaneous(at) : readings.phase(at, phase);

/** D = 7. */
function instantaneous({ c, e, phase }: Code): Measurement | undefined {
  if (e === harmonics) return of((meter, { at }) => readingOf(meter, at, phase).distortion);
  if (e !== 0) return undefined;
  if (isPower(c)) return of((meter, { at }) => power(c, readingOf(meter, at, phase)));
  if (c === 11) return of((meter, { at }) => readingOf(meter, at, phase).current);
  if (c === 12) return of((meter, { at }) => readingOf(meter, at, phase).voltage);
  if (c === 13) return of((meter, { at }) => readingOf(meter, at, phase).powerFactor);
  if (c === 14) return of(({ readings }, { at }) => readings.instantaneous(at).frequency);
  return undefined;
}

/** D = 4, 5, 14, 24, 25, 27: the mean of the last period. */
function mean({ c, e, phase }: Code): Measurement | undefined {
  if (e !== 0) return undefined;
  if (isPower(c)) return of((meter, sample) => (flowed(meter, sample, c, phase) * hourMs) / sample.period);
  const block = (meter: SimulatedMeter, { at, period }: Sample) =>
    meter.readings.block(Math.max(meter.known.commissionedAt, at - period), at, phase);
  if (c === 12) return of((meter, sample) => block(meter, sample).averageVoltage);
  if (c === 11) return of((meter, sample) => block(meter, sample).averageCurrent);
  return undefined;
}

/** D = 6: the highest demand of the billing period. */
function maximum({ c, e }: Code, demandMinutes: number): Measurement | undefined {
  const kinds: { readonly [c: number]: readonly [keyof ZoneDemands, "import" | "export"] } = {
    1: ["active", "import"],
    2: ["active", "export"],
    9: ["apparent", "import"],
    10: ["apparent", "export"],
  };
  const found = kinds[c];
  if (found === undefined) return undefined;
  const [kind, direction] = found;
  const demand = (meter: SimulatedMeter, sample: Sample): Demand => {
    const { readings, tariffDay } = meter;
    const from = periodStart(meter, sample);
    const demands = zoneDemands(readings, from, sample.at, demandMinutes, tariffDay, direction);
    return demands[kind][e] ?? { value: 0, at: undefined };
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
    .filter((event) => event.type === type && reaches(event.phases, phase) && event.end <= at);
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
    return of(({ readings }, { at }) => readings.instantaneous(at).neutralCurrent);
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
  if (d === 29 && isPower(c) && e === 0) return of((meter, sample) => flowed(meter, sample, c, phase));
  if (line !== 0) {
    return d === 8 && isPower(c) && e === 0 ? of((meter, { at }) => register(meter, at, c, 0, line)) : undefined;
  }
  if (d === 8 && isPower(c) && e <= 8) return of((meter, { at }) => register(meter, at, c, e));
  if (d === 6) return maximum(code, demandMinutes);
  if (c === 13 && d === 0 && e === 0) return of((meter, sample) => billedPowerFactor(meter, sample));
  return undefined;
}

function billedPowerFactor(meter: SimulatedMeter, sample: Sample): number {
  const { importWh, importVAh } = meter.readings.flow(periodStart(meter, sample), sample.at);
  return importVAh === 0 ? 1 : importWh / importVAh;
}
