import { Fault } from "@dlmskit/core";
import { LoopTurns } from "../simulate/loop-turns.ts";
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
const shownFailures = 10;

/**
 * Cuts or restores the power of consecutive meters. A meter that fails does not stop the others. Connections are served meanwhile, however
 * many meters there are.
 */
export async function switchPower(
  simulator: Simulator,
  feeder: { readonly first: number; readonly meters: number },
  on: boolean,
): Promise<Switched> {
  // A process of a fleet that is divided has a part of the feeder.
  const { served } = simulator;
  const first = Math.max(feeder.first, served.first);
  const meters = Math.max(0, Math.min(feeder.first + feeder.meters, served.first + served.meters) - first);
  let next = first;
  let failed = 0;
  const failures: { serial: string; fault: Fault }[] = [];
  const turns = new LoopTurns();
  const worker = async (): Promise<void> => {
    while (next < first + meters) {
      const index = next++;
      await turns.step();
      try {
        await simulator.using(index, (meter) => (on ? meter.powerUp() : meter.powerDown()));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        failed++;
        if (failures.length < shownFailures) failures.push({ serial: simulator.fleet.serial(index), fault: error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(abreast, meters) }, worker));
  return { meters: meters - failed, failed, failures };
}
