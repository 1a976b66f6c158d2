import { Fault, Reader, toHex } from "@dlmskit/core";
import { Wpdu } from "@dlmskit/wrapper";
import { framed } from "./framed.ts";
import type { Item } from "./item.ts";
import { placed } from "./pdu.ts";
import type { Session } from "./session.ts";
import type { Source } from "./source.ts";
import { TreeCollector } from "./tree.ts";

function decodeOne(source: Source, from: Reader, seen: TreeCollector, session: Session): Item {
  const start = from.at;
  let wpdu: Wpdu;
  try {
    wpdu = Wpdu.read(from);
  } catch (caught) {
    // What comes behind it cannot be found: there is no mark to start again from.
    from.at = from.end;
    throw placed(caught, source);
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
  return framed({ json, node }, source.view(wpdu.pdu), session);
}

/** The WPDUs of a stream, in order; a Fault in the place of what cannot be read. */
export function decodeWrapper(source: Source, session: Session): Item[] {
  const items: Item[] = [];
  let at = 0;
  do {
    const seen = new TreeCollector(source);
    const from = new Reader(source.octets, { layer: "wrapper", start: at, observer: seen });
    try {
      items.push(decodeOne(source, from, seen, session));
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      items.push({ fault: caught });
    }
    at = from.at;
  } while (at < source.octets.length);
  return items;
}
