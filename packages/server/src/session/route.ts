import type { LinkAddress } from "@dlmskit/core";
import type { Device } from "../meter/device.ts";
import type { Meter } from "../meter/meter.ts";
import { deviceAt, mayMove } from "../meter/sap-of.ts";
import { hasDeviceAddress, setsUpLinks } from "./link-setup.ts";
import type { Upstream } from "./upstream.ts";

/** Returns the meter and the SAP for an address of the link; undefined: no meter has the address, and there is no answer. */
export interface Route {
  (address: LinkAddress): { readonly meter: Meter; readonly device: number } | undefined;
  /** The only meter of the route; absent: there may be several meters. */
  readonly only?: Meter;
  /** The route is that of a gateway: `gateway(…)`. */
  readonly gateway?: GatewayRoute;
}

/** What a connection needs of a gateway. The route itself leads to the meters of this process. */
export interface GatewayRoute {
  /** Whether the data link of the gateway answers an address. */
  accepts(address: LinkAddress): boolean;
  /** How to reach a meter that is not of this process; undefined: there is no such meter. */
  upstream(address: LinkAddress): Upstream | undefined;
  /** Whether requests for a meter that cannot be reached get no answer. */
  readonly silent: boolean;
}

/** The addressed logical device of a meter, with its SAP. */
export interface Reached {
  readonly meter: Meter;
  readonly device: Device;
  readonly sap: number;
}

/**
 * The route to one meter. The SAPs of its logical devices are the server addresses. The physical address is that of its IEC HDLC setup;
 * a meter without such an object answers any physical address.
 */
export const routeTo = (meter: Meter): Route =>
  Object.assign(
    (address: LinkAddress) => (hasDeviceAddress(meter, address) ? { meter, device: address.server } : undefined),
    { only: meter },
  );

/**
 * The route to the meters of one HDLC line. Each meter has the current device address of its IEC HDLC setup. A frame without a physical
 * address is for the first meter.
 */
export const routeOnLine =
  (meters: readonly Meter[]): Route =>
  (address) => {
    const meter = meters.find((one) => hasDeviceAddress(one, address));
    return meter === undefined ? undefined : { meter, device: address.server };
  };

/** Returns the route of a meter; a route is returned unchanged. */
export const routeOf = (meters: Meter | Route): Route => (typeof meters === "function" ? meters : routeTo(meters));

/** Whether the meter must be loaded to determine the logical device of a SAP and the settings of its links. */
export const mustLoad = (meter: Meter): boolean => !meter.hasLoaded && (mayMove(meter.template) || setsUpLinks(meter));

/** The logical device with a SAP in a loaded meter. */
export function reachedAt(meter: Meter, sap: number): Reached | undefined {
  const device = deviceAt(meter.template, (object) => meter.values(object), sap);
  return device === undefined ? undefined : { meter, device, sap };
}

/** Like `reachedAt`, for a meter of another process: a logical device that the client may use. That process determines the right one. */
export function guessedAt(meter: Meter, sap: number, client: number): Reached | undefined {
  const devices = [...meter.template.devices.values()];
  const knowing = devices.filter((device) => device.association(client) !== undefined);
  const device = knowing.find((one) => one.sap === sap) ?? knowing[0] ?? devices[0];
  return device === undefined ? undefined : { meter, device, sap };
}

/** Whether the SAP now belongs to another logical device or to none. */
export const hasMoved = ({ meter, device, sap }: Reached): boolean =>
  mayMove(meter.template) && meter.hasLoaded && reachedAt(meter, sap)?.device !== device;

/** Whether a link should answer a SAP; a meter that is not loaded may have it. */
export const mayHave = (meter: Meter, sap: number): boolean =>
  mayMove(meter.template) && !meter.hasLoaded ? sap !== 0 : reachedAt(meter, sap) !== undefined;
