import { decode, Fault, sameOctets } from "@dlmskit/core";
import { decodeFrame, Frame, FrameSplitter, frameToJson, unwrapLlc } from "@dlmskit/hdlc";
import { framed } from "./framed.ts";
import type { Decoded, Item } from "./item.ts";
import { placed, type Session } from "./pdu.ts";
import { Source } from "./source.ts";
import { TreeCollector } from "./tree.ts";

interface Message {
  readonly parts: Source[];
  last?: Extract<Frame, { frame: "i" }>;
}

/** Joins the segments of each direction. */
class Segments {
  readonly #messages = new Map<string, Message>();

  /** The message that the frame ends, LLC header and all; undefined when more follows or there is none. */
  add(frame: Frame, information: Source): Source | undefined {
    const key = JSON.stringify([frame.destination, frame.source]);
    if (frame.frame === "ui") return frame.segmented ? undefined : information;
    if (frame.frame !== "i") {
      if (frame.frame === "snrm" || frame.frame === "disc") this.#messages.clear();
      return undefined;
    }
    const message: Message = this.#messages.get(key) ?? { parts: [] };
    const { last } = message;
    const again =
      last !== undefined &&
      last.sendSequence === frame.sendSequence &&
      sameOctets(last.information, frame.information) &&
      message.parts.length > 0;
    if (again) message.parts.pop();
    message.parts.push(information);
    message.last = frame;
    this.#messages.set(key, message);
    if (frame.segmented) return undefined;
    this.#messages.delete(key);
    return message.parts.length === 1 ? information : Source.join(message.parts);
  }
}

function decodeOne(source: Source, frame: Frame, session: Session, segments: Segments): Decoded {
  const seen = new TreeCollector(source);
  decode(Frame, source.octets, { layer: "hdlc", observer: seen });
  const decoded: Decoded = {
    json: frameToJson(frame),
    node: {
      name: `HDLC ${frame.frame.toUpperCase()} frame`,
      text: frame.segmented ? "segmented" : "",
      offset: source.place(0),
      octets: source.octets,
      children: [...seen.nodes],
    },
  };
  const message = frame.information.length === 0 ? undefined : segments.add(frame, source.view(frame.information));
  if (message === undefined) return decoded;
  const pdu = unwrapLlc(message.octets, "command") ?? unwrapLlc(message.octets, "response");
  return pdu === undefined ? decoded : framed(decoded, message.view(pdu), session);
}

/** The Fault of octets that are no frame. */
function dropped(octets: Source, why: string): Fault {
  try {
    decodeFrame(octets.octets);
  } catch (caught) {
    const fault = placed(caught, octets);
    if (fault instanceof Fault && fault.code !== "no-opening-flag") return fault;
  }
  return new Fault(why, `${octets.octets.length} octets are no frame`, { layer: "hdlc", offset: octets.place(0) });
}

/** The frames of a stream, in order; a Fault in the place of what is none. */
export function decodeHdlc(source: Source, session: Session): Item[] {
  const { octets } = source;
  const items: Item[] = [];
  const segments = new Segments();
  const splitter = new FrameSplitter(Number.POSITIVE_INFINITY);
  let end = 0;
  for (const split of splitter.push(octets, 0)) {
    try {
      if (split.frame === undefined) {
        const part = source.slice(end, end + split.octets.length);
        end += split.octets.length;
        throw dropped(part, split.why);
      }
      const part = source.view(split.octets);
      end = split.octets.byteOffset - octets.byteOffset + split.octets.length - 1;
      items.push(decodeOne(part, split.frame, session, segments));
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      items.push({ fault: caught });
    }
  }
  // The flag that closed the last frame waits for another one; more than that is a frame cut off.
  if (splitter.held > 1)
    items.push({ fault: dropped(source.slice(octets.length - splitter.held, octets.length), "truncated") });
  if (items.length === 0) items.push({ fault: dropped(source, "noise") });
  return items;
}
