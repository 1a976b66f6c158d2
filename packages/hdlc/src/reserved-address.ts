import { type AddressOctets, allStation } from "./address.ts";

/** The meaning of a reserved address (IEC 62056-46 6.4.2.3). */
export type ReservedAddress =
  | "no-station"
  | "management-logical-device"
  | "reserved"
  | "calling-physical-device"
  | "all-station";

/** The first address that the manufacturer can choose, in every form: 0x00 to 0x0F are reserved. */
export const firstUsableAddress = 0x10;

/**
 * The purpose of a reserved upper address (logical device); undefined for an address that any logical device may have. 0 is
 * no-station; 1 is the management logical device (servers should answer to it; it is reserved for that logical device only);
 * 2 to 0x0F are reserved; all ones (0x7F in addresses of 1 and 2 octets, 0x3FFF in 4) is all-station. IEC 62056-46 6.4.2.3.
 */
export function reservedUpper(upper: number, octets: AddressOctets): ReservedAddress | undefined {
  if (upper === 0) return "no-station";
  if (upper === 1) return "management-logical-device";
  if (upper < firstUsableAddress) return "reserved";
  return upper === allStation(octets) ? "all-station" : undefined;
}

/**
 * The purpose of a reserved lower address (physical device); undefined for an address that any physical device may have. 0 is
 * no-station; 1 to 0x0F are reserved; 0x7E (0x3FFE in addresses of 4 octets) is the calling physical device; 0x7F (0x3FFF) is
 * all-station. Addresses of 1 octet have no lower part. IEC 62056-46 6.4.2.3.
 */
export function reservedLower(lower: number, octets: 2 | 4): ReservedAddress | undefined {
  if (lower === 0) return "no-station";
  if (lower < firstUsableAddress) return "reserved";
  if (lower === allStation(octets) - 1) return "calling-physical-device";
  return lower === allStation(octets) ? "all-station" : undefined;
}

/** The addresses from the first to the last, inclusive. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

/** The upper addresses that `reservedUpper` does not reserve: 0x10 to 0x7E, or 0x3FFE in 4 octets. For an allocator. */
export function usableUpper(octets: AddressOctets): AddressRange {
  return { first: firstUsableAddress, last: allStation(octets) - 1 };
}

/** The lower addresses that `reservedLower` does not reserve: 0x10 to 0x7D, or 0x3FFD in 4 octets. For an allocator. */
export function usableLower(octets: 2 | 4): AddressRange {
  return { first: firstUsableAddress, last: allStation(octets) - 2 };
}
