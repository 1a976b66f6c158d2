import { type Apdu, apduToJson, apduToXml, Data, dataToXml, decodeApdu } from "@dlmskit/apdu";
import { Fault, type Json, Reader, stepped } from "@dlmskit/core";
import { joinedToJson } from "./blocks.ts";
import type { Ciphered } from "./decipher.ts";
import type { Decoded } from "./item.ts";
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

/** A Data, all of the source. */
export function decodeDataSource(source: Source): Decoded {
  const seen = new TreeCollector(source);
  try {
    const from = new Reader(source.octets, { layer: "axdr", observer: seen });
    seen.enter("data", 0);
    const data = Data.read(from);
    seen.leave(from.at, data);
    from.finish();
    const json = Data.toJson(data) as { readonly [key: string]: Json };
    return { json, node: seen.nodes[0] as TreeNode, xml: () => dataToXml(data) };
  } catch (caught) {
    throw placed(caught, source);
  }
}

interface Extras {
  readonly json: Record<string, Json>;
  readonly nodes: TreeNode[];
  fault?: Fault;
  /** Of what is inside and says more than the APDU around it. */
  xml?: () => string;
}

/**
 * An APDU, all of the source, and what is inside it: ciphered, in ACSE user information, in a gateway's or a signed
 * envelope, in joined blocks. Faults as `decodeApdu`; what is wrong inside is the Fault of the result.
 */
export function decodePdu(source: Source, session: Session): Decoded {
  const seen = new TreeCollector(source);
  let apdu: Apdu;
  try {
    apdu = decodeApdu(source.octets, { observer: seen, quirks: session.quirks });
  } catch (caught) {
    throw placed(caught, source);
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
    json: { ...(apduToJson(apdu) as { readonly [key: string]: Json }), ...extras.json },
    node: nodeOf(apdu.apdu, "", source, [...seen.nodes, ...extras.nodes]),
    xml: extras.xml ?? (() => apduToXml(apdu)),
    ...(fault === undefined ? {} : { fault }),
  };
}

function learn(apdu: Apdu, { decipherer }: Session): void {
  if (apdu.apdu === "aarq") decipherer.meet("client", apdu.callingApTitle);
  if (apdu.apdu === "aare") decipherer.meet("server", apdu.respondingApTitle);
  if (apdu.apdu === "initiate-request" && apdu.dedicatedKey !== undefined) decipherer.dedicate(apdu.dedicatedKey);
}

/** What is inside of an APDU, under `key`; its Fault has the key in its path. */
function add(key: string, octets: Source, session: Session, extras: Extras): void {
  try {
    const { json, node, xml, fault } = decodePdu(octets, session);
    if (xml !== undefined && (key === "plaintext" || key === "joined")) extras.xml = xml;
    extras.json[key] = json;
    extras.nodes.push({ ...node, name: key, text: node.name });
    if (fault !== undefined) throw fault;
  } catch (caught) {
    throw stepped(caught, key);
  }
}

function inner(apdu: Apdu, source: Source, session: Session, extras: Extras): void {
  if ("ciphertext" in apdu) {
    open(apdu, source, session, extras);
  } else if ("userInformation" in apdu && apdu.userInformation !== undefined) {
    add("userInformationPdu", source.view(apdu.userInformation), session, extras);
  } else if ("content" in apdu) {
    add("contentPdu", source.view(apdu.content), session, extras);
  } else {
    join(apdu, source, session, extras);
  }
}

function open(apdu: Ciphered, source: Source, session: Session, extras: Extras): void {
  if (!session.decipherer.canOpen(apdu)) return;
  const ciphertext = source.view(apdu.ciphertext);
  const { apdu: plain, verified } = session.decipherer.open(apdu, source.octets);
  extras.json.verified = verified;
  const text = verified ? "the authentication tag is right" : "no, there is no authentication tag";
  add("plaintext", ciphertext.slice(0, plain.length).replaced(plain), session, extras);
  extras.nodes.push(nodeOf("verified", text, ciphertext.slice(plain.length, ciphertext.octets.length), []));
}

function join(apdu: Apdu, source: Source, session: Session, extras: Extras): void {
  const whole = session.blocks.add(apdu, source);
  if (whole === undefined) return;
  if (apdu.apdu === "general-block-transfer") {
    // A block without data only acknowledges.
    if (whole.octets.length > 0) add("joined", whole, session, extras);
    return;
  }
  const joined = joinedToJson(whole.octets);
  extras.json.joined = joined;
  const children = "data" in joined ? [decodeDataSource(whole).node] : [];
  extras.nodes.push(nodeOf("joined", `${whole.octets.length} octets of all blocks`, whole, children));
}
