import type { Demands } from "./demand.ts";
import type { PowerQualityEvent } from "./power-quality.ts";

/** The values of one phase, or of the whole meter: V, A, W, var, VA. Active power is negative during export. */
export interface PhaseInstant {
  readonly voltage: number;
  readonly current: number;
  readonly activePower: number;
  /** Positive in the quadrants I and II (the load is inductive), negative in III and IV. */
  readonly reactivePower: number;
  /** Of the fundamental. Voltage and current are larger by the distortion. */
  readonly apparentPower: number;
  /** 0 to 1: active power by voltage and current, so a distorted current lowers it. */
  readonly powerFactor: number;
  /** Total harmonic distortion of the voltage, per cent. */
  readonly distortion: number;
}

/**
 * The values that a meter measures at an instant: V, A, W, var, VA, Hz. In a three-phase meter the voltage is the mean
 * of the phases with supply, and the current is the sum of the phases.
 */
export interface Instantaneous extends PhaseInstant {
  readonly neutralCurrent: number;
  readonly frequency: number;
}

/** Register readings since commissioning, whole numbers: Wh, VAh, and varh in the four quadrants. */
export interface Energy {
  readonly importWh: number;
  readonly importVAh: number;
  readonly exportWh: number;
  readonly exportVAh: number;
  /** Import, inductive. */
  readonly varhQ1: number;
  /** Export, capacitive. */
  readonly varhQ2: number;
  /** Export, inductive. */
  readonly varhQ3: number;
  /** Import, capacitive. */
  readonly varhQ4: number;
}

/** The energy in an interval, and the average voltage (V) and current (A). */
export interface Block extends Energy {
  readonly averageVoltage: number;
  readonly averageCurrent: number;
}

/** A simulated customer behind a meter. Every result is a function of the options and the requested instants. */
export interface Model {
  /** 1 or 3. */
  readonly phaseCount: 1 | 3;
  instantaneous(at: number): Instantaneous;
  /** A phase at an instant, 1 to 3. The only phase of a single-phase meter is 1. */
  phase(at: number, phase: number): PhaseInstant;
  energy(at: number): Energy;
  /** The energy in [from, to): a difference of registers, for any length of time. */
  flow(from: number, to: number): Energy;
  /**
   * The energy in [from, to) by parts of the local day. The n-th part begins at minute `starts[n]` (the first at 0) and ends where the next
   * part begins. The parts sum to `flow`.
   */
  flowByPart(from: number, to: number, starts: readonly number[]): readonly Energy[];
  /** The registers of each phase, L1 first. They sum to `energy`. A single-phase meter has one. */
  phases(at: number): readonly Energy[];
  /** The energy in [from, to), with the averages of voltage and current: of the whole meter, or of a phase (1 to 3). */
  block(from: number, to: number, phase?: number): Block;
  /**
   * The highest demands of the periods (in minutes) that are completely within [from, to), of import unless `direction` says export. Fault
   * `bad-value`: not 1 to 1440 minutes.
   */
  maximumDemand(from: number, to: number, periodMinutes?: number, direction?: "import" | "export"): Demands;
  events(from: number, to: number): PowerQualityEvent[];
  /** Minutes with supply on a phase at least, since commissioning, rounded down. */
  powerOnMinutes(at: number): number;
  /** The time in [from, to) without supply on any phase, ms. */
  interruptedMs(from: number, to: number): number;
  /** The start of the local day that contains `at`. */
  startOfDay(at: number): number;
}
