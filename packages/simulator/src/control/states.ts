import type { ExplainedFault } from "../faults/fault-set.ts";
import type { Counts } from "./watch.ts";

/** The fleet at a glance. */
export interface FleetState extends Counts {
  readonly template: string;
  readonly title: string;
  readonly meters: number;
  /** Open connections, those between workers included, and open associations. */
  readonly connections: number;
  readonly sessions: number;
  /** Faults that are switched on. */
  readonly faults: number;
  /** Messages that wait to be pushed. */
  readonly pushesWaiting: number;
  /** With several workers: how many there are, and the numbers of those that do not answer. Their last figures are counted. */
  readonly workers?: { readonly count: number; readonly silent: readonly number[] };
  readonly time: TimeState;
}

/** The simulated time of day. */
export interface TimeState {
  /** ISO 8601. */
  readonly now: string;
  /** How many times faster it passes than the time of the machine; 0: it stands still. */
  readonly speed: number;
}

/** A meter in a list. */
export interface ListedMeter {
  readonly index: number;
  readonly serial: string;
  readonly meterId: string;
  readonly logicalDeviceName: string;
  readonly feeder: string;
  readonly transformer: string;
  /** Open associations. */
  readonly sessions: number;
}

export interface MeterState extends ListedMeter {
  readonly systemTitle: string;
  readonly powered: boolean;
  /** The time of the meter's clock, ISO 8601. */
  readonly clock: string;
  /** Objects with values that differ from those of the template. */
  readonly changedObjects: number;
  readonly objects: number;
  /** The state of the load switch; absent: it has none. */
  readonly connected?: boolean;
  readonly faults: readonly ExplainedFault[];
}

/** A span of a list. */
export interface Page {
  readonly from: number;
  readonly count: number;
}

/** A method of a meter's object. */
export interface Invocation {
  readonly instanceId: string;
  readonly methodId: number;
  /** The JSON form of the Data; integer 0 by default. */
  readonly argument?: unknown;
}
