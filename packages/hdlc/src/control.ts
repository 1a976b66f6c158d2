/** The kinds of frame of IEC 62056-46; `unknown` is any other control field. */
export type FrameType = "snrm" | "disc" | "ua" | "dm" | "frmr" | "ui" | "i" | "rr" | "rnr" | "unknown";

/** Control fields of the unnumbered frames, without the poll/final bit. */
export const unnumbered = { snrm: 0x83, disc: 0x43, ua: 0x63, dm: 0x0f, frmr: 0x87, ui: 0x03 } as const;
export type UnnumberedType = keyof typeof unnumbered;

const pollFinalBit = 0x10;

const unnumberedOf = new Map<number, UnnumberedType>(
  Object.entries(unnumbered).map(([name, control]) => [control, name as UnnumberedType]),
);

export type Control =
  | { readonly frame: UnnumberedType; readonly pollFinal: boolean }
  | {
      readonly frame: "i";
      readonly pollFinal: boolean;
      readonly sendSequence: number;
      readonly receiveSequence: number;
    }
  | { readonly frame: "rr" | "rnr"; readonly pollFinal: boolean; readonly receiveSequence: number }
  | { readonly frame: "unknown"; readonly pollFinal: boolean; readonly control: number };

/** Decodes a control field. Never throws: REJ, SREJ and all values that the standard does not define are `unknown`. */
export function decodeControl(control: number): Control {
  const pollFinal = (control & pollFinalBit) !== 0;
  if ((control & 1) === 0) {
    return { frame: "i", pollFinal, sendSequence: (control >> 1) & 7, receiveSequence: control >> 5 };
  }
  const low = control & 0x0f;
  if (low === 0x01) return { frame: "rr", pollFinal, receiveSequence: control >> 5 };
  if (low === 0x05) return { frame: "rnr", pollFinal, receiveSequence: control >> 5 };
  const name = unnumberedOf.get(control & ~pollFinalBit);
  return name === undefined ? { frame: "unknown", pollFinal, control } : { frame: name, pollFinal };
}

/** Encodes a control field. Sequence numbers are taken modulo 8; the value of an unknown control field is kept. */
export function encodeControl(control: Control): number {
  const bit = control.pollFinal ? pollFinalBit : 0;
  switch (control.frame) {
    case "i":
      return ((control.receiveSequence & 7) << 5) | ((control.sendSequence & 7) << 1) | bit;
    case "rr":
      return ((control.receiveSequence & 7) << 5) | 0x01 | bit;
    case "rnr":
      return ((control.receiveSequence & 7) << 5) | 0x05 | bit;
    case "unknown":
      return control.control & 0xff;
    default:
      return unnumbered[control.frame] | bit;
  }
}
