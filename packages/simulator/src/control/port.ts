import type { MaybePromise } from "@dlmskit/cosem-objects";
import type { Control } from "./control.ts";

/** Methods of the control that concern one meter: their first argument is its serial number or its meter id. */
export const meterMethods = [
  ...(["meter", "objects", "read", "write", "invoke", "connect", "power"] as const),
  ...(["push", "fire", "profile", "apdus", "explain"] as const),
] as const;

/** Methods of the control that concern all meters. */
export const fleetMethods = [
  ...(["fleet", "meters", "feeders", "feederPower", "sessions", "endSession"] as const),
  ...(["faults", "setFaults", "switchFault", "faultKinds", "time", "setTime", "step"] as const),
  ...(["snapshots", "snapshot", "restore", "removeSnapshot"] as const),
] as const;

export type MeterMethod = (typeof meterMethods)[number];
type FleetMethod = (typeof fleetMethods)[number];

type Answering<F> = F extends (...args: infer A) => infer R ? (...args: A) => MaybePromise<Awaited<R>> : never;

/** What `serveControl` serves: a `Control`, or that of several workers. */
export type ControlPort = { readonly [M in MeterMethod | FleetMethod]: Answering<Control[M]> } & Pick<
  Control,
  "meterCount" | "listen"
>;
