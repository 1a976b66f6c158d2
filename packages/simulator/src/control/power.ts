import { Fault } from "@dlmskit/core";
import type { Simulator } from "../simulate/options.ts";

/** Meters that were switched, and those that could not be switched. */
export interface Switched {
  readonly meters: number;
  readonly failed: number;
  /** The first ones of those that failed. */
  readonly failures: readonly { readonly serial: string; readonly fault: Fault }[];
}

/** Meters that are switched at the same time. */
const abreast = 16;
export const shownFailures = 10;

/** Meters that another process has. */
export interface HeldMeters {
  readonly held: readonly { readonly index: number; readonly serial: string; readonly fault: Fault }[];
}

/** Cuts or restores the power of consecutive meters. A meter that fails does not stop the others. */
export async function switchPower(
  simulator: Simulator,
  feeder: { readonly first: number; readonly meters: number },
  on: boolean,
): Promise<Switched> {
  const { held, failures, ...counts } = await switchMeters(simulator, feeder, on);
  const all = [...failures, ...held.map(({ serial, fault }) => ({ serial, fault }))];
  return { ...counts, failed: counts.failed + held.length, failures: all.slice(0, shownFailures) };
}

/** As `switchPower`. Meters that another process has are not among those that failed. */
export async function switchMeters(
  simulator: Simulator,
  feeder: { readonly first: number; readonly meters: number },
  on: boolean,
): Promise<Switched & HeldMeters> {
  // A process of a fleet that is divided has a part of the feeder.
  const { served } = simulator;
  const first = Math.max(feeder.first, served.first);
  const meters = Math.max(0, Math.min(feeder.first + feeder.meters, served.first + served.meters) - first);
  let next = first;
  let failed = 0;
  const failures: { serial: string; fault: Fault }[] = [];
  const held: { index: number; serial: string; fault: Fault }[] = [];
  const worker = async (): Promise<void> => {
    while (next < first + meters) {
      const index = next++;
      try {
        await simulator.using(index, (meter) => (on ? meter.powerUp() : meter.powerDown()));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        const serial = simulator.fleet.serial(index);
        if (error.code === "meter-held") {
          held.push({ index, serial, fault: error });
          continue;
        }
        failed++;
        if (failures.length < shownFailures) failures.push({ serial, fault: error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(abreast, meters) }, worker));
  return { meters: meters - failed - held.length, failed, failures, held };
}
