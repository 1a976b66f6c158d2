import {
  type Apdu,
  type ApduQuirk,
  apduToJson,
  apduToXml,
  Data,
  dataToXml,
  decodeApdu,
  encodeApdu,
  encodeData,
  type GeneralSigning,
  gatewayKey,
} from "@dlmskit/apdu";
import { Fault, type Json, Reader, sameOctets, stepped, toHex, toLatin1 } from "@dlmskit/core";
import { joinedToJson } from "./blocks.ts";
import type { Ciphered } from "./decipher.ts";
import type { Item } from "./item.ts";
import { decodeP1, isP1 } from "./p1.ts";
import type { Session } from "./session.ts";
import type { Source } from "./source.ts";
import { TreeCollector, type TreeNode } from "./tree.ts";

/** The Fault with its offset in the input, and `step` before its path. */
export function placed(caught: unknown, source: Source, step?: string): unknown {
  if (!(caught instanceof Fault)) return caught;
  const { code, message, layer, offset, hint, expected, cause } = caught;
  const fault = new Fault(code, message, {
    layer,
    ...(offset === undefined ? {} : { offset: source.place(offset) }),
    ...(hint === undefined ? {} : { hint }),
    ...(expected === undefined ? {} : { expected }),
    ...(cause === undefined ? {} : { cause }),
  });
  fault.path.push(...caught.path);
  return step === undefined ? fault : stepped(fault, step);
}

function nodeOf(name: string, text: string, source: Source, children: TreeNode[]): TreeNode {
  return { name, text, offset: source.place(0), octets: source.octets, children };
}

/** The octets themselves if they differ from the minimal encoding, which the encoder gives. */
function unlessMinimal(octets: Uint8Array, encoded: () => Uint8Array): { readonly octets?: string } {
  try {
    if (sameOctets(encoded(), octets)) return {};
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
  }
  return { octets: toHex(octets) };
}

/** The fields that were read before a Fault, and the Fault. */
function brokenOff(caught: unknown, seen: TreeCollector, source: Source, name?: string): Item {
  if (!(caught instanceof Fault)) throw caught;
  const nodes = seen.finish(caught.message);
  const fault = placed(caught, source) as Fault;
  if (nodes.length === 0) return { fault };
  const [whole] = nodes;
  if (name === undefined && whole !== undefined) return { node: whole, fault };
  return { node: nodeOf(name ?? "octets", "", source, nodes), fault };
}

/** Decodes the source as one Data. Invalid octets give the fields up to the Fault. */
export function decodeDataSource(source: Source): Item {
  const seen = new TreeCollector(source);
  try {
    const from = new Reader(source.octets, { layer: "axdr", observer: seen });
    seen.enter("data", 0);
    const data = Data.read(from);
    seen.leave(from.at, data);
    from.finish();
    const json = Data.toJson(data) as { readonly [key: string]: Json };
    const whole = { ...json, ...unlessMinimal(source.octets, () => encodeData(data)) };
    return { json: whole, node: seen.nodes[0] as TreeNode, xml: () => dataToXml(data) };
  } catch (caught) {
    return brokenOff(caught, seen, source);
  }
}

interface Extras {
  readonly json: Record<string, Json>;
  readonly nodes: TreeNode[];
  fault?: Fault;
  /** The XML form of the content, if it has more information than the outer APDU. */
  xml?: () => string;
}

/**
 * Decodes the source as one APDU, and also the APDU inside it: in ciphertext, in ACSE user information, in a gateway or signed
 * APDU, in joined blocks. An error inside is the Fault of the result. If the source is not an APDU, the result has no `json`,
 * and has the fields up to the Fault.
 */
export function decodePdu(source: Source, session: Session): Item {
  const seen = new TreeCollector(source);
  let apdu: Apdu;
  try {
    apdu = decodeApdu(source.octets, { observer: seen, quirks: session.quirks });
  } catch (caught) {
    const fault = caught instanceof Fault ? withQuirk(caught, source.octets, session) : caught;
    return brokenOff(fault, seen, source, (caught instanceof Fault ? caught.path[0] : undefined) ?? "APDU");
  }
  const extras: Extras = { json: {}, nodes: [] };
  learn(apdu, session);
  try {
    inner(apdu, source, session, extras);
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    extras.fault = caught;
  }
  const { fault } = extras;
  return {
    json: {
      ...(apduToJson(apdu) as { readonly [key: string]: Json }),
      ...unlessMinimal(source.octets, () => encodeApdu(apdu)),
      ...extras.json,
    },
    node: nodeOf(apdu.apdu, "", source, [...seen.nodes, ...extras.nodes]),
    xml: extras.xml ?? (() => apduToXml(apdu)),
    ...(fault === undefined ? {} : { fault }),
  };
}

function learn(apdu: Apdu, { decipherer, association }: Session): void {
  if (apdu.apdu === "aarq") decipherer.meet(association, "client", apdu.callingApTitle);
  if (apdu.apdu === "aare") decipherer.meet(association, "server", apdu.respondingApTitle);
  if (apdu.apdu === "initiate-request" && apdu.dedicatedKey !== undefined) {
    decipherer.dedicate(association, apdu.dedicatedKey);
  }
}

/** The quirks for the non-standard octets of some meters. */
export const knownQuirks: readonly ApduQuirk[] = ["date-time-with-data-tag", "untyped-attribute-descriptors"];

/** The Fault, with a hint if a quirk would accept the octets. */
function withQuirk(fault: Fault, octets: Uint8Array, { quirks }: Session): Fault {
  for (const quirk of knownQuirks) {
    if (quirks.includes(quirk)) continue;
    try {
      decodeApdu(octets, { quirks: [...quirks, quirk] });
    } catch (caught) {
      if (caught instanceof Fault) continue;
      throw caught;
    }
    const { code, message, layer, offset } = fault;
    const hint = `--quirk ${quirk} accepts it`;
    const hinted = new Fault(code, message, { layer, hint, ...(offset === undefined ? {} : { offset }) });
    hinted.path.push(...fault.path);
    return hinted;
  }
  return fault;
}

/** Adds the decoded content of an APDU under `key`; its Fault has the key in its path. */
function add(key: string, octets: Source, session: Session, extras: Extras): void {
  const { json, node, xml, fault } = decodePdu(octets, session);
  if (xml !== undefined && (key === "plaintext" || key === "joined")) extras.xml = xml;
  if (json !== undefined) extras.json[key] = json;
  if (node !== undefined) extras.nodes.push({ ...node, name: key, text: node.name });
  if (fault !== undefined) throw stepped(fault, key);
}

const isText = (octets: Uint8Array): boolean =>
  octets.length > 0 &&
  octets.every((octet) => (octet >= 0x20 && octet < 0x7f) || octet === 9 || octet === 10 || octet === 13);

/** Adds a plaintext: an APDU, otherwise a P1 telegram, text or octets. A plaintext that is not an APDU is also kept. */
function addPlaintext(plain: Source, verified: boolean, session: Session, extras: Extras): void {
  if (isP1(plain.octets)) {
    const { json, node } = decodeP1(plain);
    extras.json.plaintext = json;
    extras.nodes.push({ ...node, name: "plaintext" });
    return;
  }
  const { octets } = plain;
  const before = extras.nodes.length;
  try {
    add("plaintext", plain, session, extras);
  } catch (caught) {
    if (extras.json.plaintext !== undefined) throw caught;
    const partial = extras.nodes.splice(before);
    if (isText(octets)) {
      const text = toLatin1(octets);
      extras.json.plaintext = { text };
      extras.nodes.push(nodeOf("plaintext", JSON.stringify(text), plain, []));
      return;
    }
    extras.json.plaintext = { octets: toHex(octets) };
    extras.nodes.push(...(partial.length > 0 ? partial : [nodeOf("plaintext", toHex(octets), plain, [])]));
    if (verified || !(caught instanceof Fault)) throw caught;
    const hint = "the plaintext is not verified; a wrong key is the likely cause";
    const { code, message, layer, offset } = caught;
    const fault = new Fault(code, message, { layer, hint, ...(offset === undefined ? {} : { offset }) });
    fault.path.push(...caught.path);
    throw fault;
  }
}

function inner(apdu: Apdu, source: Source, session: Session, extras: Extras): void {
  if ("ciphertext" in apdu) {
    open(apdu, source, session, extras);
  } else if ("userInformation" in apdu && apdu.userInformation !== undefined) {
    add("userInformationPdu", source.view(apdu.userInformation), session, extras);
  } else if ("content" in apdu) {
    const content = source.view(apdu.content);
    try {
      if ("networkId" in apdu) {
        session.behind(gatewayKey(apdu), () => add("contentPdu", content, session, extras));
      } else add("contentPdu", content, session, extras);
    } finally {
      if (apdu.apdu === "general-signing") sign(apdu, source, session, extras);
    }
  } else {
    join(apdu, source, session, extras);
  }
}

function open(apdu: Ciphered, source: Source, session: Session, extras: Extras): void {
  session.decipherer.enter(session.association);
  if (!session.decipherer.canOpen(apdu)) return;
  const ciphertext = source.view(apdu.ciphertext);
  const { apdu: plain, verified, why } = session.decipherer.open(apdu, source.octets, session.titles);
  extras.json.verified = verified;
  if (why !== undefined) extras.json.notVerified = why;
  const text = verified
    ? "the authentication tag is right"
    : why === undefined
      ? "no, there is no authentication tag"
      : `NOT VERIFIED: ${why}`;
  try {
    addPlaintext(ciphertext.slice(0, plain.length).replaced(plain), verified, session, extras);
  } finally {
    extras.nodes.push(nodeOf("verified", text, ciphertext.slice(plain.length, ciphertext.octets.length), []));
  }
}

/** Adds whether the signature is right. The content is shown in any case, because it is not encrypted. */
function sign(apdu: GeneralSigning, source: Source, session: Session, extras: Extras): void {
  let why: string | undefined = "the signature is wrong";
  try {
    why = session.decipherer.signature(apdu, session.titles);
  } finally {
    extras.json.verified = why === undefined;
    if (why !== undefined) extras.json.notVerified = why;
    const text = why === undefined ? "the signature is right" : `NOT VERIFIED: ${why}`;
    extras.nodes.push(nodeOf("verified", text, source.view(apdu.signature), []));
  }
}

function join(apdu: Apdu, source: Source, session: Session, extras: Extras): void {
  const whole = session.blocks.add(apdu, source, session.direction);
  if (whole === undefined) return;
  if (apdu.apdu === "general-block-transfer") {
    // A block without data is only an acknowledgement.
    if (whole.octets.length > 0) add("joined", whole, session, extras);
    return;
  }
  const joined = joinedToJson(whole.octets);
  extras.json.joined = joined;
  const { node } = "data" in joined ? decodeDataSource(whole) : {};
  const children = node === undefined ? [] : [node];
  extras.nodes.push(nodeOf("joined", `${whole.octets.length} octets of all blocks`, whole, children));
}
