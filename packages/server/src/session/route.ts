import type { LinkAddress } from "@dlmskit/core";
import type { Device } from "../meter/device.ts";
import type { Meter } from "../meter/meter.ts";
import { deviceAt, mayMove } from "../meter/sap-of.ts";
import { hasDeviceAddress, setsUpLinks } from "./link-setup.ts";

/** The meter that an address of the link means, and the SAP that is asked for there; undefined: no meter has it, and nothing is answered. */
export interface Route {
  (address: LinkAddress): { readonly meter: Meter; readonly device: number } | undefined;
  /** The one meter that it leads to; left out: there may be several. */
  readonly only?: Meter;
}

/** Who is asked: a logical device of a meter, at the SAP that it has. */
export interface Reached {
  readonly meter: Meter;
  readonly device: Device;
  readonly sap: number;
}

/**
 * The route to one meter: its logical devices are the server addresses. The physical one is that of its IEC HDLC setup; a meter without
 * such an object has any.
 */
export const routeTo = (meter: Meter): Route =>
  Object.assign(
    ({ server, physical }: LinkAddress) => (hasDeviceAddress(meter, physical) ? { meter, device: server } : undefined),
    { only: meter },
  );

/**
 * The route to the meters of one HDLC line, each at the device address of its IEC HDLC setup as long as it has it. A frame without a
 * physical address means the first one.
 */
export const routeOnLine =
  (meters: readonly Meter[]): Route =>
  ({ server, physical }) => {
    const meter = meters.find((one) => hasDeviceAddress(one, physical));
    return meter === undefined ? undefined : { meter, device: server };
  };

/** The route that a meter, or a route, stands for. */
export const routeOf = (meters: Meter | Route): Route => (typeof meters === "function" ? meters : routeTo(meters));

/** Whether it must be loaded before it is known which logical device has a SAP, and what holds on its links. */
export const mustLoad = (meter: Meter): boolean => !meter.hasLoaded && (mayMove(meter.template) || setsUpLinks(meter));

/** The logical device of a loaded meter that has a SAP. */
export function reachedAt(meter: Meter, sap: number): Reached | undefined {
  const device = deviceAt(meter.template, (object) => meter.values(object), sap);
  return device === undefined ? undefined : { meter, device, sap };
}

/** As `reachedAt`, for a meter that another process has: a logical device that the client may ask there. That process knows which it is. */
export function guessedAt(meter: Meter, sap: number, client: number): Reached | undefined {
  const devices = [...meter.template.devices.values()];
  const knowing = devices.filter((device) => device.association(client) !== undefined);
  const device = knowing.find((one) => one.sap === sap) ?? knowing[0] ?? devices[0];
  return device === undefined ? undefined : { meter, device, sap };
}

/** Whether the SAP is that of another logical device now, or of none. */
export const hasMoved = ({ meter, device, sap }: Reached): boolean =>
  mayMove(meter.template) && meter.hasLoaded && reachedAt(meter, sap)?.device !== device;

/** Whether a link should answer to a SAP; a meter that is not loaded may have it. */
export const mayHave = (meter: Meter, sap: number): boolean =>
  mayMove(meter.template) && !meter.hasLoaded ? sap !== 0 : reachedAt(meter, sap) !== undefined;
