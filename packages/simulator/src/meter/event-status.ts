import type { PowerQualityEvent } from "../model/power-quality.ts";
import type { Readings } from "./readings.ts";

/** Number of bits in the event status word of IS 15959. */
export const statusBits = 128;

const bitOf: { readonly [type in PowerQualityEvent["type"]]?: number } = {
  VOLTAGE_SWELL: 3,
  VOLTAGE_SAG: 4,
  INTERRUPTION: 85,
};
const switchedOff = 84;

/** The event status word of IS 15959 (bit 0 first): the conditions that are present at an instant. */
export function eventStatus(readings: Readings, at: number): string {
  const set = new Set(readings.model.events(at, at + 1).map(({ type }) => bitOf[type]));
  if (readings.switchedOff(at)) set.add(switchedOff);
  return Array.from({ length: statusBits }, (_, bit) => (set.has(bit) ? "1" : "0")).join("");
}
