import { gatewayAddress, gatewayKey } from "@dlmskit/apdu";
import type { GatewayAddress, LinkAddress } from "@dlmskit/core";
import { Meter } from "../meter/meter.ts";
import { hasDeviceAddress } from "./link-setup.ts";
import { type Route, routeOf } from "./route.ts";
import type { Upstream } from "./upstream.ts";

/** A meter behind a gateway: a meter of this process, a route to meters of this process, or a line to a meter elsewhere. */
export type Behind = Meter | Route | Upstream;

export interface GatewayOptions {
  /** The meters behind it, by NETWORK/ADDRESS (`"1/00123456"`, see `gatewayAddress`), or a function that finds them. */
  readonly behind: { readonly [address: string]: Behind } | ((address: GatewayAddress) => Behind | undefined);
  /** The meter of the gateway itself, for requests without a prefix. By default such requests get no answer. */
  readonly own?: Meter | Route;
  /**
   * How requests for a meter that is unknown or does not answer are answered: by an exception-response with the prefix
   * (service-not-allowed, operation-not-possible), or not at all. `"exception"` by default. No standard defines this.
   */
  readonly unreachable?: "exception" | "silent";
  /** The lower HDLC address of the gateway; by default that of its own meter, or any. */
  readonly physical?: number;
}

/**
 * The route of a gateway: requests with its prefix (tag E6, network id, physical device address) reach the meters behind it, and their
 * answers have the prefix with the tag E7. Each meter has its own associations for each client and logical device. The gateway holds
 * no keys. A prefix inside a prefix is left for the meter: another gateway may be an `Upstream`. Fault `bad-value`: a key of `behind`
 * is not NETWORK/ADDRESS. IEC 62056-5-3 (the gateway protocol).
 */
export function gateway(options: GatewayOptions): Route {
  const { own, physical, unreachable } = options;
  const find = finderOf(options.behind);
  const ownRoute = own === undefined ? undefined : routeOf(own);
  const route = (address: LinkAddress): ReturnType<Route> => {
    if (address.gateway === undefined) return ownRoute?.(address);
    const found = find(address.gateway);
    if (found instanceof Meter) return { meter: found, device: address.server };
    if (typeof found !== "function") return undefined;
    // The lower HDLC address is that of the gateway.
    return found({ client: address.client, server: address.server, gateway: address.gateway });
  };
  const only = ownRoute?.only;
  return Object.assign(route, {
    ...(only === undefined ? {} : { only }),
    gateway: {
      accepts(address: LinkAddress) {
        const { physical: asked } = address;
        if (asked === undefined) return true;
        if (physical !== undefined) return asked === physical;
        return only === undefined || hasDeviceAddress(only, address);
      },
      upstream(address: LinkAddress) {
        const found = address.gateway === undefined ? undefined : find(address.gateway);
        return found === undefined || found instanceof Meter || typeof found === "function" ? undefined : found;
      },
      silent: unreachable === "silent",
    },
  });
}

function finderOf(behind: GatewayOptions["behind"]): (address: GatewayAddress) => Behind | undefined {
  if (typeof behind === "function") return behind;
  const all = new Map(Object.entries(behind).map(([text, found]) => [gatewayKey(gatewayAddress(text)), found]));
  return (address) => all.get(gatewayKey(address));
}
