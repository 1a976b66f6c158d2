import { Fault, Reader, toHex } from "@dlmskit/core";
import { headerOctets, Wpdu } from "@dlmskit/wrapper";
import { framed } from "./framed.ts";
import type { Item } from "./item.ts";
import type { Session } from "./session.ts";
import type { Source } from "./source.ts";
import { TreeCollector } from "./tree.ts";

/** A WPDU that is cut or has a wrong length: its header, the existing octets of the PDU, and the Fault. */
function brokenOff(source: Source, caught: Fault, seen: TreeCollector, session: Session): Item {
  const { octets } = source;
  const children = seen.finish();
  const node = { name: "wrapper PDU", text: "", offset: source.place(0), octets, children };
  const u16 = (at: number): number => ((octets[at] as number) << 8) | (octets[at + 1] as number);
  if (octets.length <= headerOctets || u16(0) !== 1) {
    return {
      node,
      fault: new Fault(caught.code, caught.message, { layer: caught.layer, offset: caught.offset ?? source.place(0) }),
    };
  }
  const pdu = source.slice(headerOctets, octets.length);
  const [from, to, length] = [u16(2), u16(4), u16(6)];
  session.between(String(from), String(to));
  const json = { layer: "wrapper", source: from, destination: to, length, pdu: toHex(pdu.octets) };
  const found = framed({ json, node: { ...node, text: `wPort ${from} to ${to}` } }, pdu, session);
  const message = `the length says ${length} octets, but there are ${pdu.octets.length}`;
  const fault = new Fault("truncated", message, { layer: "wrapper", offset: source.place(6) });
  return { ...found, fault, ...(found.fault === undefined ? {} : { pduFault: found.fault }) };
}

function decodeOne(source: Source, from: Reader, seen: TreeCollector, session: Session): Item {
  const start = from.at;
  let wpdu: Wpdu;
  try {
    wpdu = Wpdu.read(from);
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    // The next WPDU cannot be found, because the stream has no mark for it.
    from.at = from.end;
    return brokenOff(source.slice(start, source.octets.length), caught, seen, session);
  }
  const json = {
    layer: "wrapper",
    source: wpdu.source,
    destination: wpdu.destination,
    length: wpdu.pdu.length,
    pdu: toHex(wpdu.pdu),
  };
  const whole = source.slice(start, from.at);
  const node = {
    name: "wrapper PDU",
    text: `wPort ${wpdu.source} to ${wpdu.destination}`,
    offset: whole.place(0),
    octets: whole.octets,
    children: seen.nodes.slice(0, -1),
  };
  session.between(String(wpdu.source), String(wpdu.destination));
  return framed({ json, node }, source.view(wpdu.pdu), session);
}

/** The WPDUs of a stream, in order, with a Fault for octets that cannot be read. */
export function decodeWrapper(source: Source, session: Session): Item[] {
  const items: Item[] = [];
  let at = 0;
  do {
    const seen = new TreeCollector(source);
    const from = new Reader(source.octets, { layer: "wrapper", start: at, observer: seen });
    items.push(decodeOne(source, from, seen, session));
    at = from.at;
  } while (at < source.octets.length);
  return items;
}
