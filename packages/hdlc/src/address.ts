import { asObject, badJson, Fault, inRange, type Json, type LinkAddress, type Writer } from "@dlmskit/core";

/** The number of octets of an address on the wire. */
export type AddressOctets = 1 | 2 | 4;

/**
 * An HDLC address (IEC 62056-46 6.4.2). A server address has an upper part (logical device) and, in two and four octets,
 * a lower part (physical device). A client address has one octet, with the service access point in `upper`.
 * Each part holds 0 to 0x7F in one and two octets, 0 to 0x3FFF in four.
 */
export interface HdlcAddress {
  readonly upper: number;
  readonly lower?: number;
  readonly octets: AddressOctets;
}

/** An address as a user gives it. Without `octets` it has the shortest form that is wide enough. */
export interface AddressLike {
  readonly upper: number;
  readonly lower?: number;
  readonly octets?: AddressOctets;
}

/** The address with its width. Fault `out-of-range` where a part does not fit, `bad-address` for an impossible width. */
export function hdlcAddress(like: AddressLike): HdlcAddress {
  const { upper, lower } = like;
  const octets =
    like.octets ?? (lower === undefined && upper <= 0x7f ? 1 : upper <= 0x7f && (lower ?? 0) <= 0x7f ? 2 : 4);
  if (octets !== 1 && octets !== 2 && octets !== 4) {
    throw new Fault("bad-address", `an address has 1, 2 or 4 octets, not ${String(octets)}`, { layer: "hdlc" });
  }
  if (octets === 1 && lower !== undefined) {
    throw new Fault("bad-address", "an address of one octet has no lower part", { layer: "hdlc" });
  }
  const high = octets === 4 ? 0x3fff : 0x7f;
  inRange(upper, 0, high);
  if (octets === 1) return { upper, octets };
  return { upper, lower: inRange(lower ?? 0, 0, high), octets };
}

/** The all-station value of a part, in an address of that width. */
export function allStation(octets: AddressOctets): number {
  return octets === 4 ? 0x3fff : 0x7f;
}

/** Whether one of the parts of a destination is the all-station value. Such a frame is never answered. */
export function isBroadcast(address: HdlcAddress): boolean {
  const all = allStation(address.octets);
  return address.upper === all || address.lower === all;
}

/** Whether the address is that of no station: no-station as logical device, or the calling physical device (0x7E, 0x3FFE). */
export function isNoStation(address: HdlcAddress): boolean {
  return address.upper === 0 || address.lower === allStation(address.octets) - 1;
}

/** Whether both addresses are those of the same station, independent of their widths. */
export function sameStation(one: AddressLike, other: AddressLike): boolean {
  return one.upper === other.upper && one.lower === other.lower;
}

/** The address for the upper layers. */
export function linkAddress(
  client: number,
  server: { readonly upper: number; readonly lower?: number | undefined },
): LinkAddress {
  return { client, server: server.upper, ...(server.lower === undefined ? {} : { physical: server.lower }) };
}

/**
 * The width of the address at `from`: 0 while its end has not arrived, -1 when it is not an address (three or more than
 * four octets, or an end after `limit`).
 */
export function addressWidth(octets: Uint8Array, from: number, end: number, limit: number): AddressOctets | 0 | -1 {
  for (let width = 1; width <= 4; width++) {
    const at = from + width - 1;
    if (at >= limit) return -1;
    if (at >= end) return 0;
    if (((octets[at] as number) & 1) === 1) return width === 3 ? -1 : (width as AddressOctets);
  }
  return -1;
}

/** The address of `width` octets at `from`. */
export function addressAt(octets: Uint8Array, from: number, width: AddressOctets): HdlcAddress {
  const part = (at: number): number => (octets[from + at] as number) >> 1;
  if (width === 1) return { upper: part(0), octets: 1 };
  if (width === 2) return { upper: part(0), lower: part(1), octets: 2 };
  return { upper: (part(0) << 7) | part(1), lower: (part(2) << 7) | part(3), octets: 4 };
}

/** Decodes an address that fills all the octets. Fault `bad-address` unless there are 1, 2 or 4 of them. */
export function decodeAddress(octets: Uint8Array): HdlcAddress {
  const width = addressWidth(octets, 0, octets.length, octets.length);
  if (width <= 0 || width !== octets.length) {
    throw new Fault("bad-address", "an address has 1, 2 or 4 octets, the last with its low bit set", {
      layer: "hdlc",
      offset: 0,
    });
  }
  return addressAt(octets, 0, width as AddressOctets);
}

/** Writes an address in its width. Each octet holds seven bits of it; the low bit marks the last octet. */
export function writeAddress(address: HdlcAddress, to: Writer): void {
  const { upper, lower = 0, octets } = address;
  if (octets === 1) {
    to.u8((upper << 1) | 1);
  } else if (octets === 2) {
    to.u8(upper << 1);
    to.u8((lower << 1) | 1);
  } else {
    to.u8((upper >> 7) << 1);
    to.u8((upper & 0x7f) << 1);
    to.u8((lower >> 7) << 1);
    to.u8(((lower & 0x7f) << 1) | 1);
  }
}

/** The JSON form of an address: `{"upper": 1, "lower": 17, "octets": 2}`. */
export function addressToJson(address: HdlcAddress): Json {
  return {
    upper: address.upper,
    ...(address.lower === undefined ? {} : { lower: address.lower }),
    octets: address.octets,
  };
}

/** The address of a JSON form; `octets` is optional. Fault `bad-json`, or those of `hdlcAddress`. */
export function addressFromJson(json: Json): HdlcAddress {
  const { upper, lower, octets, ...rest } = asObject(json);
  const extra = Object.keys(rest)[0];
  if (extra !== undefined) throw new Fault("bad-json", `"${extra}" does not belong in an address`);
  if (typeof upper !== "number") throw badJson("a number as upper", upper);
  if (lower !== undefined && typeof lower !== "number") throw badJson("a number as lower", lower);
  if (octets !== undefined && octets !== 1 && octets !== 2 && octets !== 4) throw badJson("1, 2 or 4 octets", octets);
  return hdlcAddress({
    upper,
    ...(lower === undefined ? {} : { lower }),
    ...(octets === undefined ? {} : { octets }),
  });
}

/**
 * The lower address that many manufacturers derive from the serial number of a meter: its last digits plus an offset
 * (modulus 10000 and offset 1000 by default). Fault `out-of-range` when the result is a reserved address.
 */
export function lowerAddressOfSerial(serialNumber: string, modulus = 10_000, offset = 1000): number {
  const digits = serialNumber.replace(/\D/g, "");
  if (digits === "") throw new Fault("bad-value", `"${serialNumber}" has no digits`, { layer: "hdlc" });
  return inRange(Number(BigInt(digits) % BigInt(modulus)) + offset, 0x10, allStation(4) - 2);
}
