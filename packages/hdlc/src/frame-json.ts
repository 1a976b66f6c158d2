import { asObject, badJson, type Codec, Fault, fromHex, inRange, type Json, type Reader, toHex } from "@dlmskit/core";
import { addressFromJson, addressToJson } from "./address.ts";
import { type Control, type UnnumberedType, unnumbered } from "./control.ts";
import { type FrameLayout, type Frame as FrameValue, flag, scanFault, scanFrame, writeFrame } from "./frame.ts";
import { decodeNegotiation, encodeNegotiation, negotiationFromJson, negotiationToJson } from "./negotiation.ts";

/** The negotiation in a frame; undefined if the frame has none that can be read. */
function parametersOf(frame: FrameValue): Json | undefined {
  if ((frame.frame !== "snrm" && frame.frame !== "ua") || frame.information.length === 0) return undefined;
  try {
    return negotiationToJson(decodeNegotiation(frame.information));
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

/** The JSON form of a frame, with `information` in hex, and with `parameters` if SNRM or UA carries them. */
export function frameToJson(frame: FrameValue): { readonly [key: string]: Json } {
  const parameters = parametersOf(frame);
  return {
    layer: "hdlc",
    frame: frame.frame,
    destination: addressToJson(frame.destination),
    source: addressToJson(frame.source),
    pollFinal: frame.pollFinal,
    segmented: frame.segmented,
    ...(frame.frame === "i" ? { sendSequence: frame.sendSequence } : {}),
    ...("receiveSequence" in frame ? { receiveSequence: frame.receiveSequence } : {}),
    ...(frame.frame === "unknown" ? { control: frame.control } : {}),
    ...(frame.information.length === 0 ? {} : { information: toHex(frame.information) }),
    ...(parameters === undefined ? {} : { parameters }),
  };
}

const known = [
  "layer",
  "frame",
  "destination",
  "source",
  "pollFinal",
  "segmented",
  "sendSequence",
  "receiveSequence",
  "control",
  "information",
  "parameters",
  "pdu",
];

function controlFromJson(json: { readonly [key: string]: Json }, pollFinal: boolean): Control {
  const number = (key: string, high: number): number => {
    const value = json[key];
    if (typeof value !== "number") throw badJson(`a number as ${key}`, value);
    return inRange(value, 0, high);
  };
  const { frame } = json;
  if (frame === "i") {
    return {
      frame,
      pollFinal,
      sendSequence: number("sendSequence", 7),
      receiveSequence: number("receiveSequence", 7),
    };
  }
  if (frame === "rr" || frame === "rnr") return { frame, pollFinal, receiveSequence: number("receiveSequence", 7) };
  if (frame === "unknown") return { frame, pollFinal, control: number("control", 0xff) };
  if (typeof frame === "string" && Object.hasOwn(unnumbered, frame))
    return { frame: frame as UnnumberedType, pollFinal };
  throw badJson(`a frame (${Object.keys(unnumbered).join(", ")}, i, rr, rnr)`, frame);
}

/**
 * The frame of a JSON form. `information` has the octets on the wire; `parameters` are encoded only if it is absent.
 * `pollFinal` is true and `segmented` false by default; `pdu` is ignored. Fault `bad-json`, `out-of-range`, `bad-address`.
 */
export function frameFromJson(json: Json): FrameValue {
  const given = asObject(json);
  const extra = Object.keys(given).find((key) => !known.includes(key));
  if (extra !== undefined) throw new Fault("bad-json", `"${extra}" does not belong in a frame`);
  if (given.layer !== undefined && given.layer !== "hdlc") throw badJson('the layer "hdlc"', given.layer);
  const yes = (key: string, initial: boolean): boolean => {
    const value = given[key] ?? initial;
    if (typeof value !== "boolean") throw badJson(`true or false as ${key}`, value);
    return value;
  };
  const { information, parameters } = given;
  if (information !== undefined && typeof information !== "string") throw badJson("hex as information", information);
  return {
    ...controlFromJson(given, yes("pollFinal", true)),
    destination: addressFromJson(given.destination as Json),
    source: addressFromJson(given.source as Json),
    segmented: yes("segmented", false),
    information:
      information !== undefined
        ? fromHex(information)
        : parameters === undefined
          ? new Uint8Array(0)
          : encodeNegotiation(negotiationFromJson(parameters)),
  };
}

function observe(from: Reader, frame: FrameValue, layout: FrameLayout): void {
  const seen = from.observer;
  if (seen === undefined) return;
  const field = (name: string, start: number, end: number, value: unknown): void => {
    seen.enter(name, start);
    seen.leave(end, value);
  };
  const headerEnd = layout.control + 1;
  field("format", layout.format, layout.destination, layout.closingFlag - layout.format);
  field("destination", layout.destination, layout.source, frame.destination);
  field("source", layout.source, layout.control, frame.source);
  field("control", layout.control, headerEnd, frame.frame);
  if (layout.information > headerEnd) {
    field("hcs", headerEnd, layout.information, from.octets.subarray(headerEnd, layout.information));
    field("information", layout.information, layout.fcs, frame.information);
  }
  field("fcs", layout.fcs, layout.closingFlag, from.octets.subarray(layout.fcs, layout.closingFlag));
}

/**
 * The codec of a frame with both flags, for octets and JSON. Faults when reading: those of FrameFault,
 * `no-opening-flag`, `truncated`.
 */
export const Frame: Codec<FrameValue> = {
  read(from) {
    if (from.peek() !== flag) throw from.fault("no-opening-flag", "a frame starts with the flag 0x7E");
    const scan = scanFrame(from.octets, from.at, from.end);
    if (scan.found === "more") throw from.fault("truncated", "the frame is cut", from.end);
    if (scan.found === "nothing") throw scanFault(scan);
    observe(from, scan.frame, scan.layout);
    from.at = scan.layout.closingFlag + 1;
    return scan.frame;
  },
  write: writeFrame,
  toJson: frameToJson,
  fromJson: frameFromJson,
};
export type Frame = FrameValue;
