import { Fault, type FaultCode, fcs16, inRange, Writer } from "@dlmskit/core";
import { type AddressOctets, addressAt, addressWidth, type HdlcAddress, hdlcAddress, writeAddress } from "./address.ts";
import { type Control, decodeControl, encodeControl } from "./control.ts";

/** The octet that opens and closes a frame. */
export const flag = 0x7e;
/** The maximum length of a frame without its flags: the length field has 11 bits. */
export const maxFrameLength = 0x7ff;
/** Format, two addresses, control, FCS. */
const minFrameLength = 7;

interface Envelope {
  readonly destination: HdlcAddress;
  readonly source: HdlcAddress;
  /** Whether the next frame continues the same message. */
  readonly segmented: boolean;
  /** Empty when the frame has no information field. */
  readonly information: Uint8Array;
}

/** A frame of format type 3 (IEC 62056-46 6.4.1): addresses, the fields of its control octet, its information. */
export type Frame = Envelope & Control;

/** The reasons why the octets after a flag are not a frame; also the Fault codes of `decodeFrame`. */
export type FrameFault =
  | "frame-format-type"
  | "frame-too-short"
  | "bad-address"
  | "hcs-mismatch"
  | "fcs-mismatch"
  | "no-closing-flag";

/** The positions of the fields of a frame: the offsets of their first octets. */
export interface FrameLayout {
  readonly format: number;
  readonly destination: number;
  readonly source: number;
  readonly control: number;
  readonly information: number;
  readonly fcs: number;
  readonly closingFlag: number;
}

export type Scan =
  | { readonly found: "frame"; readonly frame: Frame; readonly layout: FrameLayout }
  /** The octets may become a frame when more octets arrive. */
  | { readonly found: "more" }
  /** No frame: `at` is the offset of the wrong octet; the search for the next flag starts at `resume`. */
  | { readonly found: "nothing"; readonly why: FrameFault; readonly at: number; readonly resume: number };

const more: Scan = { found: "more" };
const nothingAt: Uint8Array = new Uint8Array(0);

function checkAt(octets: Uint8Array, at: number): number {
  return (octets[at] as number) | ((octets[at + 1] as number) << 8);
}

/**
 * Looks for a frame after the opening flag at `start`. The length field decides where the frame ends, not flags inside it. The
 * header check sequence is checked before the rest of the frame is needed.
 */
export function scanFrame(octets: Uint8Array, start: number, end: number): Scan {
  const at = start + 1;
  const nothing = (why: FrameFault, where: number, resume = at): Scan => ({ found: "nothing", why, at: where, resume });

  if (at >= end) return more;
  const format = octets[at] as number;
  if ((format & 0xf0) !== 0xa0) return nothing("frame-format-type", at);
  if (at + 1 >= end) return more;
  const length = ((format & 0x07) << 8) | (octets[at + 1] as number);
  if (length < minFrameLength) return nothing("frame-too-short", at + 1);

  const fcs = at + length - 2;
  const closingFlag = at + length;
  const destination = at + 2;
  const destinationWidth = addressWidth(octets, destination, end, fcs);
  if (destinationWidth < 0) return nothing("bad-address", destination);
  if (destinationWidth === 0) return more;
  const source = destination + destinationWidth;
  const sourceWidth = addressWidth(octets, source, end, fcs);
  if (sourceWidth < 0) return nothing("bad-address", source);
  if (sourceWidth === 0) return more;
  const control = source + sourceWidth;
  const headerEnd = control + 1;
  if (headerEnd > fcs) return nothing("frame-too-short", at + 1);

  const plain = headerEnd === fcs;
  const information = plain ? headerEnd : headerEnd + 2;
  if (!plain) {
    // An information field has at least one octet; without one there is no HCS (6.4.1.6).
    if (information >= fcs) return nothing("frame-too-short", at + 1);
    if (information > end) return more;
    if (fcs16(octets, at, headerEnd) !== checkAt(octets, headerEnd)) return nothing("hcs-mismatch", headerEnd);
  }
  if (closingFlag >= end) return more;
  if (octets[closingFlag] !== flag) return nothing("no-closing-flag", closingFlag);
  if (fcs16(octets, at, fcs) !== checkAt(octets, fcs)) {
    // If the HCS is correct, so is the length: the octet at the end is then a closing flag.
    return nothing("fcs-mismatch", fcs, plain ? at : closingFlag);
  }
  const frame: Frame = {
    ...decodeControl(octets[control] as number),
    destination: addressAt(octets, destination, destinationWidth as AddressOctets),
    source: addressAt(octets, source, sourceWidth as AddressOctets),
    segmented: (format & 0x08) !== 0,
    information: plain ? nothingAt : octets.subarray(information, fcs),
  };
  return {
    found: "frame",
    frame,
    layout: { format: at, destination, source, control, information, fcs, closingFlag },
  };
}

const words: Record<FrameFault, string> = {
  "frame-format-type": "the frame format is not type 3",
  "frame-too-short": "the length field leaves no room for a frame",
  "bad-address": "an address has 1, 2 or 4 octets, the last with its low bit set",
  "hcs-mismatch": "the header check sequence is wrong",
  "fcs-mismatch": "the frame check sequence is wrong",
  "no-closing-flag": "there is no flag at the end that the length field gives",
};

function bad(code: FaultCode<"hdlc">, message: string, offset: number): Fault {
  return new Fault(code, message, { layer: "hdlc", offset });
}

/** The Fault of a scan that found no frame. */
export function scanFault(scan: { readonly why: FrameFault; readonly at: number }): Fault {
  return bad(scan.why, words[scan.why], scan.at);
}

/**
 * Decodes one frame with both flags; the octets must hold nothing else. `information` is a view into them.
 * Faults: those of FrameFault, `no-opening-flag`, `length-mismatch`.
 */
export function decodeFrame(octets: Uint8Array): Frame {
  const last = octets.length - 1;
  if (octets[0] !== flag) throw bad("no-opening-flag", "a frame starts with the flag 0x7E", 0);
  if (octets.length < 4) throw bad("frame-too-short", words["frame-too-short"], last);
  if (octets[last] !== flag) throw bad("no-closing-flag", "a frame ends with the flag 0x7E", last);
  const format = octets[1] as number;
  const length = ((format & 0x07) << 8) | (octets[2] as number);
  if ((format & 0xf0) === 0xa0 && length !== octets.length - 2) {
    throw bad(
      "length-mismatch",
      `the length field says ${length} octets, but there are ${octets.length - 2} between the flags`,
      1,
    );
  }
  const scan = scanFrame(octets, 0, octets.length);
  if (scan.found === "frame") return scan.frame;
  throw scan.found === "more" ? bad("truncated", "the frame is cut", last) : scanFault(scan);
}

/** The octets of a frame with both flags. Faults: `frame-too-long` above 2047 octets, `out-of-range`, `bad-address`. */
export function encodeFrame(frame: Frame): Uint8Array {
  const to = new Writer(frame.information.length + 20);
  writeFrame(frame, to);
  return to.done();
}

/** Writes a frame as `encodeFrame` does. */
export function writeFrame(frame: Frame, to: Writer): void {
  const destination = hdlcAddress(frame.destination);
  const source = hdlcAddress(frame.source);
  if (frame.frame === "i") inRange(frame.sendSequence, 0, 7);
  if ("receiveSequence" in frame) inRange(frame.receiveSequence, 0, 7);
  const { information } = frame;
  const length = 5 + destination.octets + source.octets + (information.length === 0 ? 0 : information.length + 2);
  if (length > maxFrameLength) {
    throw new Fault("frame-too-long", `a frame of ${length} octets is longer than ${maxFrameLength}`, {
      layer: "hdlc",
    });
  }
  to.u8(flag);
  const at = to.length;
  to.u16(0xa000 | (frame.segmented ? 0x0800 : 0) | length);
  writeAddress(destination, to);
  writeAddress(source, to);
  to.u8(encodeControl(frame));
  if (information.length > 0) {
    writeCheck(to, at);
    to.put(information);
  }
  writeCheck(to, at);
  to.u8(flag);
}

function writeCheck(to: Writer, from: number): void {
  const check = fcs16(to.view(), from);
  to.u8(check & 0xff);
  to.u8(check >> 8);
}
