import { decode, Fault } from "@dlmskit/core";
import { MbusFrame, MbusSplitter, segmentOf } from "@dlmskit/mbus";
import { framed } from "./framed.ts";
import type { Decoded, Item } from "./item.ts";
import { placed } from "./pdu.ts";
import type { Session } from "./session.ts";
import type { Source } from "./source.ts";
import { TreeCollector } from "./tree.ts";

function decodeOne(source: Source, frame: MbusFrame, session: Session): Decoded {
  const seen = new TreeCollector(source);
  decode(MbusFrame, source.octets, { layer: "mbus", observer: seen });
  const segment = segmentOf(frame);
  const saps = segment === undefined ? "" : `SAP ${segment.sourceSap} to ${segment.destinationSap}`;
  const decoded: Decoded = {
    json: MbusFrame.toJson(frame) as Decoded["json"],
    node: {
      name: "M-Bus frame",
      text: saps,
      offset: source.place(0),
      octets: source.octets,
      children: [...seen.nodes],
    },
  };
  if (segment === undefined) return decoded;
  try {
    const whole = session.mbus.add(segment, source.view(frame.userData).slice(2, frame.userData.length));
    return whole === undefined ? decoded : framed(decoded, whole, session);
  } catch (caught) {
    if (caught instanceof Fault) return { ...decoded, fault: caught };
    throw caught;
  }
}

/** The long frames of a stream, in order; a Fault in the place of what is none. */
export function decodeMbus(source: Source, session: Session): Item[] {
  const items: Item[] = [];
  const splitter = new MbusSplitter();
  let at = 0;
  let noise = 0;
  const skipped = (): void => {
    if (at > noise) {
      const message = `${at - noise} octet${at - noise === 1 ? " is" : "s are"} no frame`;
      items.push({ fault: new Fault("noise", message, { layer: "mbus", offset: source.place(noise) }) });
    }
    noise = at;
  };
  for (const split of splitter.push(source.octets)) {
    const part = source.slice(at, at + split.octets.length);
    if (split.frame !== undefined) {
      skipped();
      at += split.octets.length;
      noise = at;
      // The splitter works on a copy: the frame is read again where it lies in the input.
      items.push(decodeOne(part, decode(MbusFrame, part.octets, { layer: "mbus" }), session));
      continue;
    }
    if (split.fault !== undefined) {
      skipped();
      items.push({ fault: placed(split.fault, part) as Fault });
      noise = at + split.octets.length;
    }
    at += split.octets.length;
  }
  skipped();
  const held = splitter.flush().length;
  if (held > 0) {
    const offset = source.place(source.octets.length - held);
    items.push({ fault: new Fault("truncated", "the frame is cut", { layer: "mbus", offset }) });
  }
  const last = items.at(-1);
  if (session.mbus.open && last?.json !== undefined) {
    const incomplete = new Fault("incomplete", "the APDU goes on in a frame that is not there", { layer: "mbus" });
    items[items.length - 1] = { ...last, fault: incomplete };
  }
  return items;
}
