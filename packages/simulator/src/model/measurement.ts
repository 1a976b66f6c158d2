import type { Demands } from "./demand.ts";
import type { PowerQualityEvent } from "./power-quality.ts";

/** The values that a meter measures at an instant: V, A, W, VA, Hz; power factor 0 to 1. Active power is negative during export. */
export interface Instantaneous {
  readonly voltage: number;
  readonly current: number;
  readonly neutralCurrent: number;
  readonly powerFactor: number;
  readonly frequency: number;
  readonly activePower: number;
  readonly apparentPower: number;
}

/** Register readings since commissioning, whole numbers. */
export interface Energy {
  readonly importWh: number;
  readonly importVAh: number;
  readonly exportWh: number;
  readonly exportVAh: number;
}

/** The energy in an interval, and the average voltage (V) and current (A). */
export interface Block extends Energy {
  readonly averageVoltage: number;
  readonly averageCurrent: number;
}

/** Register readings of one phase, Wh. The readings of the three phases sum to the reading of the meter. */
export interface PhaseEnergy {
  readonly importWh: number;
  readonly exportWh: number;
}

/** A simulated household behind a meter. Every result is a function of the options and the requested instants. */
export interface Model {
  /** varh for each Wh. */
  readonly reactiveShare: number;
  instantaneous(at: number): Instantaneous;
  energy(at: number): Energy;
  /** The energy in [from, to): a difference of registers, for any length of time. */
  flow(from: number, to: number): Energy;
  /**
   * The energy in [from, to) by parts of the local day. The n-th part begins at minute `starts[n]` (the first at 0) and ends where the next
   * part begins. The parts sum to `flow`.
   */
  flowByPart(from: number, to: number, starts: readonly number[]): readonly Energy[];
  /** The registers by phase, L1 first, for a three-phase meter. */
  phases(at: number): readonly [PhaseEnergy, PhaseEnergy, PhaseEnergy];
  /** The energy in [from, to), with the averages of voltage and current. */
  block(from: number, to: number): Block;
  /**
   * The highest import demands of the periods (in minutes) that are completely within [from, to). Fault `bad-value`: not 1
   * to 1440 minutes.
   */
  maximumDemand(from: number, to: number, periodMinutes?: number): Demands;
  events(from: number, to: number): PowerQualityEvent[];
  /** Minutes with supply since commissioning, rounded down. */
  powerOnMinutes(at: number): number;
  /** The start of the local day that contains `at`. */
  startOfDay(at: number): number;
}
