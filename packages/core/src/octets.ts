import { Fault } from "./fault.ts";

const hexOf = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));

/** Octets as lower-case hex, two digits each, without separators. */
export function toHex(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += hexOf[octet];
  return text;
}

/** Octets of a hex text. White space is ignored. Fault `bad-hex` with the offset of the invalid octet. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, "");
  const wrong = digits.search(/[^0-9a-fA-F]/);
  if (wrong >= 0) {
    throw new Fault("bad-hex", `"${digits[wrong]}" is not a hex digit`, { offset: wrong >> 1 });
  }
  if (digits.length % 2 !== 0) {
    throw new Fault("bad-hex", `${digits.length} hex digits do not make whole octets`, { offset: digits.length >> 1 });
  }
  const octets = new Uint8Array(digits.length / 2);
  for (let at = 0; at < octets.length; at++) octets[at] = Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16);
  return octets;
}

/** Joins all octets in order, in one new array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether both have the same octets. Not for secrets: the comparison stops at the first difference. */
export function sameOctets(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

/** Octets of a text of ASCII characters. Fault `bad-value` for any other character. */
export function fromAscii(text: string): Uint8Array {
  const octets = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) throw new Fault("bad-value", `"${text[at]}" is not an ASCII character`, { offset: at });
    octets[at] = code;
  }
  return octets;
}

/** Converts octets to text, one character (U+0000 to U+00FF) for each octet. Lossless for any octets. */
export function toLatin1(octets: Uint8Array): string {
  let text = "";
  for (let at = 0; at < octets.length; at++) text += String.fromCharCode(octets[at] as number);
  return text;
}
