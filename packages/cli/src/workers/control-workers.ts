import type { MeterSpan } from "@dlmskit/simulator";
import type { WorkerCall } from "@dlmskit/simulator/control";
import type { SimulateOptions } from "../simulate/options.ts";
import type { WorkersOptions } from "./first-process.ts";
import { sharedClock } from "./shared-clock.ts";

/** The simulated time of all workers, and with `--control` their one control. */
export async function controlWorkers(
  options: SimulateOptions,
  { of, served }: { readonly of: number; readonly served: MeterSpan },
): Promise<Pick<WorkersOptions, "time" | "control" | "connect">> {
  const { start, speed = 1 } = options;
  const clock = sharedClock(options);
  const at = clock();
  const time = { at, now: start ?? Date.now(), rate: speed };
  // Where the clock is the time of day, both are the same moment.
  if (clock === Date.now) time.now = at;
  if (options.control === undefined) return { time: () => time };
  const { WorkersControl } = await import("@dlmskit/simulator/control");
  let post: (worker: number, call: WorkerCall) => void = () => undefined;
  const control = new WorkersControl({
    ...{ of, served, clock, time, shared: options.store !== "memory" },
    post: (worker, call) => post(worker, call),
  });
  return {
    time: () => control.time,
    control,
    connect(given) {
      post = given;
    },
  };
}
