import { highestDemands } from "../model/demand.ts";
import { addEnergy, noEnergy } from "../model/energies.ts";
import type { Block, Demands, Energy, Instantaneous, Model, PhaseInstant } from "../model/model.ts";
import { withOutages } from "../model/with-outages.ts";
import { merged, type Span } from "./event-history.ts";
import type { Past } from "./past.ts";

const noPower = { current: 0, activePower: 0, reactivePower: 0, apparentPower: 0, powerFactor: 1 };

/** The measured values of a meter: the household of the model behind the load switch of the meter. Instants are ms since 1970 UTC. */
export class Readings {
  /** The household, without supply where the power was cut. Its energy does not know of that. */
  readonly model: Model;
  readonly commissioned: number;
  /** The spans in which the load switch was open, in order. The last span may have no end yet. */
  readonly #switchedOff: readonly Span[];
  /** The spans in which no energy flowed: the load switch was open, or the power was cut. */
  readonly #open: readonly Span[];
  /** The energy that would have flowed in the spans before the n-th one. Computed on request. */
  readonly #lost: Energy[] = [noEnergy()];

  constructor(model: Model, commissioned: number, past: Pick<Past, "switchedOff" | "outages">) {
    const { switchedOff, outages } = past;
    this.model = withOutages(model, commissioned, outages);
    this.commissioned = commissioned;
    this.#switchedOff = switchedOff;
    this.#open = outages.length === 0 ? switchedOff : merged([...switchedOff, ...outages]);
  }

  startOfDay(at: number): number {
    return this.model.startOfDay(at);
  }

  switchedOff(at: number): boolean {
    const { start, end } = this.#switchedOff[firstEndingAfter(this.#switchedOff, at)] ?? { start: at + 1, end: at };
    return start <= at && at < end;
  }

  /** The registers at an instant. */
  energy(at: number): Energy {
    const whole = this.model.energy(at);
    if (this.#open.length === 0) return whole;
    const over = this.#firstEndingAfter(at);
    const left = minus(whole, this.#lostBefore(over));
    const span = this.#open[over];
    return span === undefined || span.start >= at ? left : minus(left, this.model.flow(span.start, at));
  }

  /** The energy in [from, to). */
  flow(from: number, to: number): Energy {
    let flowed = this.model.flow(from, to);
    for (const [start, end] of this.#openWithin(from, to)) flowed = minus(flowed, this.model.flow(start, end));
    return flowed;
  }

  /** The energy in [from, to) by parts of the local day. The parts start at the given minutes: see `Model.flowByPart`. */
  flowByPart(from: number, to: number, starts: readonly number[]): readonly Energy[] {
    let flowed = this.model.flowByPart(from, to, starts);
    for (const [start, end] of this.#openWithin(from, to)) {
      const lost = this.model.flowByPart(start, end, starts);
      flowed = flowed.map((part, at) => minus(part, lost[at] as Energy));
    }
    return flowed;
  }

  instantaneous(at: number): Instantaneous {
    const now = this.model.instantaneous(at);
    if (!this.switchedOff(at)) return now;
    return { ...now, ...noPower, neutralCurrent: 0 };
  }

  /** A phase at an instant, 1 to 3. */
  phase(at: number, phase: number): PhaseInstant {
    const now = this.model.phase(at, phase);
    return this.switchedOff(at) ? { ...now, ...noPower } : now;
  }

  /** The registers of each phase at an instant, L1 first. */
  phases(at: number): readonly Energy[] {
    let phases = this.model.phases(at);
    // A model has no flow by phase, but the difference of two registers.
    for (const [start, end] of this.#openWithin(this.commissioned, at)) {
      const [before, after] = [this.model.phases(start), this.model.phases(end)];
      phases = phases.map((phase, n) => plus(minus(phase, after[n] as Energy), before[n] as Energy));
    }
    return phases;
  }

  /** The energy in [from, to) with the averages, of the whole meter or of a phase. */
  block(from: number, to: number, phase = 0): Block {
    const block = this.model.block(from, to, phase);
    if (!this.#touched(from, to)) return block;
    let flowed: Energy = block;
    for (const [start, end] of this.#openWithin(from, to)) {
      flowed = minus(flowed, this.model.block(start, end, phase));
    }
    const hours = (to - from) / 3_600_000;
    const { averageVoltage } = block;
    const averageCurrent = averageVoltage === 0 ? 0 : (flowed.importVAh + flowed.exportVAh) / hours / averageVoltage;
    return { ...flowed, averageVoltage, averageCurrent };
  }

  /** The highest demands of the demand periods that are completely within [from, to). Fault `bad-value`: not 1 to 1440 minutes. */
  maximumDemand(from: number, to: number, periodMinutes: number, direction: "import" | "export" = "import"): Demands {
    if (!this.#touched(from, to)) return this.model.maximumDemand(from, to, periodMinutes, direction);
    return highestDemands(
      Math.max(from, this.commissioned),
      to,
      periodMinutes,
      (at) => this.model.startOfDay(at),
      (start, end) => {
        const { importWh, importVAh, exportWh, exportVAh } = this.flow(start, end);
        return direction === "import" ? { wh: importWh, vah: importVAh } : { wh: exportWh, vah: exportVAh };
      },
    );
  }

  powerOnMinutes(at: number): number {
    return this.model.powerOnMinutes(at);
  }

  #touched(from: number, to: number): boolean {
    const span = this.#open[this.#firstEndingAfter(from)];
    return span !== undefined && span.start < to;
  }

  /** The parts of [from, to) in which the load switch was open. */
  *#openWithin(from: number, to: number): Generator<[start: number, end: number]> {
    for (let at = this.#firstEndingAfter(from); at < this.#open.length; at++) {
      const { start, end } = this.#open[at] as Span;
      if (start >= to) return;
      yield [Math.max(start, from), Math.min(end, to)];
    }
  }

  #firstEndingAfter(at: number): number {
    return firstEndingAfter(this.#open, at);
  }

  #lostBefore(span: number): Energy {
    for (let at = this.#lost.length - 1; at < span; at++) {
      const { start, end } = this.#open[at] as Span;
      this.#lost.push(plus(this.#lost[at] as Energy, this.model.flow(start, end)));
    }
    return this.#lost[span] as Energy;
  }
}

const plus = (one: Energy, other: Energy): Energy => addEnergy({ ...one }, other);
const minus = (one: Energy, other: Energy): Energy => addEnergy({ ...one }, other, -1);

/** The index of the first span that has not ended at an instant. */
function firstEndingAfter(spans: readonly Span[], at: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle] as Span).end <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
