import { Fault, type LinkAddress } from "@dlmskit/core";
import { type Range, Ranges, without } from "./ranges.ts";

/** The part of a link address that identifies a meter. */
export type MeterAddress = Pick<LinkAddress, "server" | "physical">;

/** The meters that one port can address, counted from place 0. */
export interface AddressSpace {
  readonly capacity: number;
  /** The address at a place from 0 to capacity - 1. */
  of(place: number): MeterAddress;
  /** The place of an address; undefined: no meter has this address. */
  placeAt(address: MeterAddress): number | undefined;
}

/** The management logical device of each meter. */
const management = 1;

/**
 * The wPorts that are assigned to meters, in this order: the management logical device, then all wPorts that are not reserved. 0 is no
 * station, 2 to 0x0F are reserved, 0x7F is all stations. IEC 62056-47 5.3.2.
 */
const usableWPorts: readonly Range[] = [
  { first: management, last: management },
  { first: 0x10, last: 0x7e },
  { first: 0x80, last: 0xffff },
];

/**
 * The lower HDLC addresses that are assigned to meters. 0 is no station, 1 to 0x0F are reserved, 0x7E and 0x3FFE are the calling physical
 * device, 0x7F and 0x3FFF are all stations. A client chooses the width of an address. Therefore addresses that are reserved in two octets
 * are not used in four octets either. IEC 62056-46 6.4.2.3.
 */
const usableLower: readonly Range[] = [
  { first: 0x10, last: 0x7d },
  { first: 0x80, last: 0x3ffd },
];

/** Lower addresses of no station, the calling physical device and all stations. A row cannot assign them to a meter. */
const unanswerable: readonly number[] = [0, 0x7e, 0x7f, 0x3ffe, 0x3fff];

/** Meters behind one port of the wrapper, by server address: 1, 16, 17 and so on. */
export function wrapperSpace(): AddressSpace {
  const servers = new Ranges(usableWPorts);
  return {
    capacity: servers.count,
    of: (place) => ({ server: servers.at(place) }),
    placeAt: ({ server, physical }) => (physical === undefined ? servers.placeOf(server) : undefined),
  };
}

/**
 * Meters on one HDLC line, by lower address. The upper address is that of the management logical device. A frame without a lower address is
 * for the first meter.
 * @param deviceAddresses lower addresses of the first meters, one or more (the rows of `hdlc_settings`). The addresses of the other meters
 * are counted up from the first address. Fault `bad-value` for an empty list, for two equal addresses, and for an address that no device
 * can have.
 */
export function hdlcSpace(deviceAddresses: readonly number[]): AddressSpace {
  const [first] = deviceAddresses;
  if (first === undefined) throw bad("there is no lower HDLC address to count from");
  const given = new Map<number, number>();
  for (const [place, address] of deviceAddresses.entries()) {
    if (!Number.isInteger(address) || address < 0 || address > 0x3fff || unanswerable.includes(address)) {
      throw bad(`${address} is not a lower HDLC address of a device`);
    }
    if (given.has(address)) throw bad(`two meters have the lower HDLC address ${address}`);
    given.set(address, place);
  }
  const ascending = [...given.keys()].sort((one, other) => one - other);
  const counted = new Ranges(without(usableLower, first + given.size, ascending));
  return {
    capacity: given.size + counted.count,
    of: (place) => ({ server: management, physical: deviceAddresses[place] ?? counted.at(place - given.size) }),
    placeAt({ server, physical }) {
      if (server !== management) return undefined;
      if (physical === undefined) return 0;
      const place = given.get(physical);
      if (place !== undefined) return place;
      const at = counted.placeOf(physical);
      return at === undefined ? undefined : given.size + at;
    },
  };
}

/** The highest primary address on M-Bus; 0 is for slaves without an address, 251 to 255 are reserved. EN 13757-2. */
const highestPrimary = 250;

/** Meters on one M-Bus line, by primary address from 1 on. The SAP is that of the management logical device. */
export function mbusSpace(capacity = highestPrimary): AddressSpace {
  return {
    capacity,
    of: (place) => ({ server: management, physical: place + 1 }),
    placeAt({ server, physical = 0 }) {
      return server === management && physical >= 1 && physical <= capacity ? physical - 1 : undefined;
    },
  };
}

/**
 * One meter that has its own port, at the server address 1. It answers to every lower address.
 * @param physical the lower HDLC address in the meter's identity, if any.
 */
export function ownPort(physical?: number): AddressSpace {
  const address: MeterAddress = { server: management, ...(physical === undefined ? {} : { physical }) };
  return {
    capacity: 1,
    of: () => address,
    placeAt: ({ server }) => (server === management ? 0 : undefined),
  };
}

const bad = (message: string): Fault => new Fault("bad-value", message, { layer: "simulator" });
