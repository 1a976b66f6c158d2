import { Fault, fromHex } from "@dlmskit/core";

/** The octets that a complete text represents, and their notation. */
export interface Written {
  readonly octets: Uint8Array;
  readonly notation: string;
  readonly guess?: string;
}

const separators = /[\s,;:.·•_|/-]+/;
const prefixed = /^(?:0x|\\x|&h|\$|#|%|16#)([0-9a-f]{1,2})$/i;
const suffixed = /^([0-9a-f]{1,2})h$/i;
/** Text around octets without meaning: `<Buffer …>`, `new byte[] {…};`, `bytes.fromhex("…")`, `X'…'`. */
const wrappers: readonly RegExp[] = [
  /^<buffer\s+(.*?)>$/i,
  /^(?:[\w.\s*<>[\]]*=\s*)?(?:new\s+)?[a-z_][\w.]* ?(?:\[\d*\])? ?[({](.*)[)}]\s*;?$/is,
  /^(?:[\w.\s*<>[\]]*=\s*)(.*?);?$/s,
  /^x'(.*)'$/i,
  /^[{[(](.*)[}\])]\s*[;,]?$/s,
  /^"(.*)"\s*[;,]?$/s,
  /^'(.*)'\s*[;,]?$/s,
  /^`(.*)`$/s,
];

function unwrapped(text: string): { text: string; list: boolean } {
  let left = text.trim();
  let list = false;
  for (let again = true, depth = 0; again && depth < 8; depth++) {
    again = false;
    for (const wrapper of wrappers) {
      const inner = wrapper.exec(left)?.[1];
      if (inner === undefined) continue;
      list ||= /[[{(]/.test(left);
      left = inner.trim().replace(/["']\s*,\s*["']hex["']$/, "");
      again = true;
      break;
    }
  }
  return { text: left.replace(/[;,]+$/, ""), list };
}

const bytesOf = (numbers: readonly number[]): Uint8Array => Uint8Array.from(numbers, (number) => number & 0xff);

/** Numbers of one or two digits. Without the digits a to f, the base is a guess. `fits`: whether octets are plausible. */
function unpadded(tokens: readonly string[], list: boolean, fits: (octets: Uint8Array) => boolean): Written {
  const hex = bytesOf(tokens.map((token) => Number.parseInt(token, 16)));
  const hexWritten = { octets: hex, notation: "hex", guess: "digits without a leading zero are taken as hexadecimal" };
  if (tokens.some((token) => /[a-f]/i.test(token))) return hexWritten;
  const decimal = bytesOf(tokens.map(Number));
  const decimalWritten = { octets: decimal, notation: "decimal", guess: "the numbers are taken as decimal" };
  const [hexFits, decimalFits] = [fits(hex), fits(decimal)];
  return hexFits === decimalFits ? (list ? decimalWritten : hexWritten) : hexFits ? hexWritten : decimalWritten;
}

/** Removes the offsets from a dump whose lines were joined. */
function withoutOffsets(tokens: readonly string[]): readonly string[] | undefined {
  const [first = ""] = tokens;
  const width = first.length;
  if (width < 4 || !/^0+$/.test(first) || !tokens.every(({ length }) => length === 2 || length === width))
    return undefined;
  const kept: string[] = [];
  for (const token of tokens) {
    if (token.length === 2) kept.push(token);
    else if (Number.parseInt(token, 16) !== kept.length) return undefined;
  }
  return kept.length > 0 ? kept : undefined;
}

/**
 * The octets of a text that has only octets: hex with any separators, `0x7E`, `\x7e`, `7Eh`, lists of numbers.
 * Undefined for any other text. Fault `bad-hex` for hex with an odd number of digits.
 */
export function writtenOctets(given: string, fits: (octets: Uint8Array) => boolean): Written | undefined {
  const { text, list } = unwrapped(given);
  const whole = /^0x((?:[0-9a-f]{2})+)$/i.exec(text)?.[1];
  if (whole !== undefined) return { octets: fromHex(whole), notation: "hex" };
  if (/^(?:\\x[0-9a-f]{2})+$/i.test(text)) return { octets: fromHex(text.replace(/\\x/gi, "")), notation: "escapes" };
  const negative = /^[\s,;-]*-\d/.test(text) || /[,\s]-\d/.test(text);
  const tokens = text.split(negative ? /[\s,;]+/ : separators).filter((token) => token !== "");
  if (tokens.length === 0) return undefined;
  for (const [pattern, notation] of [
    [prefixed, "prefixed hex"],
    [suffixed, "suffixed hex"],
  ] as const) {
    const digits = tokens.map((token) => pattern.exec(token)?.[1]);
    if (digits.every((one) => one !== undefined)) {
      return { octets: bytesOf(digits.map((one) => Number.parseInt(one, 16))), notation };
    }
  }
  // Groups of several octets, each with its own prefix.
  const groups = tokens.map((token) => /^0x((?:[0-9a-f]{2})+)$/i.exec(token)?.[1]);
  if (groups.every((one) => one !== undefined)) return { octets: fromHex(groups.join("")), notation: "prefixed hex" };
  const small = tokens.length > 1 && tokens.every(({ length }) => length <= (negative ? 4 : 3));
  if (small && tokens.every((token) => /^-?\d{1,3}$/.test(token) && Number(token) >= -128 && Number(token) <= 255)) {
    const wide = tokens.some((token) => token.length === 3 || token.startsWith("-"));
    if (wide && tokens.length > 2) {
      return { octets: bytesOf(tokens.map(Number)), notation: "decimal", guess: "the numbers are taken as decimal" };
    }
    if (!wide && tokens.some(({ length }) => length === 1)) return unpadded(tokens, list, fits);
  }
  if (!tokens.every((token) => /^[0-9a-f]+$/i.test(token))) return undefined;
  const kept = withoutOffsets(tokens);
  if (kept !== undefined) return { octets: fromHex(kept.join("")), notation: "dump", guess: "offsets are ignored" };
  if (tokens.length > 1 && tokens.every(({ length }) => length <= 2) && tokens.some(({ length }) => length === 1)) {
    return unpadded(tokens, list, fits);
  }
  const digits = tokens.join("");
  if (digits.length % 2 !== 0) {
    throw new Fault("bad-hex", `${digits.length} hex digits do not make whole octets`, {
      layer: "capture",
      offset: digits.length >> 1,
    });
  }
  return { octets: fromHex(digits), notation: "hex" };
}
