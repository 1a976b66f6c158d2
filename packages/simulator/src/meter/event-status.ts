import type { DeviceView } from "@dlmskit/cosem-objects";
import { type PowerQualityEvent, reaches } from "../model/power-quality.ts";
import type { SimulatedMeter } from "./simulated-meter.ts";

/** Number of bits in the event status word of IS 15959. */
export const statusBits = 128;

const bitOf: { readonly [type in PowerQualityEvent["type"]]?: number } = {
  VOLTAGE_SWELL: 3,
  VOLTAGE_SAG: 4,
  INTERRUPTION: 85,
};
const switchedOff = 84;
/** R, Y and B phase: voltage missing. */
const missing = [0, 1, 2];

/** The object of the event status word of IS 15959. */
export const eventStatusName = "0.0.94.91.18.255";

/**
 * The event status word of IS 15959 (bit 0 first): the conditions that are present at an instant. `device`: what reads it now, which may be
 * the change in which the meter loses its power.
 */
export function eventStatus(
  meter: Pick<SimulatedMeter, "readings" | "bitsAt" | "losesPower">,
  at: number,
  device?: DeviceView,
): string {
  const { readings } = meter;
  const { model } = readings;
  const events = model.events(at, at + 1);
  const set = new Set<number | undefined>(events.map(({ type }) => bitOf[type]));
  const interrupted = events.filter(({ type }) => type === "INTERRUPTION");
  if (interrupted.length > 0 && model.interruptedMs(at, at + 1000) === 0) {
    // Another phase has supply: this is no power failure.
    set.delete(bitOf.INTERRUPTION);
    for (const bit of missing) if (interrupted.some(({ phases }) => reaches(phases, bit + 1))) set.add(bit);
  }
  if (readings.switchedOff(at)) set.add(switchedOff);
  if (device !== undefined && meter.losesPower(device)) set.add(bitOf.INTERRUPTION);
  for (const bit of meter.bitsAt(eventStatusName, at)) set.add(bit);
  return Array.from({ length: statusBits }, (_, bit) => (set.has(bit) ? "1" : "0")).join("");
}
