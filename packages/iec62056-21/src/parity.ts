/** The parity in the eighth bit. 7 data bits with parity have the same number of bits on a line as 8 data bits without parity. */
export type OctetParity = "even" | "odd";

function bitOf(octet: number, parity: OctetParity): number {
  let ones = octet & 0x7f;
  ones ^= ones >> 4;
  ones ^= ones >> 2;
  ones ^= ones >> 1;
  return ((ones & 1) ^ (parity === "odd" ? 1 : 0)) << 7;
}

/** Adds the parity as the eighth bit to characters of 7 bits, so that a port with 8N1 can drive a line with 7E1 or 7O1. */
export const withParity = (octets: Uint8Array, parity: OctetParity): Uint8Array =>
  octets.map((octet) => (octet & 0x7f) | bitOf(octet, parity));

/** Removes the parity. A character with wrong parity becomes 0, as on a POSIX terminal. */
export const withoutParity = (octets: Uint8Array, parity: OctetParity): Uint8Array =>
  octets.map((octet) => ((octet & 0x80) === bitOf(octet, parity) ? octet & 0x7f : 0));
