import type { LinkAddress } from "@dlmskit/core";
import type { Meter } from "../meter/meter.ts";

/** The meter and logical device (SAP) that an address of the link means; undefined: no meter has it, and nothing is answered. */
export type Route = (address: LinkAddress) => { readonly meter: Meter; readonly device: number } | undefined;

/** The route to one meter: its logical devices are the server addresses, whatever the physical one. */
export const routeTo =
  (meter: Meter): Route =>
  ({ server }) =>
    meter.template.devices.has(server) ? { meter, device: server } : undefined;

/** The route that a meter, or a route, stands for. */
export const routeOf = (meters: Meter | Route): Route => (typeof meters === "function" ? meters : routeTo(meters));
