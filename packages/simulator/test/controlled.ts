import { Fault } from "@dlmskit/core";
import type { MemoryState } from "@dlmskit/storage";
import { Control, Watch } from "../src/control.ts";
import type { SimulatorOptions } from "../src/index.ts";
import { bottled } from "./bottle.ts";

/** Meters in virtual time, and their control. */
export async function controlled(options: SimulatorOptions = {}, state?: MemoryState) {
  const watch = new Watch();
  const bottle = await bottled(watch.options(options), state);
  return { ...bottle, watch, control: new Control(bottle.simulator, watch) };
}

/** The code of the Fault that `run` throws; undefined where it throws none. */
export async function faultCode(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
  } catch (caught) {
    if (caught instanceof Fault) return caught.code;
    throw caught;
  }
  return undefined;
}
