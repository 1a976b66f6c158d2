import { Fault } from "@dlmskit/core";

/** The Fault that `run` throws; anything else fails the test. */
export function faultOf(run: () => unknown): Fault {
  try {
    run();
  } catch (caught) {
    if (caught instanceof Fault) return caught;
    throw caught;
  }
  throw new Error("nothing was thrown");
}
