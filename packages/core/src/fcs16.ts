// CRC-16/X-25 (ISO/IEC 13239, RFC 1662 C.2): polynomial 0x8408 reflected, initial and final 0xFFFF.
const table = Uint16Array.from({ length: 256 }, (_, octet) => {
  let fcs = octet;
  for (let bit = 0; bit < 8; bit++) fcs = fcs & 1 ? (fcs >>> 1) ^ 0x8408 : fcs >>> 1;
  return fcs;
});

/** The FCS-16 of the octets from `start` to `end` (exclusive). On the wire its low octet comes first. */
export function fcs16(octets: Uint8Array, start = 0, end: number = octets.length): number {
  let fcs = 0xffff;
  for (let at = start; at < end; at++) {
    fcs = (fcs >>> 8) ^ (table[(fcs ^ (octets[at] as number)) & 0xff] as number);
  }
  return fcs ^ 0xffff;
}
