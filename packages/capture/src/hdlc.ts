import { ApduTag } from "@dlmskit/apdu";
import { decode, Fault, type FaultCode, type Json } from "@dlmskit/core";
import { decodeFrame, Frame, FrameSplitter, frameToJson, unwrapLlc } from "@dlmskit/hdlc";
import { framed } from "./framed.ts";
import { type Repaired, repairFrame } from "./hdlc-repair.ts";
import { annotateFrame, rejectionOf } from "./hdlc-text.ts";
import type { Decoded, Item } from "./item.ts";
import type { Session } from "./session.ts";
import type { Source } from "./source.ts";
import { TreeCollector, type TreeNode } from "./tree.ts";

/** The PDU after the LLC header. In a push in UI frames, only the first block has an LLC header. */
function pduOf(message: Uint8Array, { frame }: Frame): Uint8Array | undefined {
  const bare = frame === "ui" && message[0] === ApduTag["general-block-transfer"];
  return unwrapLlc(message, "command") ?? unwrapLlc(message, "response") ?? (bare ? message : undefined);
}

function frameJson(frame: Frame): Decoded["json"] {
  const rejection = rejectionOf(frame);
  return { ...frameToJson(frame), ...(rejection === undefined ? {} : { rejection: rejection as unknown as Json }) };
}

function frameNode(source: Source, frame: Frame, children: TreeNode[]): TreeNode {
  return {
    name: `HDLC ${frame.frame.toUpperCase()} frame`,
    text: frame.segmented ? "segmented" : "",
    offset: source.place(0),
    octets: source.octets,
    children,
  };
}

/** A frame, with its PDU if all segments were received. */
function withPdu(decoded: Decoded, frame: Frame, information: Source, session: Session): Decoded {
  session.between(JSON.stringify(frame.source), JSON.stringify(frame.destination));
  const message = information.octets.length === 0 ? undefined : session.hdlc.add(frame, information);
  if (message === undefined) return decoded;
  const pdu = pduOf(message.octets, frame);
  return pdu === undefined ? decoded : framed(decoded, message.view(pdu), session);
}

function decodeOne(source: Source, frame: Frame, session: Session): Decoded {
  const seen = new TreeCollector(source);
  decode(Frame, source.octets, { layer: "hdlc", observer: seen });
  const information = source.view(frame.information);
  annotateFrame(seen.nodes, frame, frame.information.length === 0 ? undefined : information);
  const decoded = { json: frameJson(frame), node: frameNode(source, frame, [...seen.nodes]) };
  return withPdu(decoded, frame, frame.information.length === 0 ? source.slice(0, 0) : information, session);
}

/** Decodes a damaged frame: the fields that exist, and the Fault with its offset. */
function decodeRepaired(source: Source, repaired: Repaired, session: Session): Decoded {
  const { octets, there, calculated, fault } = repaired;
  const start = repaired.frame.information.byteOffset - octets.byteOffset;
  const length = repaired.frame.information.length;
  const information =
    length === 0 ? source.slice(0, 0) : source.slice(Math.min(start, there), Math.min(start + length, there));
  const frame: Frame = { ...repaired.frame, information: information.octets };
  const seen = new TreeCollector(source);
  decode(Frame, octets, { layer: "hdlc", observer: seen });
  const nodes = seen.nodes.filter(({ offset }) => offset < source.place(there));
  annotateFrame(nodes, frame, length === 0 ? undefined : information);
  for (const node of nodes) {
    const right = calculated.get(node.name);
    if (right !== undefined) node.text = `wrong, calculated ${right}`;
  }
  const decoded = { json: frameJson(frame), node: frameNode(source, frame, nodes) };
  const found = withPdu(decoded, frame, information, session);
  const { code, message, offset } = fault;
  const inPlace = new Fault(code, message, { layer: fault.layer, offset: source.place(offset ?? 0) });
  const { fault: within } = found;
  // An error in the PDU is a result of the error in the frame.
  return { ...found, fault: inPlace, ...(within === undefined ? {} : { pduFault: within }) };
}

const words: { readonly [why: string]: string } = {
  "fcs-mismatch": "the frame check sequence is wrong",
  "hcs-mismatch": "the header check sequence is wrong",
  "no-closing-flag": "there is no flag at the end that the length field gives",
  truncated: "the frame is cut",
};

function noFrame(octets: Source, why: FaultCode<"hdlc">): Fault {
  const { length } = octets.octets;
  const message = words[why] ?? `${length} octet${length === 1 ? " is" : "s are"} not part of a frame`;
  return new Fault(why, message, { layer: "hdlc", offset: octets.place(0) });
}

/** The exact Fault of octets that should be one frame. */
function noFrameAtAll(source: Source, why: FaultCode<"hdlc">): Fault {
  try {
    decodeFrame(source.octets);
  } catch (caught) {
    if (caught instanceof Fault) return caught;
    throw caught;
  }
  return noFrame(source, why);
}

/** A part of a stream that is not a valid frame: the decoded damaged frame, or only the Fault. */
function brokenItem(source: Source, end: number, part: Source, why: FaultCode<"hdlc">, session: Session): Item {
  const closed = source.octets[end] === 0x7e ? 1 : 0;
  const candidate = closed === 1 ? source.slice(end - part.octets.length, end + 1) : part;
  const repaired = repairFrame(candidate.octets);
  const alone = part.octets.length + closed === source.octets.length;
  if (repaired === undefined || !(repaired.likely || alone)) return { fault: noFrame(part, why) };
  return decodeRepaired(candidate, repaired, session);
}

/** The frames of a stream, in order, with a Fault for octets that are not a frame. */
export function decodeHdlc(source: Source, session: Session): Item[] {
  const { octets } = source;
  const items: Item[] = [];
  const splitter = new FrameSplitter(Number.POSITIVE_INFINITY);
  let end = 0;
  for (const split of splitter.push(octets, 0)) {
    if (split.frame === undefined) {
      const part = source.slice(end, end + split.octets.length);
      end += split.octets.length;
      items.push(brokenItem(source, end, part, split.why, session));
      continue;
    }
    const part = source.view(split.octets);
    end = split.octets.byteOffset - octets.byteOffset + split.octets.length - 1;
    items.push(decodeOne(part, split.frame, session));
  }
  // The splitter holds the closing flag of the last frame; if it holds more, a frame is cut off.
  if (splitter.held > 1) {
    const part = source.slice(octets.length - splitter.held, octets.length);
    items.push(brokenItem(source, octets.length, part, "truncated", session));
  }
  if (items.every(({ json }) => json === undefined)) return [{ fault: noFrameAtAll(source, "noise") }];
  return items;
}
