import type { EnergyModel } from "./energy.ts";
import { slotsPerDay } from "./load-profile.ts";
import type { EventSource } from "./power-quality.ts";
import { between, type RandomKey, Stream } from "./random.ts";

// Voltage and frequency at the meter: what the network gives, minute by minute, less a drop under load, with the events in it.

const minuteLength = 60_000;

export interface SupplyModel {
  /** V at an instant; 0 while interrupted. */
  voltage(instant: number): number;
  /** V, the mean over [from, to) while there was supply; 0 when there was none. */
  averageVoltage(from: number, to: number): number;
  /** Hz; 0 while interrupted. */
  frequency(instant: number): number;
}

export interface SupplyOptions {
  readonly key: RandomKey;
  readonly zoneMs: number;
  readonly nominalVoltage: number;
  readonly nominalFrequency: number;
  readonly energy: EnergyModel;
  readonly events: EventSource;
}

export function supplyModel(options: SupplyOptions): SupplyModel {
  const { key, zoneMs, nominalVoltage, nominalFrequency, energy, events } = options;
  // How far down the line the household is: 0 to 3 per cent lost at the template's peak.
  const drop = between(key, Stream.household, 1, 0, 0.03);

  function minuteVoltage(minute: number): number {
    const slot = Math.floor(minute / 15);
    const local = minute * minuteLength;
    const day = Math.floor(slot / slotsPerDay);
    const { shape } = energy.day(day);
    const load = shape.peakLoad === 0 ? 0 : (shape.load[slot - day * slotsPerDay] as number) / shape.peakLoad;
    const daily = 0.008 * Math.sin((local / 86_400_000) * 2 * Math.PI);
    const wander = between(key, Stream.voltageSlot, slot, -0.012, 0.012);
    return (
      nominalVoltage * (1.01 + daily + wander + between(key, Stream.voltageMinute, minute, -0.003, 0.003) - drop * load)
    );
  }

  /** What the events leave of the voltage at an instant: 1 when nothing is the matter. */
  function factor(instant: number, found: ReturnType<EventSource["events"]>): number {
    let left = 1;
    for (const event of found) {
      if (instant < event.start || instant >= event.end) continue;
      if (event.type === "INTERRUPTION") return 0;
      if (event.type === "VOLTAGE_SAG" || event.type === "VOLTAGE_SWELL") left = event.magnitude / 100;
    }
    return left;
  }

  const localMinute = (instant: number): number => Math.floor((instant + zoneMs) / minuteLength);

  return {
    voltage(instant) {
      return minuteVoltage(localMinute(instant)) * factor(instant, events.events(instant, instant + 1));
    },
    averageVoltage(from, to) {
      const found = events.events(from, to);
      let sum = 0;
      let supplied = 0;
      for (let at = from; at < to; ) {
        let next = Math.min(to, (localMinute(at) + 1) * minuteLength - zoneMs);
        for (const { start, end } of found) {
          if (start > at && start < next) next = start;
          if (end > at && end < next) next = end;
        }
        const left = factor(at, found);
        if (left > 0) {
          sum += minuteVoltage(localMinute(at)) * left * (next - at);
          supplied += next - at;
        }
        at = next;
      }
      return supplied === 0 ? 0 : sum / supplied;
    },
    frequency(instant) {
      const found = events.events(instant, instant + 1);
      if (factor(instant, found) === 0) return 0;
      const off = found.find((event) => event.type === "FREQUENCY_VARIATION")?.magnitude ?? 100;
      return (nominalFrequency * off) / 100 + between(key, Stream.frequency, localMinute(instant), -0.05, 0.05);
    },
  };
}
