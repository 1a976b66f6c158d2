import { type Demands, highestDemands } from "./demand.ts";
import type { Flow, Household, SplitEnergy, Sums } from "./energy.ts";
import type { Block, Energy, Instantaneous, Model, PhaseEnergy } from "./measurement.ts";
import type { PowerQuality, PowerQualityEvent } from "./power-quality.ts";
import { between, type RandomKey, Stream } from "./random.ts";
import type { Connected, Supply } from "./supply.ts";

const dayMs = 86_400_000;

/** What the models of all meters with the same rows have in common. */
export interface Shared {
  readonly zoneMs: number;
  readonly supply: Supply;
  readonly quality: PowerQuality;
  readonly import: SplitEnergy;
  readonly export: SplitEnergy | undefined;
}

const nothing: Flow = { wh: 0, vah: 0 };

/** The model of one meter: its key, a few numbers that are derived from the key, and the sums of its registers so far. */
export class HouseholdModel implements Model, Household, Connected {
  readonly key: RandomKey;
  readonly commissioned: number;
  readonly size: number;
  readonly extra: number;
  readonly #shared: Shared;
  #importSums: Sums | undefined;
  #exportSums: Sums | undefined;

  constructor(shared: Shared, key: RandomKey, commissioned: number) {
    this.#shared = shared;
    this.key = key;
    this.commissioned = commissioned;
    // The size of a household, its mix of appliances and its position on the line (`drop`) never change.
    this.size = between(key, Stream.household, 0, 0.6, 1.6);
    this.extra = 1 / between(key, Stream.household, 1, 0.89, 0.94) - 1;
  }

  get reactiveShare(): number {
    return Math.sqrt((1 + this.extra) ** 2 - 1);
  }

  get drop(): number {
    return between(this.key, Stream.household, 2, 0, 0.03);
  }

  instantaneous(at: number): Instantaneous {
    const { supply } = this.#shared;
    const taken = this.#shared.import.power(this, at);
    const given = this.#shared.export?.power(this, at) ?? { active: 0, apparent: 0 };
    const { voltage, frequency } = supply.at(this, at);
    const activePower = taken.active - given.active;
    const apparentPower = taken.apparent + given.apparent;
    const current = voltage === 0 ? 0 : apparentPower / voltage;
    return {
      voltage,
      current,
      neutralCurrent: current * (1 - between(this.key, Stream.leakage, Math.floor(at / 60_000), 0, 0.002)),
      powerFactor: apparentPower === 0 ? 1 : Math.min(1, Math.abs(activePower) / apparentPower),
      frequency,
      activePower,
      apparentPower,
    };
  }

  energy(at: number): Energy {
    const taken = this.#shared.import.register(this, at, this.#importSums);
    this.#importSums = taken.sums;
    const { wh: importWh, vah: importVAh } = taken;
    if (this.#shared.export === undefined) return { importWh, importVAh, exportWh: 0, exportVAh: 0 };
    const given = this.#shared.export.register(this, at, this.#exportSums);
    this.#exportSums = given.sums;
    return { importWh, importVAh, exportWh: given.wh, exportVAh: given.vah };
  }

  flow(from: number, to: number): Energy {
    const { wh: importWh, vah: importVAh } = this.#shared.import.flow(this, from, to);
    const { wh: exportWh, vah: exportVAh } = this.#shared.export?.flow(this, from, to) ?? nothing;
    return { importWh, importVAh, exportWh, exportVAh };
  }

  flowByPart(from: number, to: number, starts: readonly number[]): readonly Energy[] {
    const sums = starts.map(() => ({ importWh: 0, importVAh: 0, exportWh: 0, exportVAh: 0 }));
    for (let midnight = this.startOfDay(from); midnight < to; midnight += dayMs) {
      for (let part = 0; part < starts.length; part++) {
        const start = Math.max(from, midnight + (starts[part] as number) * 60_000);
        const end = Math.min(to, midnight + (starts[part + 1] ?? 1440) * 60_000);
        if (end <= start) continue;
        const sum = sums[part] as { -readonly [name in keyof Energy]: number };
        const flowed = this.flow(start, end);
        sum.importWh += flowed.importWh;
        sum.importVAh += flowed.importVAh;
        sum.exportWh += flowed.exportWh;
        sum.exportVAh += flowed.exportVAh;
      }
    }
    return sums;
  }

  phases(at: number): readonly [PhaseEnergy, PhaseEnergy, PhaseEnergy] {
    const { import: taken, export: given } = this.#shared;
    const [one, two, three] = taken.phases(this, at);
    const [oneOut, twoOut, threeOut] = given === undefined ? [0, 0, 0] : given.phases(this, at);
    return [
      { importWh: one, exportWh: oneOut },
      { importWh: two, exportWh: twoOut },
      { importWh: three, exportWh: threeOut },
    ];
  }

  block(from: number, to: number): Block {
    const { importWh, importVAh, exportWh, exportVAh } = this.flow(from, to);
    const averageVoltage = this.#shared.supply.averageVoltage(this, from, to);
    const hours = (to - from) / 3_600_000;
    const averageCurrent = averageVoltage === 0 ? 0 : (importVAh + exportVAh) / hours / averageVoltage;
    return { importWh, importVAh, exportWh, exportVAh, averageVoltage, averageCurrent };
  }

  maximumDemand(from: number, to: number, periodMinutes = 30): Demands {
    const { import: taken } = this.#shared;
    return highestDemands(
      Math.max(from, this.commissioned),
      Math.min(to, taken.lastInstant),
      periodMinutes,
      (at) => this.startOfDay(at),
      (start, end) => taken.flow(this, start, end),
    );
  }

  events(from: number, to: number): PowerQualityEvent[] {
    return this.#shared.quality.events(this, from, to);
  }

  powerOnMinutes(at: number): number {
    const until = Math.min(Math.max(at, this.commissioned), this.#shared.import.lastInstant);
    const interrupted = this.#shared.quality.interruptedMs(this, this.commissioned, until);
    return Math.floor((until - this.commissioned - interrupted) / 60_000);
  }

  startOfDay(at: number): number {
    const { zoneMs } = this.#shared;
    return Math.floor((at + zoneMs) / dayMs) * dayMs - zoneMs;
  }
}
