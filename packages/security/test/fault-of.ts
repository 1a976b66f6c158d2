import { Fault } from "@dlmskit/core";

/** The code of the Fault that `run` throws; fails on anything else. */
export function faultOf(run: () => unknown): string {
  try {
    run();
  } catch (caught) {
    if (caught instanceof Fault) return caught.code;
    throw caught;
  }
  throw new Error("nothing was thrown");
}
