import { Buffer } from "buffer/index.js";

/** The octets of a text, one per character. Characters above U+00FF lose their high octet; P1 telegrams do not have them. */
export const latin1Octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

const isControl = (octet: number): boolean =>
  (octet < 0x20 && octet !== 9 && octet !== 10 && octet !== 13 && octet !== 12) || octet === 0x7f;

function utf16(octets: Uint8Array, bigEndian: boolean): string {
  const even = Buffer.from(octets.subarray(0, octets.length & ~1));
  return (bigEndian ? even.swap16() : even).toString("utf16le").replace(/^\uFEFF/, "");
}

/** The text of a file in UTF-8, UTF-16 or Latin-1; undefined for a binary file. */
export function textOf(octets: Uint8Array): { readonly text: string; readonly encoding: string } | undefined {
  const [first, second] = octets;
  if (first === 0xff && second === 0xfe) return { text: utf16(octets.subarray(2), false), encoding: "UTF-16" };
  if (first === 0xfe && second === 0xff) return { text: utf16(octets.subarray(2), true), encoding: "UTF-16" };
  const start = octets.subarray(0, 64);
  if (start.length >= 4 && start.length % 2 === 0) {
    const halves = [0, 1].map((half) => start.filter((_, at) => at % 2 === half));
    const zeros = halves.map((half) => half.every((octet) => octet === 0));
    const texts = halves.map((half) => half.every((octet) => octet !== 0 && octet < 0x7f && !isControl(octet)));
    if (zeros[1] === true && texts[0] === true) return { text: utf16(octets, false), encoding: "UTF-16" };
    if (zeros[0] === true && texts[1] === true) return { text: utf16(octets, true), encoding: "UTF-16" };
  }
  if (octets.some(isControl)) return undefined;
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(octets), encoding: "UTF-8" };
  } catch {
    const odd = octets.filter((octet) => octet >= 0x80).length;
    // At most half of the octets of a text in another code page are above 0x7F; binary files usually have control characters.
    return odd * 2 > octets.length ? undefined : { text: Buffer.from(octets).toString("latin1"), encoding: "Latin-1" };
  }
}
