import type { Energy } from "../model/model.ts";
import { monthOf, startOfMonth } from "./local-time.ts";

/** Energy of one tariff zone since commissioning. */
export interface ZoneEnergy {
  readonly wh: number;
  readonly vah: number;
}

/** When a zone begins: minute of the local day, and the zone's number from 1. Ordered; the first begins at 0. */
export type TariffDay = readonly { readonly minute: number; readonly zone: number }[];

const dayLength = 86_400_000;
const zones = 8;

export interface TariffSource {
  energy(at: number): Energy;
  startOfDay(at: number): number;
}

/**
 * The energy registers of the eight tariff zones: differences of the one register at the hours when zones change, so that
 * the zones sum to the register, always. Sums up to the first of each month are kept.
 */
export class TariffRegisters {
  readonly #source: TariffSource;
  readonly #commissioned: number;
  readonly #zoneMinutesEast: number;
  readonly #day: TariffDay;
  readonly #firstMonth: number;
  /** At the first of the n-th month after the one of commissioning. */
  readonly #atMonth: (readonly ZoneEnergy[])[] = [];

  constructor(source: TariffSource, commissioned: number, zoneMinutesEast: number, day: TariffDay) {
    this.#source = source;
    this.#commissioned = commissioned;
    this.#zoneMinutesEast = zoneMinutesEast;
    this.#day = day;
    this.#firstMonth = monthOf(commissioned, zoneMinutesEast);
  }

  /** Zones 1 to 8 at an instant. */
  at(instant: number): readonly ZoneEnergy[] {
    if (instant <= this.#commissioned) return Array.from({ length: zones }, () => ({ wh: 0, vah: 0 }));
    const month = monthOf(instant, this.#zoneMinutesEast);
    const before = this.#upTo(month);
    const from = Math.max(this.#commissioned, startOfMonth(month, this.#zoneMinutesEast));
    return this.#add(before, from, instant);
  }

  #upTo(month: number): readonly ZoneEnergy[] {
    const wanted = month - this.#firstMonth;
    if (this.#atMonth.length === 0) this.#atMonth.push(Array.from({ length: zones }, () => ({ wh: 0, vah: 0 })));
    for (let at = this.#atMonth.length; at <= wanted; at++) {
      const start = startOfMonth(this.#firstMonth + at - 1, this.#zoneMinutesEast);
      const end = startOfMonth(this.#firstMonth + at, this.#zoneMinutesEast);
      const before = this.#atMonth[at - 1] as readonly ZoneEnergy[];
      this.#atMonth.push(this.#add(before, Math.max(this.#commissioned, start), end));
    }
    return this.#atMonth[wanted] as readonly ZoneEnergy[];
  }

  #add(before: readonly ZoneEnergy[], from: number, to: number): ZoneEnergy[] {
    const sums = before.map((zone) => ({ ...zone }));
    let last = this.#source.energy(from);
    for (let day = this.#source.startOfDay(from); day < to; day += dayLength) {
      for (let at = 0; at < this.#day.length; at++) {
        const { zone } = this.#day[at] as TariffDay[number];
        const next = this.#day[at + 1]?.minute ?? 1440;
        const end = Math.min(to, day + next * 60_000);
        if (end <= from || end <= day) continue;
        const energy = this.#source.energy(end);
        const sum = sums[zone - 1] as { wh: number; vah: number };
        sum.wh += energy.importWh - last.importWh;
        sum.vah += energy.importVAh - last.importVAh;
        last = energy;
        if (end === to) return sums;
      }
    }
    return sums;
  }
}
