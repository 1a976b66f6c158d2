import { Fault, type FaultCode, fcs16, toHex } from "@dlmskit/core";
import { decodeFrame, type Frame } from "@dlmskit/hdlc";

const flag = 0x7e;

/** A frame with corrected length and check sequences, and its errors. */
export interface Repaired {
  readonly frame: Frame;
  /** The corrected octets; missing octets are zeros. */
  readonly octets: Uint8Array;
  /** The number of these octets that exist in the input. */
  readonly there: number;
  readonly fault: Fault;
  /** The fields with a wrong check sequence, with the correct value. */
  readonly calculated: ReadonlyMap<string, string>;
  /** Whether the length or the header check sequence is correct, so that the octets are very likely a frame. */
  readonly likely: boolean;
}

function addressEnd(octets: Uint8Array, start: number): number {
  for (const width of [1, 2, 4]) if (((octets[start + width - 1] ?? 0) & 1) === 1) return start + width;
  return 0;
}

/** Repairs octets that start with a flag and look like a damaged frame; undefined for other octets. */
export function repairFrame(given: Uint8Array): Repaired | undefined {
  const format = given[1] ?? 0;
  if (given[0] !== flag || (format & 0xf0) !== 0xa0 || given.length < 6) return undefined;
  const announced = ((format & 0x07) << 8) | (given[2] as number);
  const closed = given.at(-1) === flag;
  const between = given.length - (closed ? 2 : 1);
  const isCut = !closed && between < announced;
  const length = isCut || !closed ? announced : between;
  if (length < 7 || length > 0x7ff) return undefined;
  const octets = new Uint8Array(length + 2);
  octets.set(given.subarray(0, Math.min(given.length, length + 1)));
  octets[length + 1] = flag;
  octets[1] = (format & 0xf8) | (length >> 8);
  octets[2] = length & 0xff;
  const source = addressEnd(octets, 3);
  const control = source === 0 ? 0 : addressEnd(octets, source);
  const fcs = length - 1;
  if (control === 0 || control + 1 > fcs) return undefined;

  const calculated = new Map<string, string>();
  const wrong: { code: FaultCode<"hdlc">; message: string; offset: number }[] = [];
  if (announced !== length) {
    const message = `the length field says ${announced} octets, but there are ${length} between the flags`;
    wrong.push({ code: "length-mismatch", message, offset: 1 });
  }
  const headerRight = control + 1 < fcs && check(octets, control + 1, announced === length);
  if (control + 1 < fcs) verify("hcs", "header", control + 1);
  if (!isCut) verify("fcs", "frame", fcs);
  else patch(fcs);
  if (isCut)
    wrong.unshift({
      code: "truncated",
      message: `the frame is cut: the length field says ${announced} octets, but there are ${between}`,
      offset: given.length,
    });
  if (!isCut && !closed && given.at(-1) !== flag) {
    wrong.push({
      code: "no-closing-flag",
      message: "there is no flag at the end that the length field gives",
      offset: length + 1,
    });
  }
  const [first, ...others] = wrong;
  if (first === undefined) return undefined;
  const message = [first, ...others].map((one) => one.message).join("; ");
  const fault = new Fault(first.code, message, { layer: "hdlc", offset: first.offset });
  try {
    const frame = decodeFrame(octets);
    const there = Math.min(given.length, octets.length);
    return { frame, octets, there, fault, calculated, likely: headerRight || announced === between };
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }

  function check(from: Uint8Array, at: number, sameLength: boolean): boolean {
    return sameLength && fcs16(from, 1, at) === ((from[at] as number) | ((from[at + 1] as number) << 8));
  }
  function patch(at: number): void {
    const sequence = fcs16(octets, 1, at);
    octets[at] = sequence & 0xff;
    octets[at + 1] = sequence >> 8;
  }
  function verify(name: "hcs" | "fcs", what: string, at: number): void {
    if (at + 2 > given.length) {
      patch(at);
      return;
    }
    const before = toHex(octets.subarray(at, at + 2));
    patch(at);
    const after = toHex(octets.subarray(at, at + 2));
    // A corrected length in the header also changes the header check sequence: then only the length is reported as wrong.
    if (before === after || (announced !== length && name === "hcs")) return;
    calculated.set(name, after);
    wrong.push({
      code: `${name}-mismatch`,
      message: `the ${what} check sequence is wrong: ${before}, calculated ${after}`,
      offset: at,
    });
  }
}
