import type { Block, Demand, Energy, Instantaneous, Model } from "../model/model.ts";
import type { Span } from "./event-history.ts";

/** What a meter measures: the model's household behind the meter's own load switch. Instants are ms since 1970 UTC. */
export class Readings {
  readonly model: Model;
  readonly commissioned: number;
  /** When the load switch was open, in order; the last may have no end yet. */
  readonly #open: readonly Span[];
  /** What would have flowed in the spans before the n-th. */
  readonly #lost: readonly Energy[];

  constructor(model: Model, commissioned: number, switchedOff: readonly Span[]) {
    this.model = model;
    this.commissioned = commissioned;
    this.#open = switchedOff;
    const lost: Energy[] = [];
    let sum: Energy = { importWh: 0, importVAh: 0, exportWh: 0, exportVAh: 0 };
    for (const { start, end } of switchedOff) {
      lost.push(sum);
      if (end !== Number.POSITIVE_INFINITY) sum = combined(sum, model.flow(start, end), 1);
    }
    this.#lost = lost;
  }

  startOfDay(at: number): number {
    return this.model.startOfDay(at);
  }

  switchedOff(at: number): boolean {
    return this.#open.some(({ start, end }) => start <= at && at < end);
  }

  /** The registers at an instant. */
  energy(at: number): Energy {
    const whole = this.model.energy(at);
    const last = this.#open.findLastIndex(({ start }) => start <= at);
    if (last < 0) return whole;
    const { start, end } = this.#open[last] as Span;
    const within = this.model.flow(start, Math.min(at, end));
    return combined(combined(whole, this.#lost[last] as Energy, -1), within, -1);
  }

  instantaneous(at: number): Instantaneous {
    const now = this.model.instantaneous(at);
    if (!this.switchedOff(at)) return now;
    return { ...now, current: 0, neutralCurrent: 0, powerFactor: 1, activePower: 0, apparentPower: 0 };
  }

  block(from: number, to: number): Block {
    const block = this.model.block(from, to);
    if (!this.#touched(from, to)) return block;
    const flowed = combined(this.energy(to), this.energy(from), -1);
    const hours = (to - from) / 3_600_000;
    const { averageVoltage } = block;
    const averageCurrent = averageVoltage === 0 ? 0 : flowed.importVAh / hours / averageVoltage;
    return { ...flowed, averageVoltage, averageCurrent };
  }

  /** Of the demand periods that lie whole within [from, to). */
  maximumDemand(from: number, to: number, periodMinutes: number): { active: Demand; apparent: Demand } {
    if (!this.#touched(from, to)) return this.model.maximumDemand(from, to, periodMinutes);
    const length = periodMinutes * 60_000;
    const first = Math.max(from, this.commissioned);
    const midnight = this.startOfDay(first);
    let active: Demand = { value: 0, at: undefined };
    let apparent: Demand = { value: 0, at: undefined };
    let start = midnight + Math.ceil((first - midnight) / length) * length;
    for (let before = this.energy(start); start + length <= to; start += length) {
      const end = start + length;
      const after = this.energy(end);
      const flowed = combined(after, before, -1);
      before = after;
      const [w, va] = [(flowed.importWh * 60) / periodMinutes, (flowed.importVAh * 60) / periodMinutes];
      if (active.at === undefined || w > active.value) active = { value: w, at: end };
      if (apparent.at === undefined || va > apparent.value) apparent = { value: va, at: end };
    }
    return { active, apparent };
  }

  powerOnMinutes(at: number): number {
    return this.model.powerOnMinutes(at);
  }

  #touched(from: number, to: number): boolean {
    return this.#open.some(({ start, end }) => start < to && end > from);
  }
}

function combined(one: Energy, other: Energy, sign: 1 | -1): Energy {
  return {
    importWh: one.importWh + sign * other.importWh,
    importVAh: one.importVAh + sign * other.importVAh,
    exportWh: one.exportWh + sign * other.exportWh,
    exportVAh: one.exportVAh + sign * other.exportVAh,
  };
}
