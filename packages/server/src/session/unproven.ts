import { gatewayKey } from "@dlmskit/apdu";
import type { GatewayAddress } from "@dlmskit/core";
import type { GatewayRoute } from "./route.ts";

/** A place at a meter behind a gateway, taken by a source that anybody can forge. */
interface Place {
  readonly lastActivity: number;
  /** Called when another source needs the place. */
  giveWay(): void;
}

const known = new WeakMap<GatewayRoute, UnprovenPlaces>();

/**
 * The associations of sources of datagrams with meters behind the lines of a gateway. The gateway cannot know whether such a client has
 * authenticated, since APDUs pass unchanged: one meter has so many of them at most, and the one that was idle longest gives way.
 */
export class UnprovenPlaces {
  readonly #byMeter = new Map<string, Set<Place>>();

  static of(route: GatewayRoute): UnprovenPlaces {
    const found = known.get(route) ?? new UnprovenPlaces();
    known.set(route, found);
    return found;
  }

  enter(meter: GatewayAddress, place: Place, most: number): void {
    const key = gatewayKey(meter);
    const places = this.#byMeter.get(key) ?? new Set();
    this.#byMeter.set(key, places.add(place));
    if (places.size <= most) return;
    let idle: Place | undefined;
    for (const one of places) {
      if (one !== place && one.lastActivity < (idle?.lastActivity ?? Number.POSITIVE_INFINITY)) idle = one;
    }
    idle?.giveWay();
  }

  leave(meter: GatewayAddress, place: Place): void {
    const key = gatewayKey(meter);
    const places = this.#byMeter.get(key);
    places?.delete(place);
    if (places?.size === 0) this.#byMeter.delete(key);
  }
}
