import { Fault } from "@dlmskit/core";
import type { MemoryState } from "@dlmskit/storage";
import { type Route, routes } from "../src/control/routes.ts";
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

/** The route of a path of the control port, with or without a query. */
export function routeOf(method: string, path: string): Route | undefined {
  const parts = (path.split("?")[0] ?? "").split("/");
  return routes.find(
    (one) =>
      one.method === method &&
      one.path.split("/").length === parts.length &&
      one.path.split("/").every((step, n) => step.startsWith("{") || step === parts[n]),
  );
}

/** A request of each path but that which ends a session: method, path, body. The time is `now`, and there is no snapshot yet. */
export function requests(
  serial: string,
  { now, transformer }: { readonly now: number; readonly transformer: string },
): readonly (readonly [string, string, unknown?])[] {
  const path = (rest = "") => `/meters/${serial}${rest}`;
  const message = "0.0.96.13.0.255";
  return [
    ["GET", "/fleet"],
    ["GET", "/meters?from=1&count=100"],
    ["GET", path()],
    ["GET", path("/objects?count=1000")],
    ["GET", path("/objects/1.0.1.8.0.255/2")],
    ["PUT", path(`/objects/${message}/2`), { value: { type: "visible-string", value: "hello" } }],
    ["POST", path("/invoke"), { instanceId: "0.0.96.3.10.255", methodId: 1 }],
    ["POST", path("/connect")],
    ["POST", path("/disconnect")],
    ["POST", path("/power"), { on: false }],
    ["POST", path("/power"), { on: true }],
    ["POST", path("/push")],
    ["POST", path("/events"), { log: "0.0.99.98.4.255", code: 201 }],
    ["GET", path("/profile")],
    ["GET", path("/apdus")],
    ["GET", `/explain/${serial}`],
    ["GET", "/feeders?count=3"],
    ["POST", `/feeders/${transformer}/power`, { on: false }],
    ["GET", `/sessions?all=true&serial=${serial}`],
    ["PUT", "/faults", { faults: [{ fault: "lossy", on: false }] }],
    ["PUT", "/faults/lossy", { on: true }],
    ["GET", "/faults"],
    ["GET", "/faults/kinds"],
    ["PUT", "/faults", { faults: [] }],
    ["PUT", "/time", { now: new Date(now + 1000).toISOString(), speed: 0 }],
    ["GET", "/time"],
    ["POST", "/time/step", { to: new Date(now + 60_000).toISOString() }],
    ["POST", "/snapshots"],
    ["GET", "/snapshots"],
    ["POST", "/snapshots/1/restore"],
    ["DELETE", "/snapshots/1"],
  ];
}
