import { parseXml, printXml, type XmlNode } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { type NumberOptions, settleNumbers } from "./numbers.ts";

/** Our element names for the element names of other translators (in lower case). */
const elements: Readonly<Record<string, string>> = {
  callingauthenticationvalue: "CallingAuthentication",
  respondingauthenticationvalue: "RespondingAuthentication",
  callingapptitle: "CallingAPTitle",
  respondingapptitle: "RespondingAPTitle",
  senderacserequirement: "SenderACSERequirements",
  responderacserequirements: "ResponderACSERequirement",
  nulldata: "None",
};

/** Authentication mechanisms by the names of other translators, in lower case and without separators. */
const mechanisms: Readonly<Record<string, string>> = {
  none: "None",
  lowest: "None",
  lowestlevelsecurity: "None",
  nosecurity: "None",
  low: "Low",
  lowlevelsecurity: "Low",
  lowsecurity: "Low",
  high: "High",
  highlevelsecurity: "High",
  highsecurity: "High",
  ...Object.fromEntries(
    ["MD5", "SHA1", "GMAC", "SHA256", "ECDSA"].flatMap((name) => {
      const low = name.toLowerCase();
      return [`high${low}`, `highsecurity${low}`, `highlevelsecurity${low}`, `highlevelsecuritywith${low}`].map(
        (word) => [word, `High${name}`],
      );
    }),
  ),
};

/** Elements around APDUs that describe the transport, and elements in them that are not APDUs. */
const envelopes = /^(?:messages|pdu|hdlc|wrapper|xdlms-apdu|cosempdu)$/;
const beside = /^(?:targetaddress|sourceaddress|frametype|serveraddress|clientaddress|len|nr|ns)$/;

function rename(node: XmlNode): XmlNode {
  const name = node.name.replace(/^[a-z]\w*:/i, "");
  const low = name.toLowerCase();
  const attributes = new Map(node.attributes);
  const value = attributes.get("Value");
  if (low === "mechanismname" && value !== undefined) {
    const word = mechanisms[value.toLowerCase().replace(/[^a-z0-9]/g, "")];
    if (word !== undefined) attributes.set("Value", word);
  }
  if (
    (low === "boolean" || low === "lastblock" || low === "responseallowed") &&
    /^(?:true|false)$/i.test(value ?? "")
  ) {
    attributes.set("Value", /true/i.test(value ?? "") ? "01" : "00");
  }
  return { name: elements[low] ?? name, attributes, children: node.children.map(rename) };
}

interface Found {
  readonly nodes: XmlNode[];
  /** The names of envelopes whose addresses are not encoded. */
  readonly left: Set<string>;
}

function unwrap(node: XmlNode, found: Found): void {
  const low = node.name.toLowerCase();
  if (!envelopes.test(low)) {
    found.nodes.push(node);
    return;
  }
  for (const child of node.children) {
    if (beside.test(child.name.toLowerCase())) found.left.add(node.name);
    else unwrap(child, found);
  }
}

export interface XmlDocuments {
  /** One document for each APDU or Data, in our dialect. */
  readonly documents: readonly string[];
  /** Texts for people about guesses and omitted parts. */
  readonly notes: readonly string[];
}

/**
 * Converts the XML of other translators to our dialect: removes envelopes and converts names and numbers.
 * Fault `bad-xml`, also for numbers that may be decimal or hex.
 */
export function readXml(text: string, options: NumberOptions = {}): XmlDocuments {
  const found: Found = { nodes: [], left: new Set() };
  unwrap(rename(parseXml(text)), found);
  if (found.nodes.length === 0) throw new Fault("bad-xml", "it contains no APDU", { layer: "xdlms" });
  const notes = [...found.left].map((name) => `only the APDU of <${name}> is encoded, without the addresses`);
  const documents = found.nodes.map((node) => {
    const note = settleNumbers(node, options);
    if (note !== undefined && !notes.includes(note)) notes.push(note);
    return printXml(node);
  });
  return { documents, notes };
}
