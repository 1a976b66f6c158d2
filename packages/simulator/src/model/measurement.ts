import type { Demands } from "./demand.ts";
import type { PowerQualityEvent } from "./power-quality.ts";

/**
 * What a meter measures at an instant: V, A, W, VA, Hz; power factor 0 to 1. Active power is negative while the household exports.
 */
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

/** Register readings of one phase, Wh: those of the three phases sum to the meter's. */
export interface PhaseEnergy {
  readonly importWh: number;
  readonly exportWh: number;
}

/** A simulated household behind a meter: every answer is a function of the options and the instants asked for. */
export interface Model {
  /** varh that flow with each Wh. */
  readonly reactiveShare: number;
  instantaneous(at: number): Instantaneous;
  energy(at: number): Energy;
  /** What flowed in [from, to): a difference of registers, for any length of time. */
  flow(from: number, to: number): Energy;
  /**
   * The same by parts of the local day: the n-th part begins at minute `starts[n]`, the first at 0, and ends where the next begins.
   * The parts sum to `flow`.
   */
  flowByPart(from: number, to: number, starts: readonly number[]): readonly Energy[];
  /** The registers by phase, L1 first, for a meter of three phases. */
  phases(at: number): readonly [PhaseEnergy, PhaseEnergy, PhaseEnergy];
  /** What flowed in [from, to), with the means of voltage and current. */
  block(from: number, to: number): Block;
  /** Of the demand periods (minutes) that lie whole within [from, to). Import. Fault `bad-value`: not 1 to 1440 minutes. */
  maximumDemand(from: number, to: number, periodMinutes?: number): Demands;
  events(from: number, to: number): PowerQualityEvent[];
  /** Minutes with supply since commissioning, rounded down. */
  powerOnMinutes(at: number): number;
  /** The start of the local day that `at` lies in. */
  startOfDay(at: number): number;
}
