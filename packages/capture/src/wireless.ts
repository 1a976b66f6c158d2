import { ApduTag } from "@dlmskit/apdu";
import { decode, Fault, fromHex, type Json, toHex } from "@dlmskit/core";
import { WirelessFrame, withoutCrcs } from "@dlmskit/mbus";
import { framed } from "./framed.ts";
import type { Decoded, Item } from "./item.ts";
import type { Session } from "./session.ts";
import { Source } from "./source.ts";
import { TreeCollector, type TreeNode } from "./tree.ts";

/** The names of the C fields, in both directions. */
const controls: Readonly<Record<number, string>> = {
  8: "RSP-UD",
  24: "RSP-UD",
  40: "RSP-UD",
  56: "RSP-UD",
  68: "SND-NR",
  70: "SND-IR",
  71: "ACC-NR",
  72: "ACC-DMD",
  83: "SND-UD",
  115: "SND-UD",
};
/** Control information of DLMS/COSEM, with the number of octets of the transport header after it (EN 13757-1 and -7). */
const headers: Readonly<Record<number, number>> = { 96: 12, 97: 4, 124: 12, 125: 4 };

/** Whether octets are a wireless M-Bus telegram of DLMS/COSEM, with or without the CRCs of frame format A. */
export function isWireless(octets: Uint8Array): boolean {
  if (controls[octets[1] ?? -1] === undefined || octets.length < 12) return false;
  const plain = octets[0] === octets.length - 1 ? octets : withoutCrcs(octets);
  return plain !== undefined && headers[plain[10] ?? -1] !== undefined;
}

/** Adds the missing tag to a general-glo-ciphering that starts with its system title, as some meters send it. */
export function withGloTag(source: Source): Source {
  const tag = source.slice(0, 1).replaced(Uint8Array.of(ApduTag["general-glo-ciphering"]));
  return Source.join([tag, source]);
}

function headerNodes(header: Source, saps: Source): TreeNode[] {
  const node = (name: string, from: Source, at: number, length: number, text: string): TreeNode => ({
    name,
    text,
    offset: from.place(at),
    octets: from.octets.subarray(at, at + length),
    children: [],
  });
  const at = header.octets.length - 4;
  const long = at > 0 ? [node("address", header, 0, at, toHex(header.octets.subarray(0, at)))] : [];
  return [
    ...long,
    node("accessNumber", header, at, 1, String(header.octets[at])),
    node("status", header, at + 1, 1, toHex(header.octets.subarray(at + 1, at + 2))),
    node("configuration", header, at + 2, 2, toHex(header.octets.subarray(at + 2, at + 4))),
    node("sourceSap", saps, 0, 1, String(saps.octets[0])),
    node("destinationSap", saps, 1, 1, String(saps.octets[1])),
  ];
}

/** A wireless M-Bus telegram that carries DLMS/COSEM. */
export function decodeWireless(given: Source, session: Session): Item {
  // If there are CRCs, offsets refer to the octets without them.
  const plain = given.octets[0] === given.octets.length - 1 ? undefined : withoutCrcs(given.octets);
  const source = plain === undefined ? given : Source.of(plain);
  const seen = new TreeCollector(source);
  const frame = decode(WirelessFrame, source.octets, { layer: "mbus", observer: seen });
  const user = source.view(frame.userData);
  const headerLength = headers[frame.controlInformation] ?? 4;
  const named = seen.nodes.map((node) =>
    node.name === "control" ? { ...node, text: `${controls[frame.control] ?? "unknown"} (${node.text})` } : node,
  );
  const form = WirelessFrame.toJson(frame) as Decoded["json"];
  const node: TreeNode = {
    name: "wireless M-Bus telegram",
    text: `${frame.manufacturer} ${frame.identification}`,
    offset: source.place(0),
    octets: source.octets,
    children: named,
  };
  if (user.octets.length < headerLength + 3) {
    const message = "the telegram ends within its transport header";
    return {
      json: form,
      node,
      fault: new Fault("truncated", message, { layer: "mbus", offset: source.octets.length }),
    };
  }
  const header = user.slice(0, headerLength);
  const saps = user.slice(headerLength, headerLength + 2);
  const last = header.octets.subarray(-4);
  const json: { readonly [key: string]: Json } = {
    ...form,
    header: {
      ...(headerLength > 4 ? { address: toHex(header.octets.subarray(0, 8)) } : {}),
      accessNumber: last[0] as number,
      status: last[1] as number,
      configuration: toHex(last.subarray(2)),
    },
    sourceSap: saps.octets[0] as number,
    destinationSap: saps.octets[1] as number,
  };
  const content = user.slice(headerLength + 2, user.octets.length);
  session.titles = titlesOf(frame);
  session.direction = "";
  const decoded = { json, node: { ...node, children: [...named, ...headerNodes(header, saps)] } };
  const found = framed(decoded, content.octets[0] === 0 ? withGloTag(content) : content, session);
  session.titles = [];
  return found;
}

/** The system titles that meters form from their address if they send none: with the address as sent, or with its letters. */
function titlesOf({ manufacturer, identification, version, deviceType }: WirelessFrame): Uint8Array[] {
  const code = [...manufacturer].reduce((sum, letter) => sum * 32 + ((letter.charCodeAt(0) - 64) & 0x1f), 0);
  const address = [...fromHex(identification).reverse()];
  const letters = [...manufacturer].map((letter) => letter.charCodeAt(0));
  return [
    Uint8Array.of(code & 0xff, code >> 8, ...address, version, deviceType),
    Uint8Array.of(...letters, deviceType, ...fromHex(identification)),
  ];
}
