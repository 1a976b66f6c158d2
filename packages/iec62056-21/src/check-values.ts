/** The block check character: the exclusive or of the octets from `start` up to but not including `end` (ISO/IEC 1155). */
export function blockCheck(octets: Uint8Array, start = 0, end: number = octets.length): number {
  let check = 0;
  for (let at = start; at < end; at++) check ^= octets[at] as number;
  return check & 0x7f;
}

/** CRC-16/ARC (polynomial 0xA001 reflected, initial value 0), which DSMR P1 uses after the `!`. */
export function crc16(octets: Uint8Array, start = 0, end: number = octets.length): number {
  let crc = 0;
  for (let at = start; at < end; at++) {
    crc ^= octets[at] as number;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}
