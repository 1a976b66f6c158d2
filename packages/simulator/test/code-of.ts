import { Fault } from "@dlmskit/core";

/** The code of the Fault that `run` throws; undefined where it throws none. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (caught) {
    if (caught instanceof Fault) return caught.code;
    throw caught;
  }
  return undefined;
}

/** The Fault that `run` throws. */
export function faultOf(run: () => unknown): Fault {
  try {
    run();
  } catch (caught) {
    if (caught instanceof Fault) return caught;
    throw caught;
  }
  throw new Error("no Fault was thrown");
}
