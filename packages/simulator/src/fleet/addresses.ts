import { Fault, inRange } from "@dlmskit/core";
import type { AddressSpace, MeterAddress } from "./address-space.ts";

/** The address of a meter. */
export interface Place extends MeterAddress {
  readonly host: string;
  readonly port: number;
}

/** A range of meters that starts at index `first`. Indexes start at 0. */
export interface Span {
  readonly first: number;
  readonly meters: number;
}

export interface AddressesOptions {
  /** The index of the first meter; 0 by default. */
  readonly first?: number;
  readonly meters: number;
  readonly host: string;
  /** The first of consecutive ports, or all ports in order (if the system chose them). */
  readonly ports: number | readonly number[];
}

const highestPort = 0xffff;

/** How many ports the meters need. */
export const portsNeeded = (space: AddressSpace, meters: number): number => Math.ceil(meters / space.capacity);

/**
 * The addresses of all meters. Identities contain these addresses, and routes answer to them. Each port is filled before the next port is
 * used. Nothing is stored for a meter: the address is computed from the meter, and the meter from the address.
 */
export class Addresses {
  readonly #first: number;
  readonly meters: number;
  readonly host: string;
  readonly #space: AddressSpace;
  readonly #ports: number | readonly number[];
  /** The ports that are in use. */
  readonly portCount: number;
  readonly #places: ReadonlyMap<number, number> | undefined;

  /**
   * Faults `out-of-range` (meters, ports), `too-many-meters` (the ports cannot address all meters), `bad-value` (a port is given twice).
   */
  constructor(space: AddressSpace, { first = 0, meters, host, ports }: AddressesOptions) {
    this.#first = inRange(first, 0, Number.MAX_SAFE_INTEGER);
    this.meters = inRange(meters, 1, Number.MAX_SAFE_INTEGER);
    this.host = host;
    this.#space = space;
    this.#ports = ports;
    this.portCount = portsNeeded(space, meters);
    const available = typeof ports === "number" ? highestPort - inRange(ports, 1, highestPort) + 1 : ports.length;
    if (this.portCount > available) {
      throw new Fault("too-many-meters", `${meters} meters need ${this.portCount} ports, but there are ${available}`, {
        layer: "simulator",
        hint: `one port can address ${space.capacity}`,
      });
    }
    if (typeof ports === "number") return;
    const places = new Map<number, number>();
    for (const port of ports.slice(0, this.portCount)) {
      if (places.has(inRange(port, 1, highestPort))) {
        throw new Fault("bad-value", `port ${port} appears twice`, { layer: "simulator" });
      }
      places.set(port, places.size);
    }
    this.#places = places;
  }

  /** The address of a meter, by its index. Fault `out-of-range`. */
  of(index: number): Place {
    const at = inRange(index, this.#first, this.#first + this.meters - 1) - this.#first;
    const { capacity } = this.#space;
    const place = at % capacity;
    return { host: this.host, port: this.portAt((at - place) / capacity), ...this.#space.of(place) };
  }

  /** The index of the meter that has an address on a port; undefined: no meter has it, and no meter may answer. */
  indexAt(port: number, address: MeterAddress): number | undefined {
    const at = this.#placeOfPort(port);
    const place = at === undefined ? undefined : this.#space.placeAt(address);
    if (at === undefined || place === undefined) return undefined;
    const index = at * this.#space.capacity + place;
    return index < this.meters ? this.#first + index : undefined;
  }

  /** The number of the port at a place from 0 to portCount - 1. */
  portAt(place: number): number {
    return typeof this.#ports === "number" ? this.#ports + place : (this.#ports[place] as number);
  }

  /** The meters behind a port; undefined: there are no meters behind it. */
  behind(port: number): Span | undefined {
    const at = this.#placeOfPort(port);
    if (at === undefined) return undefined;
    const first = at * this.#space.capacity;
    return { first: this.#first + first, meters: Math.min(this.#space.capacity, this.meters - first) };
  }

  #placeOfPort(port: number): number | undefined {
    if (typeof this.#ports !== "number") return this.#places?.get(port);
    const place = port - this.#ports;
    return Number.isInteger(place) && place >= 0 && place < this.portCount ? place : undefined;
  }
}
