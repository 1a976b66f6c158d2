import type { Block, Instantaneous, Model, PhaseInstant } from "./measurement.ts";
import { type PowerQualityEvent, reaches } from "./power-quality.ts";

/** From `start` (included) to `end` (excluded), ms since 1970 UTC. */
interface Outage {
  readonly start: number;
  readonly end: number;
}

const noSupply: PhaseInstant = {
  ...{ voltage: 0, current: 0, activePower: 0, reactivePower: 0, apparentPower: 0 },
  ...{ powerFactor: 1, distortion: 0 },
};
const nothing: Instantaneous = { ...noSupply, neutralCurrent: 0, frequency: 0 };

/**
 * The supply of a model, cut at these times: its events, voltages, frequency, powers and times without supply. Energy (`energy`, `flow`,
 * `phases`, the energy of a block) is that of the model. `outages`: in order, without overlap; the last one may have no end.
 */
export function withOutages(model: Model, commissioned: number, outages: readonly Outage[]): Model {
  return outages.length === 0 ? model : new CutModel(model, commissioned, outages);
}

class CutModel implements Model {
  readonly #model: Model;
  readonly #commissioned: number;
  readonly #outages: readonly Outage[];

  constructor(model: Model, commissioned: number, outages: readonly Outage[]) {
    this.#model = model;
    this.#commissioned = commissioned;
    this.#outages = outages;
  }

  get phaseCount(): 1 | 3 {
    return this.#model.phaseCount;
  }

  #within(from: number, to: number): Outage[] {
    return this.#outages
      .filter(({ start, end }) => start < to && end > from)
      .map(({ start, end }) => ({ start: Math.max(start, from), end: Math.min(end, to) }));
  }

  #isCut(at: number): boolean {
    return this.#outages.some(({ start, end }) => start <= at && at < end);
  }

  instantaneous(at: number): Instantaneous {
    return this.#isCut(at) ? nothing : this.#model.instantaneous(at);
  }

  phase(at: number, phase: number): PhaseInstant {
    return this.#isCut(at) ? noSupply : this.#model.phase(at, phase);
  }

  energy(at: number): ReturnType<Model["energy"]> {
    return this.#model.energy(at);
  }

  flow(from: number, to: number): ReturnType<Model["flow"]> {
    return this.#model.flow(from, to);
  }

  flowByPart(...call: Parameters<Model["flowByPart"]>): ReturnType<Model["flowByPart"]> {
    return this.#model.flowByPart(...call);
  }

  phases(at: number): ReturnType<Model["phases"]> {
    return this.#model.phases(at);
  }

  maximumDemand(...call: Parameters<Model["maximumDemand"]>): ReturnType<Model["maximumDemand"]> {
    return this.#model.maximumDemand(...call);
  }

  startOfDay(at: number): number {
    return this.#model.startOfDay(at);
  }

  block(from: number, to: number, phase = 0): Block {
    const block = this.#model.block(from, to, phase);
    const cut = this.#within(from, to);
    if (cut.length === 0) return block;
    // The mean of the time with supply: each part between two outages counts with its time with supply.
    let [sum, supplied, start] = [0, 0, from];
    for (const { start: end, end: next } of [...cut, { start: to, end: to }]) {
      if (end > start) {
        const time = this.#supplied(start, end, phase);
        sum += this.#model.block(start, end, phase).averageVoltage * time;
        supplied += time;
      }
      start = next;
    }
    return { ...block, averageVoltage: supplied === 0 ? 0 : sum / supplied };
  }

  /** The time in [from, to) in which no event of the model interrupts the phase (0: any phase), ms. */
  #supplied(from: number, to: number, phase: number): number {
    let [supplied, last] = [to - from, from];
    for (const { type, start, end, phases } of this.#model.events(from, to)) {
      if (type !== "INTERRUPTION" || !reaches(phases, this.phaseCount === 1 ? 0 : phase)) continue;
      const interrupted = { start: Math.max(start, last), end: Math.min(end, to) };
      if (interrupted.end <= interrupted.start) continue;
      supplied -= interrupted.end - interrupted.start;
      last = interrupted.end;
    }
    return supplied;
  }

  events(from: number, to: number): PowerQualityEvent[] {
    const cut = this.#outages
      .filter(({ start, end }) => start < to && end > from)
      .map((outage): PowerQualityEvent => ({ type: "INTERRUPTION", ...outage, magnitude: 100, phases: [] }));
    const events = this.#model.events(from, to);
    return cut.length === 0 ? events : [...events, ...cut].sort((one, other) => one.start - other.start);
  }

  powerOnMinutes(at: number): number {
    const from = this.#commissioned;
    return at <= from ? 0 : Math.floor((at - from - this.interruptedMs(from, at)) / 60_000);
  }

  interruptedMs(from: number, to: number): number {
    const own = this.#within(from, to).reduce(
      (sum, { start, end }) => sum + end - start - this.#model.interruptedMs(start, end),
      0,
    );
    return this.#model.interruptedMs(from, to) + own;
  }
}
