import { ApduTag } from "@dlmskit/apdu";
import { decode, Fault } from "@dlmskit/core";
import { decodeFrame, Frame, FrameSplitter, frameToJson, unwrapLlc } from "@dlmskit/hdlc";
import { framed } from "./framed.ts";
import type { Decoded, Item } from "./item.ts";
import type { Session } from "./session.ts";
import type { Source } from "./source.ts";
import { TreeCollector } from "./tree.ts";

/** The PDU behind the LLC header. Blocks of a push stand in UI frames without one, but for the first. */
function pduOf(message: Uint8Array, { frame }: Frame): Uint8Array | undefined {
  const bare = frame === "ui" && message[0] === ApduTag["general-block-transfer"];
  return unwrapLlc(message, "command") ?? unwrapLlc(message, "response") ?? (bare ? message : undefined);
}

function decodeOne(source: Source, frame: Frame, session: Session): Decoded {
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
  const message = frame.information.length === 0 ? undefined : session.hdlc.add(frame, source.view(frame.information));
  if (message === undefined) return decoded;
  const pdu = pduOf(message.octets, frame);
  return pdu === undefined ? decoded : framed(decoded, message.view(pdu), session);
}

const words: { readonly [why: string]: string } = {
  "fcs-mismatch": "the frame check sequence is wrong",
  "hcs-mismatch": "the header check sequence is wrong",
  "no-closing-flag": "no flag stands where the length field puts it",
  truncated: "the frame is cut",
};

function noFrame(octets: Source, why: string): Fault {
  const { length } = octets.octets;
  const message = words[why] ?? `${length} octet${length === 1 ? " is" : "s are"} no frame`;
  return new Fault(why, message, { layer: "hdlc", offset: octets.place(0) });
}

/** What is wrong with octets that should have been one frame, exactly. */
function noFrameAtAll(source: Source, why: string): Fault {
  try {
    decodeFrame(source.octets);
  } catch (caught) {
    if (caught instanceof Fault) return caught;
    throw caught;
  }
  return noFrame(source, why);
}

/** The frames of a stream, in order; a Fault in the place of what is none. */
export function decodeHdlc(source: Source, session: Session): Item[] {
  const { octets } = source;
  const items: Item[] = [];
  const splitter = new FrameSplitter(Number.POSITIVE_INFINITY);
  let end = 0;
  for (const split of splitter.push(octets, 0)) {
    try {
      if (split.frame === undefined) {
        const part = source.slice(end, end + split.octets.length);
        end += split.octets.length;
        throw noFrame(part, split.why);
      }
      const part = source.view(split.octets);
      end = split.octets.byteOffset - octets.byteOffset + split.octets.length - 1;
      items.push(decodeOne(part, split.frame, session));
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      items.push({ fault: caught });
    }
  }
  // The flag that closed the last frame waits for another one; more than that is a frame cut off.
  if (splitter.held > 1) {
    items.push({ fault: noFrame(source.slice(octets.length - splitter.held, octets.length), "truncated") });
  }
  if (items.every(({ json }) => json === undefined)) return [{ fault: noFrameAtAll(source, "noise") }];
  return items;
}
