import type { MeterSpan } from "@dlmskit/simulator";
import type { WorkerCall } from "@dlmskit/simulator/control";
import { instantIn } from "../moment.ts";
import type { SimulateOptions } from "../simulate/options.ts";
import type { WorkersOptions } from "./first-process.ts";
import { sharedClock } from "./shared-clock.ts";

/** The simulated time of all workers, and with `--control` their one control. */
export async function controlWorkers(
  options: SimulateOptions,
  {
    of,
    served,
    zoneMinutesEast,
  }: { readonly of: number; readonly served: MeterSpan; readonly zoneMinutesEast: number },
): Promise<Pick<WorkersOptions, "time" | "control" | "connect">> {
  const { speed = 1 } = options;
  const start = options.start === undefined ? undefined : instantIn(options.start, zoneMinutesEast);
  const clock = sharedClock(options);
  const at = clock();
  const time = { at, now: start ?? Date.now(), rate: speed };
  // Where the clock is the time of day, both are the same moment.
  if (clock === Date.now) time.now = at;
  if (options.control === undefined) return { time: () => time };
  const { WorkersControl } = await import("@dlmskit/simulator/control");
  let post: (worker: number, call: WorkerCall) => void = () => undefined;
  const control = new WorkersControl({
    ...{ of, served, zoneMinutesEast, clock, time, shared: options.store !== "memory" },
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
