import { Fault } from "@dlmskit/core";
import type { Simulator, SimulatorOptions } from "./options.ts";

/**
 * Meters of a template, from what a store keeps or new: a store that is empty gets a first configuration, and what stands in
 * its rows is followed. Faults: `unknown-template`, `bad-keys-file`, `template-mismatch`, `identity-mismatch`, and those of the store (`bad-row`).
 */
export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  throw new Fault("not-ready", `the simulator is not ready for ${Object.keys(options)}`, { layer: "simulator" });
}
