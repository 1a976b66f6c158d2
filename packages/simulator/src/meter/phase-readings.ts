import type { Instantaneous } from "../model/model.ts";
import type { PowerQualityEvent } from "../model/power-quality.ts";
import type { Readings } from "./readings.ts";

/** The readings of one phase of a meter, or of the whole meter: V, A, W, var, VA. Power is negative during export. */
export interface PhaseReading {
  readonly voltage: number;
  readonly current: number;
  readonly activePower: number;
  readonly reactivePower: number;
  readonly apparentPower: number;
}

/** The share of the load on each phase. The shares are different on purpose. */
const shares = [0.36, 0.33, 0.31] as const;

const voltageEvents: readonly PowerQualityEvent["type"][] = ["VOLTAGE_SAG", "VOLTAGE_SWELL"];

/** The factors of the voltage of a phase during events: on this phase (`here`), and in the reading of the whole meter (`told`). */
function eventFactors(events: readonly PowerQualityEvent[], phase: number): { here: number; told: number } {
  let [here, told] = [1, 1];
  for (const { type, magnitude, phases } of events) {
    if (!voltageEvents.includes(type)) continue;
    told = magnitude / 100;
    if (phases.includes(`L${phase}`)) here = magnitude / 100;
  }
  return { here, told };
}

const reactive = (active: number, apparent: number): number =>
  Math.sqrt(Math.max(0, apparent * apparent - active * active));

/**
 * A phase (1 to 3) of a three-phase meter at an instant. The powers of the phases sum to the power of the meter. A sag or swell affects the
 * phases that its row names.
 */
export function phaseReading(readings: Readings, at: number, phase: number): PhaseReading {
  const whole = readings.instantaneous(at);
  const events = readings.model.events(at, at + 1);
  const share = shares[phase - 1] as number;
  const { here, told } = eventFactors(events, phase);
  const unbalance = events.find(({ type }) => type === "VOLTAGE_UNBALANCE");
  const off = unbalance?.phases.includes(`L${phase}`) === true ? 1 - unbalance.magnitude / 100 : 1;
  const voltage = (whole.voltage / told) * here * off;
  const activePower = whole.activePower * share;
  const apparentPower = whole.apparentPower * share;
  return {
    ...{ voltage, activePower, apparentPower },
    current: voltage === 0 ? 0 : apparentPower / voltage,
    reactivePower: reactive(activePower, apparentPower),
  };
}

/** The reading of the whole meter. */
export function wholeReading(now: Instantaneous): PhaseReading {
  const { voltage, current, activePower, apparentPower } = now;
  return { voltage, current, activePower, apparentPower, reactivePower: reactive(activePower, apparentPower) };
}

/** The share of a phase in the current of a block. */
export const phaseShare = (phase: number): number => shares[phase - 1] ?? 1;
