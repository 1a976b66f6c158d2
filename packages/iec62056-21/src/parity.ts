/** Parity in the eighth bit: 7 data bits and parity need as many bits on a line as 8 data bits without. */
export type OctetParity = "even" | "odd";

function bitOf(octet: number, parity: OctetParity): number {
  let ones = octet & 0x7f;
  ones ^= ones >> 4;
  ones ^= ones >> 2;
  ones ^= ones >> 1;
  return ((ones & 1) ^ (parity === "odd" ? 1 : 0)) << 7;
}

/** Characters of 7 bits with their parity in the eighth: what a line of 7E1 or 7O1 carries, for a port of 8N1. */
export const withParity = (octets: Uint8Array, parity: OctetParity): Uint8Array =>
  octets.map((octet) => (octet & 0x7f) | bitOf(octet, parity));

/** The way back. A character whose parity is wrong becomes 0, as a POSIX terminal gives it. */
export const withoutParity = (octets: Uint8Array, parity: OctetParity): Uint8Array =>
  octets.map((octet) => ((octet & 0x80) === bitOf(octet, parity) ? octet & 0x7f : 0));
