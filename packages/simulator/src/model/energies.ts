import type { Energy } from "./measurement.ts";

/** Energy that is added up. */
export type Summed = { -readonly [name in keyof Energy]: number };

export function noEnergy(): Summed {
  // One literal: this is called for each interval.
  return {
    importWh: 0,
    importVAh: 0,
    exportWh: 0,
    exportVAh: 0,
    varhQ1: 0,
    varhQ2: 0,
    varhQ3: 0,
    varhQ4: 0,
  };
}

/** Adds `other`, `times` times, to `sum`. */
export function addEnergy(sum: Summed, other: Energy, times = 1): Summed {
  sum.importWh += times * other.importWh;
  sum.importVAh += times * other.importVAh;
  sum.exportWh += times * other.exportWh;
  sum.exportVAh += times * other.exportVAh;
  sum.varhQ1 += times * other.varhQ1;
  sum.varhQ2 += times * other.varhQ2;
  sum.varhQ3 += times * other.varhQ3;
  sum.varhQ4 += times * other.varhQ4;
  return sum;
}
