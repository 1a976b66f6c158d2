import { Fault, Reader, type Writer } from "@dlmskit/core";
import { bitOctets, bitText } from "./data-values.ts";

/** The universal tags that ACSE uses. */
export const Ber = { integer: 0x02, bitString: 0x03, octetString: 0x04, objectIdentifier: 0x06 } as const;

/** The tag of the next element, and a reader of its contents. The outer reader continues after the element. */
export function element(from: Reader): { readonly tag: number; readonly contents: Reader } {
  const tag = from.u8();
  if ((tag & 0x1f) === 0x1f) throw from.fault("unknown-tag", "a tag of several octets is not allowed", from.at - 1);
  const length = from.boundedLength();
  const contents = new Reader(from.octets, { layer: from.layer, start: from.at, end: from.at + length });
  from.at += length;
  return { tag, contents };
}

/** The contents of an element with this tag; nothing may follow it. Faults `unknown-tag`, `trailing-octets`. */
export function only(from: Reader, tag: number): Reader {
  const at = from.at;
  const found = element(from);
  if (found.tag !== tag) {
    throw from.fault("unknown-tag", `the tag is 0x${found.tag.toString(16)}, not 0x${tag.toString(16)}`, at);
  }
  from.finish();
  return found.contents;
}

/** Reads the contents of an INTEGER of 1 to 4 octets. */
export function readInteger(from: Reader): number {
  const count = from.remaining;
  if (count < 1 || count > 4) throw from.fault("bad-length", `an INTEGER of ${count} octets`);
  let value = from.i8();
  while (from.remaining > 0) value = value * 256 + from.u8();
  return value;
}

/** The shortest contents of an INTEGER. Fault `out-of-range` above 32 bits. */
export function integerOctets(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0x7fffffff) {
    throw new Fault("out-of-range", `${String(value)} is not an integer of 32 bits`, { layer: "acse" });
  }
  const octets = [value & 0xff];
  for (let rest = value >> 8, last = value; ; rest >>= 8) {
    // The end: the remaining bits only repeat the sign bit of the last octet.
    if (rest === (last & 0x80 ? -1 : 0)) break;
    octets.unshift(rest & 0xff);
    last = rest;
  }
  return Uint8Array.from(octets);
}

/** Reads the contents of a BIT STRING as a string of 0 and 1. */
export function readBitString(from: Reader): string {
  const at = from.at;
  const unused = from.u8();
  const octets = from.rest();
  if (unused > 7 || (octets.length === 0 && unused > 0)) throw from.fault("bad-value", `${unused} unused bits`, at);
  return bitText(octets, octets.length * 8 - unused);
}

export function bitStringOctets(bits: string): Uint8Array {
  const octets = bitOctets(bits);
  const contents = new Uint8Array(octets.length + 1);
  contents[0] = octets.length * 8 - bits.length;
  contents.set(octets, 1);
  return contents;
}

/** Reads the contents of an OBJECT IDENTIFIER as text: `2.16.756.5.8.1.1`. */
export function readOid(from: Reader): string {
  const at = from.at;
  const octets = from.rest();
  if (octets.length === 0 || octets.length > 64 || ((octets[octets.length - 1] as number) & 0x80) !== 0) {
    throw from.fault("bad-value", "the value is not an object identifier", at);
  }
  const arcs: number[] = [];
  let arc = 0;
  let fresh = true;
  for (const octet of octets) {
    if (fresh && octet === 0x80) throw from.fault("bad-value", "an arc starts with zeros", at);
    fresh = (octet & 0x80) === 0;
    arc = arc * 128 + (octet & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) throw from.fault("out-of-range", "an arc past 53 bits", at);
    if (!fresh) continue;
    if (arcs.length === 0) {
      const first = Math.min(Math.floor(arc / 40), 2);
      arcs.push(first, arc - first * 40);
    } else {
      arcs.push(arc);
    }
    arc = 0;
  }
  return arcs.join(".");
}

/** Encodes the contents of an OBJECT IDENTIFIER. Fault `bad-value` for an invalid text. */
export function oidOctets(text: string): Uint8Array {
  const arcs = /^[0-2](\.\d{1,16})+$/.test(text) ? text.split(".").map(Number) : [];
  const [first, second, ...rest] = arcs;
  if (first === undefined || second === undefined || (first < 2 && second > 39) || !arcs.every(Number.isSafeInteger)) {
    throw new Fault("bad-value", `"${text}" is not an object identifier`, { layer: "acse" });
  }
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left % 128) | 0x80);
    octets.push(...groups);
  }
  return Uint8Array.from(octets);
}

/** Writes an element with these contents. */
export function putElement(tag: number, contents: Uint8Array, to: Writer): void {
  to.u8(tag);
  to.sized(contents);
}
