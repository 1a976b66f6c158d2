// GHASH of NIST SP 800-38D with one table of 256 products for each key (4 KiB). All words are little-endian, as in the block
// function: octet 0 of a block is the low octet of word 0.

/** The reduction for octets 0 and 1 when octet 15 is shifted out. */
const folded = new Int32Array(256);
for (let octet = 0; octet < 256; octet++) {
  let top = 0;
  for (let bit = 0; bit < 8; bit++) top = (top >>> 1) ^ ((octet >>> bit) & 1 ? 0xe100 : 0);
  folded[octet] = ((top & 0xff) << 8) | (top >>> 8);
}

/** The product of each octet value with H, four words each. */
export function ghashTable(h: Uint8Array): Int32Array {
  const table = new Int32Array(1024);
  const product = h.slice();
  // Octet 0x80 is the polynomial 1. Each lower bit is the next power of x.
  for (let octet = 0x80; octet > 0; octet >>= 1) {
    for (let at = 0; at < 16; at++) {
      const word = octet * 4 + (at >> 2);
      table[word] = (table[word] as number) | ((product[at] as number) << ((at & 3) * 8));
    }
    const carry = (product[15] as number) & 1;
    for (let at = 15; at > 0; at--) {
      product[at] = ((product[at] as number) >>> 1) | (((product[at - 1] as number) & 1) << 7);
    }
    product[0] = ((product[0] as number) >>> 1) ^ (carry ? 0xe1 : 0);
  }
  for (let octet = 1; octet < 256; octet++) {
    const low = octet & -octet;
    if (low === octet) continue;
    for (let word = 0; word < 4; word++) {
      table[octet * 4 + word] = (table[(octet ^ low) * 4 + word] as number) ^ (table[low * 4 + word] as number);
    }
  }
  return table;
}

/** `state` · H, in place. */
export function multiply(table: Int32Array, state: Int32Array): void {
  let z0 = 0;
  let z1 = 0;
  let z2 = 0;
  let z3 = 0;
  for (let word = 3; word >= 0; word--) {
    const octets = state[word] as number;
    for (let shift = 24; shift >= 0; shift -= 8) {
      const entry = ((octets >>> shift) & 0xff) << 2;
      const out = z3 >>> 24;
      z3 = ((z3 << 8) | (z2 >>> 24)) ^ (table[entry + 3] as number);
      z2 = ((z2 << 8) | (z1 >>> 24)) ^ (table[entry + 2] as number);
      z1 = ((z1 << 8) | (z0 >>> 24)) ^ (table[entry + 1] as number);
      z0 = (z0 << 8) ^ (folded[out] as number) ^ (table[entry] as number);
    }
  }
  state[0] = z0;
  state[1] = z1;
  state[2] = z2;
  state[3] = z3;
}
