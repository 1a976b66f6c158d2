import { ApduTag, Data, DedTag, decodeApdu, GloTag } from "@dlmskit/apdu";
import { decode, Fault, Reader } from "@dlmskit/core";

/** Whether octets end with a complete frame, PDU or APDU, are cut, or are something else. */
export type Shape = "whole" | "cut" | "other";

const flag = 0x7e;
const ciphered = new Set<number>([...Object.values(GloTag), ...Object.values(DedTag)]);

function hdlcShape(octets: Uint8Array): Shape {
  let at = 0;
  while (at < octets.length) {
    if (octets[at] !== flag) return "other";
    const [format, low] = octets.subarray(at + 1, at + 3);
    if (format === flag) {
      at++;
      continue;
    }
    if (format === undefined) return at === 0 ? "cut" : "whole";
    if ((format & 0xf0) !== 0xa0) return "other";
    if (low === undefined) return "cut";
    const end = at + 1 + (((format & 0x07) << 8) | low);
    if (end >= octets.length) return "cut";
    at = end;
    if (at === octets.length - 1) return octets[at] === flag ? "whole" : "other";
  }
  return "whole";
}

/** The shape of pieces in sequence. `lengthAt` gives the length from the header of a piece; undefined if the header is cut. */
function piecesShape(octets: Uint8Array, lengthAt: (at: number) => number | undefined | "none"): Shape {
  let at = 0;
  while (at < octets.length) {
    const length = lengthAt(at);
    if (length === "none") return "other";
    if (length === undefined || at + length > octets.length) return "cut";
    at += length;
  }
  return "whole";
}

function mbusShape(octets: Uint8Array): Shape {
  return piecesShape(octets, (at) => {
    const [start, length, again, second] = octets.subarray(at, at + 4);
    if (start !== 0x68 || (again !== undefined && again !== length) || (second !== undefined && second !== 0x68))
      return "none";
    return second === undefined || length === undefined ? undefined : length + 6;
  });
}

function wrapperShape(octets: Uint8Array): Shape {
  return piecesShape(octets, (at) => {
    const head = octets.subarray(at, at + 8);
    if (head[0] !== 0 || (head[1] !== undefined && head[1] !== 1)) return "none";
    return head.length < 8 ? undefined : 8 + (((head[6] as number) << 8) | (head[7] as number));
  });
}

/** The shape of a tag, a system title (general forms only), a length and that number of octets. */
function sizedShape(octets: Uint8Array, titled: boolean): Shape {
  const from = new Reader(octets, { start: 1 });
  try {
    if (titled) from.take(from.length());
    const length = from.length();
    return length === from.remaining ? "whole" : length > from.remaining ? "cut" : "other";
  } catch (caught) {
    if (caught instanceof Fault) return caught.code === "truncated" ? "cut" : "other";
    throw caught;
  }
}

function readShape(octets: Uint8Array, read: (octets: Uint8Array) => unknown): Shape {
  try {
    read(octets);
    return "whole";
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    return caught.code === "truncated" || announcesMore(octets, caught) ? "cut" : "other";
  }
}

/** Whether the length or count at the offset of a Fault is higher than the number of remaining octets. */
function announcesMore(octets: Uint8Array, { code, offset }: Fault): boolean {
  if (code !== "bad-length" || offset === undefined || offset >= octets.length) return false;
  const from = new Reader(octets, { start: offset });
  try {
    return from.length() > from.remaining;
  } catch (caught) {
    // There is no length at the offset: the content of the value does not match its length.
    if (caught instanceof Fault) return false;
    throw caught;
  }
}

/** The octets after an LLC header; undefined if there is none. */
export function behindLlc(octets: Uint8Array): Uint8Array | undefined {
  const [dsap, ssap, quality] = octets;
  return dsap === 0xe6 && (ssap === 0xe6 || ssap === 0xe7) && quality === 0 ? octets.subarray(3) : undefined;
}

/** Whether octets start like a frame or a PDU with a length in its header. */
export function isFramed(octets: Uint8Array): boolean {
  const [first, second, third, fourth] = octets;
  if (first === flag) return second !== undefined && (second & 0xf0) === 0xa0;
  if (first === 0x68) return fourth === 0x68 && second === third;
  return first === 0 && second === 1 && octets.length >= 8;
}

/** The shape of octets: whether they are complete, cut, or something else. */
export function shapeOf(octets: Uint8Array): Shape {
  const [first, second] = octets;
  if (first === undefined) return "other";
  if (first === flag) return hdlcShape(octets);
  if (first === 0x68) return mbusShape(octets);
  if (first === 0 && second === 1) return wrapperShape(octets);
  if (first === 0x2f) return octets.includes(0x21) || octets.length > 8192 ? "whole" : "cut";
  if (ciphered.has(first)) return sizedShape(octets, false);
  if (first === ApduTag["general-glo-ciphering"] || first === ApduTag["general-ded-ciphering"]) {
    return sizedShape(octets, true);
  }
  if (first >= ApduTag.aarq && first <= ApduTag.rlre) return sizedShape(octets, false);
  const llc = behindLlc(octets);
  if (llc !== undefined) return llc.length === 0 ? "cut" : shapeOf(llc);
  const apdu = readShape(octets, decodeApdu);
  const data = readShape(octets, (all) => decode(Data, all));
  return apdu === "whole" || data === "whole" ? "whole" : apdu === "cut" || data === "cut" ? "cut" : "other";
}
