import { type Demands, highestDemands } from "./demand.ts";
import { addEnergy, noEnergy, type Summed } from "./energies.ts";
import type { Flow, Household, SplitEnergy, Sums } from "./energy.ts";
import type { Block, Energy, Instantaneous, Model, PhaseInstant } from "./measurement.ts";
import type { PlaceKeys } from "./network.ts";
import type { PowerQuality, PowerQualityEvent } from "./power-quality.ts";
import { between, bits, type RandomKey, Stream, signed, unit } from "./random.ts";
import { type Connected, type Supply, usualDistortion } from "./supply.ts";

const dayMs = 86_400_000;

/** A part of the load that is split by itself. The parts of a meter sum to its registers. */
export interface Part {
  readonly energy: SplitEnergy;
  /** The household to which it belongs: an index in the households of the meter. */
  readonly of: number;
  /** 0: it belongs to no phase in particular. */
  readonly phase: number;
  readonly exports: boolean;
  readonly capacitive: boolean;
}

/** A device that some households have. */
export interface Device {
  /** The part of the households that have it. */
  readonly share: number;
  readonly energy: SplitEnergy;
}

/** What the models of all meters with the same rows have in common. */
export interface Shared {
  readonly zoneMs: number;
  readonly phases: 1 | 3;
  readonly supply: Supply;
  readonly quality: PowerQuality;
  /** The parts of a meter without and with a solar plant. */
  readonly plain: readonly Part[];
  readonly plant: readonly Part[];
  readonly plantShare: number;
  readonly devices: readonly Device[];
  readonly size: readonly [number, number];
  readonly powerFactor: readonly [number, number];
  readonly imbalance: number;
}

/** The model of one meter: its key, a few numbers that are derived from the key, and the sums of its registers so far. */
export class HouseholdModel implements Model, Household, Connected {
  readonly key: RandomKey;
  readonly commissioned: number;
  readonly places: PlaceKeys | undefined;
  readonly size: number;
  readonly extra: number;
  readonly reactive: number;
  /** The interruptions of a single-phase meter are those of any phase. */
  readonly line: number = 0;
  readonly #shared: Shared;
  readonly #parts: readonly Part[];
  /** Absent: this household is the only one. */
  readonly #households: readonly Household[] | undefined;
  #sums: (Sums | undefined)[] | undefined;

  constructor(shared: Shared, key: RandomKey, commissioned: number, places: PlaceKeys | undefined) {
    this.#shared = shared;
    this.key = key;
    this.commissioned = commissioned;
    this.places = places;
    // The size of a household, its mix of appliances and its position on the line (`drop`) never change.
    this.size = between(key, Stream.household, 0, shared.size[0], shared.size[1]);
    this.extra = 1 / between(key, Stream.household, 1, shared.powerFactor[0], shared.powerFactor[1]) - 1;
    this.reactive = Math.sqrt(this.extra * (2 + this.extra));
    const { plain, plant, plantShare, devices } = shared;
    const parts = plantShare > 0 && unit(bits(key, Stream.household, 3)) < plantShare ? plant : plain;
    if (shared.phases === 1 && devices.length === 0) {
      this.#parts = parts;
      return;
    }
    const households = shared.phases === 1 ? [this] : this.#phaseHouseholds();
    this.#households = households;
    this.#parts = [...parts, ...this.#deviceParts(households)];
  }

  /** The load of each phase, as a household of its own. */
  #phaseHouseholds(): Household[] {
    const weights = [0, 1, 2].map(
      (phase) => 1 + 0.75 * this.#shared.imbalance * signed(bits(this.key, Stream.phases, phase)),
    );
    const sum = weights.reduce((all, weight) => all + weight, 0);
    return weights.map((weight, at) => this.#householdOf(at + 1, (this.size * weight) / sum));
  }

  #householdOf(line: number, size: number): Household {
    const { key, commissioned, places, extra, reactive } = this;
    return { key, commissioned, places, extra, reactive, line, size };
  }

  /** The devices that this household has. Each belongs to one phase. */
  #deviceParts(households: Household[]): Part[] {
    const { devices, phases } = this.#shared;
    return devices.flatMap(({ share, energy }, at) => {
      if (unit(bits(this.key, Stream.devices, at)) >= share) return [];
      const n = phases === 1 ? 0 : (bits(this.key, Stream.devices, 1000 + at) >>> 0) % 3;
      households.push(this.#householdOf(phases === 1 ? 0 : n + 1, 1));
      return [{ energy, of: households.length - 1, phase: n + 1, exports: false, capacitive: false }];
    });
  }

  #household(at: number): Household {
    return this.#households?.[at] ?? this;
  }

  get phaseCount(): 1 | 3 {
    return this.#shared.phases;
  }

  get drop(): number {
    return between(this.key, Stream.household, 2, 0, 0.03);
  }

  instantaneous(at: number): Instantaneous {
    const { supply, phases } = this.#shared;
    const frequency = supply.frequency(this, at);
    if (phases === 1) {
      const now = this.#now(at, 0);
      const neutralCurrent = now.current * (1 - between(this.key, Stream.leakage, Math.floor(at / 60_000), 0, 0.002));
      return { ...now, neutralCurrent, frequency };
    }
    const [one, two, three] = [1, 2, 3].map((phase) => this.#now(at, phase)) as [
      PhaseInstant,
      PhaseInstant,
      PhaseInstant,
    ];
    const [a, b, c] = [one.current, two.current, three.current];
    const supplied = [one, two, three].filter(({ voltage }) => voltage > 0);
    const now = {
      voltage: supplied.reduce((sum, { voltage }) => sum + voltage, 0) / Math.max(1, supplied.length),
      current: a + b + c,
      activePower: one.activePower + two.activePower + three.activePower,
      reactivePower: one.reactivePower + two.reactivePower + three.reactivePower,
      apparentPower: one.apparentPower + two.apparentPower + three.apparentPower,
      distortion: Math.max(one.distortion, two.distortion, three.distortion),
    };
    // The currents of the phases are 120 degrees apart.
    const neutralCurrent = Math.sqrt(Math.max(0, a * a + b * b + c * c - a * b - b * c - c * a));
    const total = [one, two, three].reduce((sum, { voltage, current }) => sum + voltage * current, 0);
    const powerFactor = total === 0 ? 1 : Math.min(1, Math.abs(now.activePower) / total);
    return { ...now, neutralCurrent, powerFactor, frequency };
  }

  phase(at: number, phase: number): PhaseInstant {
    return this.#now(at, this.#shared.phases === 1 ? 0 : phase);
  }

  /** A phase (1 to 3), or the only one (0). */
  #now(at: number, line: number): PhaseInstant {
    let [active, apparent, reactive] = [0, 0, 0];
    for (const { energy, of, phase, exports, capacitive } of this.#parts) {
      if (line !== 0 && phase !== line) continue;
      const household = this.#household(of);
      const power = energy.power(household, at);
      active += exports ? -power.active : power.active;
      apparent += power.apparent;
      reactive += (exports === capacitive ? 1 : -1) * power.active * household.reactive;
    }
    const { voltage, distortion } = this.#shared.supply.at(this, at, line);
    // A distorted current is larger for the same power, and the power factor lower. Apparent power is that of the fundamental.
    const distorted = Math.sqrt(1 + (Math.max(0, distortion - usualDistortion) / 100) ** 2);
    return {
      ...{ voltage, activePower: active, reactivePower: reactive, apparentPower: apparent, distortion },
      current: voltage === 0 ? 0 : (apparent * distorted) / voltage,
      powerFactor: apparent === 0 ? 1 : Math.min(1, Math.abs(active) / apparent / distorted),
    };
  }

  energy(at: number): Energy {
    return this.#registers(at, 0);
  }

  #registers(at: number, line: number): Energy {
    this.#sums ??= [];
    const sum = noEnergy();
    for (let n = 0; n < this.#parts.length; n++) {
      const part = this.#parts[n] as Part;
      if (line !== 0 && part.phase !== line) continue;
      const found = part.energy.register(this.#household(part.of), at, this.#sums[n]);
      this.#sums[n] = found.sums;
      count(sum, part, found);
    }
    return sum;
  }

  flow(from: number, to: number): Energy {
    return this.#flow(from, to, 0);
  }

  #flow(from: number, to: number, line: number): Energy {
    if (this.#parts.length === 1) return importOf((this.#parts[0] as Part).energy.flow(this, from, to));
    const sum = noEnergy();
    for (const part of this.#parts) {
      if (line !== 0 && part.phase !== line) continue;
      count(sum, part, part.energy.flow(this.#household(part.of), from, to));
    }
    return sum;
  }

  flowByPart(from: number, to: number, starts: readonly number[]): readonly Energy[] {
    const sums = starts.map(noEnergy);
    for (let midnight = this.startOfDay(from); midnight < to; midnight += dayMs) {
      for (let part = 0; part < starts.length; part++) {
        const start = Math.max(from, midnight + (starts[part] as number) * 60_000);
        const end = Math.min(to, midnight + (starts[part + 1] ?? 1440) * 60_000);
        if (end > start) addEnergy(sums[part] as Summed, this.flow(start, end));
      }
    }
    return sums;
  }

  phases(at: number): readonly Energy[] {
    return this.#shared.phases === 1 ? [this.energy(at)] : [1, 2, 3].map((line) => this.#registers(at, line));
  }

  block(from: number, to: number, phase = 0): Block {
    const { supply, phases } = this.#shared;
    const line = phases === 1 ? 0 : phase;
    const flowed = this.#flow(from, to, line);
    const averageVoltage = supply.averageVoltage(this, from, to, line);
    const hours = (to - from) / 3_600_000;
    const averageCurrent = averageVoltage === 0 ? 0 : (flowed.importVAh + flowed.exportVAh) / hours / averageVoltage;
    return { ...flowed, averageVoltage, averageCurrent };
  }

  maximumDemand(from: number, to: number, periodMinutes = 30, direction: "import" | "export" = "import"): Demands {
    return highestDemands(
      Math.max(from, this.commissioned),
      Math.min(to, (this.#parts[0] as Part).energy.lastInstant),
      periodMinutes,
      (at) => this.startOfDay(at),
      (start, end) => {
        const flowed = this.flow(start, end);
        return direction === "import"
          ? { wh: flowed.importWh, vah: flowed.importVAh }
          : { wh: flowed.exportWh, vah: flowed.exportVAh };
      },
    );
  }

  events(from: number, to: number): PowerQualityEvent[] {
    return this.#shared.quality.events(this, from, to);
  }

  powerOnMinutes(at: number): number {
    const until = Math.min(Math.max(at, this.commissioned), (this.#parts[0] as Part).energy.lastInstant);
    return Math.floor((until - this.commissioned - this.interruptedMs(this.commissioned, until)) / 60_000);
  }

  interruptedMs(from: number, to: number): number {
    const { quality, phases } = this.#shared;
    return quality.interruptedMs(this.#households?.slice(0, phases) ?? [this], from, to);
  }

  startOfDay(at: number): number {
    const { zoneMs } = this.#shared;
    return Math.floor((at + zoneMs) / dayMs) * dayMs - zoneMs;
  }
}

/** The registers of a meter whose only part is inductive import. */
function importOf({ wh, vah, varh }: Flow): Energy {
  return {
    importWh: wh,
    importVAh: vah,
    exportWh: 0,
    exportVAh: 0,
    varhQ1: varh,
    varhQ2: 0,
    varhQ3: 0,
    varhQ4: 0,
  };
}

/** Counts energy in the registers of its direction and quadrant. */
function count(sum: Summed, { exports, capacitive }: Part, { wh, vah, varh }: Flow): void {
  if (exports) {
    sum.exportWh += wh;
    sum.exportVAh += vah;
    if (capacitive) sum.varhQ2 += varh;
    else sum.varhQ3 += varh;
  } else {
    sum.importWh += wh;
    sum.importVAh += vah;
    if (capacitive) sum.varhQ4 += varh;
    else sum.varhQ1 += varh;
  }
}
