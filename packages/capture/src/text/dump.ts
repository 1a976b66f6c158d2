import { fromHex } from "@dlmskit/core";

/** A line of a dump: its offset, and the rest of the line. */
export interface DumpLine {
  readonly offset: number;
  /** The offset read as octal, as `od` writes it. */
  readonly octal: number | undefined;
  readonly body: string;
  /** Whether the first number is certainly an offset, because a colon or more than one space follows it. */
  readonly certain: boolean;
  /** Whether the words have 16 bits with the low octet first, as `hexdump` prints them without options. */
  readonly swapped: boolean;
}

const line = /^\s*(?:0x)?([0-9a-f]{3,8})(:\s*|\s+\|\s*|\s+)((?:[0-9a-f]{2})+(?![0-9a-z]).*)$/i;

/** Whether there are more offsets among the octets, because the lines of a dump were joined. */
function isRunTogether(width: number, body: string): boolean {
  let octets = 0;
  for (const token of body.split(/\s+/)) {
    if (token.length === width && Number.parseInt(token, 16) === octets) return true;
    if (!/^[0-9a-f]{2}$/i.test(token)) return false;
    octets++;
  }
  return false;
}

export function dumpLine(text: string): DumpLine | undefined {
  const found = line.exec(text);
  if (found === null) return undefined;
  const [, digits = "", gap = "", body = ""] = found;
  const [first = ""] = body.split(/\s/, 1);
  const pairs = digits.length >= 4 && /^[0-9a-f]{2}(?:\s|$)/i.test(body);
  if (pairs && isRunTogether(digits.length, body)) return undefined;
  const swapped =
    digits.length === 7 &&
    !gap.includes(":") &&
    first.length === 4 &&
    /^[0-9a-f]{4}(?:\s+[0-9a-f]{4})*\s*$/i.test(body);
  return {
    offset: Number.parseInt(digits, 16),
    octal: /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined,
    body,
    certain: gap.includes(":") || gap.includes("|") || gap.length > 1 || pairs || swapped,
    swapped,
  };
}

/** Whether a line has only an offset, like the last line of `hexdump` and `od`. */
export const isDumpEnd = (text: string): boolean => /^\s*[0-9a-f]{6,8}\s*$/i.test(text);

const hexChunk = /^(?:[0-9a-f]{2}){1,8}(?:[ \t-](?:[0-9a-f]{2}){1,8})*$/i;

/** The octets of a dump line before its column of characters, at most `most`. */
function bodyOctets(body: string, most: number): Uint8Array {
  // `|~.*A|` is a column of characters at any position.
  const bar = body.search(/\s\|/);
  const [left, barred] = bar < 0 ? [body, false] : [body.slice(0, bar), true];
  let digits = "";
  for (const chunk of left.trim().split(/\s{2,}|\t/)) {
    if (!hexChunk.test(chunk)) {
      const fitting = /^(?:(?:[0-9a-f]{2})+ )+/i.exec(`${chunk} `)?.[0] ?? "";
      digits += fitting;
      break;
    }
    // A column of characters that look like hex: there are as many characters as octets.
    const octets = digits.replace(/[^0-9a-f]/gi, "").length / 2;
    if (!barred && octets > 0 && chunk.length === octets && !/\s/.test(chunk)) break;
    digits += ` ${chunk}`;
  }
  return fromHex(digits.replace(/[^0-9a-f]/gi, "")).subarray(0, most);
}

/** The maximum length up to which repeated lines are filled in. */
const longestDump = 1 << 20;

/** The octets of the lines of a dump, in order, with repeated lines (`*`) filled in. */
export function dumpOctets(lines: readonly (DumpLine | "*")[]): Uint8Array {
  const octal = usesOctal(lines);
  const offsetOf = (one: DumpLine): number => (octal ? (one.octal ?? one.offset) : one.offset);
  const octets: number[] = [];
  let last: Uint8Array = new Uint8Array(0);
  let longest = 0;
  lines.forEach((one, at) => {
    if (one === "*") return;
    const start = Math.min(offsetOf(one), longestDump);
    while (start > octets.length && last.length > 0) octets.push(...last);
    const next = lines[at + 1];
    const until = next === undefined || next === "*" ? undefined : offsetOf(next) - offsetOf(one);
    last = bodyOctets(one.body, until ?? (longest === 0 ? 64 : longest));
    if (one.swapped) last = swappedWords(last);
    longest = Math.max(longest, last.length);
    octets.push(...last);
  });
  return Uint8Array.from(octets);
}

function usesOctal(lines: readonly (DumpLine | "*")[]): boolean {
  const [, second] = lines;
  return second !== undefined && second !== "*" && second.octal === 16 && second.offset !== 16;
}

function swappedWords(octets: Uint8Array): Uint8Array {
  const swapped = octets.slice();
  for (let at = 0; at + 1 < octets.length; at += 2) {
    swapped[at] = octets[at + 1] as number;
    swapped[at + 1] = octets[at] as number;
  }
  return swapped;
}

/** Whether a line continues at the offset where the previous lines end. */
export function continues(lines: readonly (DumpLine | "*")[], next: DumpLine): boolean {
  const last = lines.at(-1);
  if (last === "*") return true;
  if (last === undefined) return next.offset === 0;
  const step = next.offset - last.offset;
  const octalStep = next.octal !== undefined && last.octal !== undefined ? next.octal - last.octal : 0;
  const there = bodyOctets(last.body, 64).length;
  return (step > 0 && step <= there) || (octalStep > 0 && octalStep <= there);
}
