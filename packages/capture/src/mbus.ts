import { decode, Fault } from "@dlmskit/core";
import { MbusFrame, MbusSplitter, segmentOf } from "@dlmskit/mbus";
import { framed } from "./framed.ts";
import type { Decoded, Item } from "./item.ts";
import { placed } from "./pdu.ts";
import type { Session } from "./session.ts";
import type { Source } from "./source.ts";
import { TreeCollector } from "./tree.ts";

/** The number of octets before the user data of a long frame: start, L, L, start, C, A, CI. */
const headOctets = 7;
const overhead = 6;

/** `octets`: the octets to decode, if they are a corrected copy of the source. */
function decodeOne(source: Source, session: Session, octets: Uint8Array = source.octets): Decoded {
  const seen = new TreeCollector(source);
  const whole = decode(MbusFrame, octets, { layer: "mbus", observer: seen });
  const there = Math.max(0, source.octets.length - headOctets);
  const userData = whole.userData.subarray(0, there);
  const frame: MbusFrame = { ...whole, userData };
  const segment = segmentOf(frame);
  const saps = segment === undefined ? "" : `SAP ${segment.sourceSap} to ${segment.destinationSap}`;
  const decoded: Decoded = {
    json: MbusFrame.toJson(frame) as Decoded["json"],
    node: {
      name: "M-Bus frame",
      text: saps,
      offset: source.place(0),
      octets: source.octets,
      children: seen.nodes.filter(({ offset }) => offset < source.place(source.octets.length)),
    },
  };
  if (segment === undefined) return decoded;
  session.direction = `${segment.sourceSap} ${segment.destinationSap}`;
  try {
    const content = source.slice(headOctets + 2, headOctets + userData.length);
    // A cut segment is handled as the last one.
    const joined = session.mbus.add(
      userData.length < whole.userData.length ? { ...segment, final: true } : segment,
      content,
    );
    return joined === undefined ? decoded : framed(decoded, joined, session);
  } catch (caught) {
    if (caught instanceof Fault) return { ...decoded, fault: caught };
    throw caught;
  }
}

/** Decodes a frame that is cut or that has a wrong checksum or end: the existing fields, and the Fault. */
function decodeBroken(source: Source, fault: Fault, session: Session): Item {
  const length = (source.octets[1] ?? 0) + overhead;
  if (source.octets.length < headOctets || length < headOctets + 2) return { fault };
  const octets = new Uint8Array(length);
  octets.set(source.octets.subarray(0, length));
  octets[length - 2] = octets.subarray(4, length - 2).reduce((sum, octet) => sum + octet, 0) & 0xff;
  octets[length - 1] = 0x16;
  const found = decodeOne(source, session, octets);
  return { ...found, fault, ...(found.fault === undefined ? {} : { pduFault: found.fault }) };
}

/** The long frames of a stream, in order, with a Fault for octets that are not a frame. */
export function decodeMbus(source: Source, session: Session): Item[] {
  const items: Item[] = [];
  const splitter = new MbusSplitter();
  const { octets } = source;
  let at = 0;
  let noise = 0;
  const skipped = (): void => {
    if (at > noise) {
      const message = `${at - noise} octet${at - noise === 1 ? " is" : "s are"} not part of a frame`;
      items.push({ fault: new Fault("noise", message, { layer: "mbus", offset: source.place(noise) }) });
    }
    noise = Math.max(at, noise);
  };
  for (const split of splitter.push(octets)) {
    const part = source.slice(at, at + split.octets.length);
    if (split.frame !== undefined) {
      skipped();
      at += split.octets.length;
      noise = at;
      // The splitter works on a copy: the frame is decoded again at its position in the input.
      items.push(decodeOne(part, session));
      continue;
    }
    if (split.fault !== undefined) {
      skipped();
      const end = at + (octets[at + 1] ?? 0) + overhead;
      items.push(decodeBroken(source.slice(at, end), placed(split.fault, part) as Fault, session));
      noise = end;
    }
    at += split.octets.length;
  }
  skipped();
  const held = splitter.flush().length;
  if (held > 0 && noise <= octets.length - held) {
    const part = source.slice(octets.length - held, octets.length);
    const message = `the frame is cut: ${(part.octets[1] ?? 0) + overhead} octets are announced, ${held} are there`;
    const fault = new Fault("truncated", held < headOctets ? "the frame is cut" : message, {
      layer: "mbus",
      offset: part.place(0),
    });
    items.push(decodeBroken(part, fault, session));
  }
  return items;
}
