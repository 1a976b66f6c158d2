import { addEnergy, noEnergy, type Summed } from "../model/energies.ts";
import type { Energy } from "../model/model.ts";
import { monthOf, startOfMonth } from "./local-time.ts";

/** Energy of one tariff zone since commissioning. */
export interface ZoneEnergy {
  readonly wh: number;
  readonly vah: number;
  /** All registers of the zone. */
  readonly energy: Energy;
}

/** When a zone starts: the minute of the local day, and the number of the zone from 1. In ascending order; the first zone starts at 0. */
export type TariffDay = readonly { readonly minute: number; readonly zone: number }[];

const zones = 8;
const dayMs = 86_400_000;

export interface TariffSource {
  flowByPart(from: number, to: number, starts: readonly number[]): readonly Energy[];
}

/**
 * The energy registers of the eight tariff zones: the energy in the hours of each zone since commissioning. The sum of the zones always
 * equals the total register. The sums up to the first of each month are kept.
 */
export class TariffRegisters {
  readonly #source: TariffSource;
  readonly #commissioned: number;
  readonly #zoneMinutesEast: number;
  readonly #zones: readonly number[];
  readonly #starts: readonly number[];
  readonly #firstMonth: number;
  /** The values at the first of the n-th month after the month of commissioning. */
  readonly #atMonth: (readonly ZoneEnergy[])[];

  constructor(source: TariffSource, commissioned: number, zoneMinutesEast: number, day: TariffDay) {
    this.#source = source;
    this.#commissioned = commissioned;
    this.#zoneMinutesEast = zoneMinutesEast;
    this.#zones = day.map(({ zone }) => zone);
    this.#starts = day.map(({ minute }) => minute);
    this.#firstMonth = monthOf(commissioned, zoneMinutesEast);
    this.#atMonth = [Array.from({ length: zones }, () => ({ wh: 0, vah: 0, energy: noEnergy() }))];
  }

  /** The registers of zones 1 to 8 at an instant. */
  at(instant: number): readonly ZoneEnergy[] {
    if (instant <= this.#commissioned) return this.#atMonth[0] as readonly ZoneEnergy[];
    const month = monthOf(instant, this.#zoneMinutesEast);
    return this.#with(this.#upTo(month), startOfMonth(month, this.#zoneMinutesEast), instant);
  }

  /** The zone that is in force at an instant. */
  zoneAt(instant: number): number {
    const minute = Math.floor(((((instant + this.#zoneMinutesEast * 60_000) % dayMs) + dayMs) % dayMs) / 60_000);
    const part = this.#starts.findLastIndex((start) => start <= minute);
    return this.#zones[part] as number;
  }

  #upTo(month: number): readonly ZoneEnergy[] {
    const wanted = month - this.#firstMonth;
    for (let at = this.#atMonth.length; at <= wanted; at++) {
      const start = startOfMonth(this.#firstMonth + at - 1, this.#zoneMinutesEast);
      const end = startOfMonth(this.#firstMonth + at, this.#zoneMinutesEast);
      this.#atMonth.push(this.#with(this.#atMonth[at - 1] as readonly ZoneEnergy[], start, end));
    }
    return this.#atMonth[wanted] as readonly ZoneEnergy[];
  }

  #with(before: readonly ZoneEnergy[], from: number, to: number): ZoneEnergy[] {
    const sums = before.map(({ energy }) => ({ ...energy }) as Summed);
    const flowed = this.#source.flowByPart(from, to, this.#starts);
    for (const [part, energy] of flowed.entries()) {
      addEnergy(sums[(this.#zones[part] as number) - 1] as Summed, energy);
    }
    return sums.map((energy) => ({ wh: energy.importWh, vah: energy.importVAh, energy }));
  }
}
