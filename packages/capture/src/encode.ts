import {
  type Apdu,
  apduFromJson,
  apduFromXml,
  apduToJson,
  Data,
  dataFromXml,
  decodeApdu,
  decodeData,
  encodeApdu,
  encodeData,
} from "@dlmskit/apdu";
import { asObject, concat, encode, Fault, fromHex, type Json, sameOctets, stepped } from "@dlmskit/core";
import { encodeFrame, frameFromJson, wrapLlc } from "@dlmskit/hdlc";
import { encodeFrame as encodeMbusFrame, MbusFrame, WirelessFrame } from "@dlmskit/mbus";
import { encodeWpdu, Wpdu } from "@dlmskit/wrapper";
import { senderOf } from "./decipher.ts";
import { knownQuirks } from "./pdu.ts";
import { latin1Octets } from "./text/encodings.ts";
import { readXml } from "./xml/dialect.ts";
import type { NumberOptions } from "./xml/numbers.ts";

/** The keys that `decode` adds to the JSON form of an APDU. The other keys already have the information. */
const explained = new Set([
  "plaintext",
  "verified",
  "userInformationPdu",
  "contentPdu",
  "joined",
  "fault",
  "notVerified",
  "pduFault",
]);

/** The JSON form of octets, as text; undefined if they have none. */
function formOf(octets: Uint8Array, form: (octets: Uint8Array) => Json): string | undefined {
  try {
    return JSON.stringify(form(octets));
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

/** The octets that are given with a JSON form, if they still match it. Otherwise the form was changed and is encoded. */
function keptOctets(
  kept: Json | undefined,
  minimal: Uint8Array,
  ...forms: ((octets: Uint8Array) => Json)[]
): Uint8Array {
  if (typeof kept !== "string") return minimal;
  const octets = fromHex(kept);
  return forms.some((form) => formOf(octets, form) === formOf(minimal, form)) ? octets : minimal;
}

function encodeApduJson(json: Json): { readonly apdu: Apdu; readonly octets: Uint8Array } {
  const { octets: kept, ...form } = asObject(json);
  const given = Object.entries(form).filter(([key]) => !explained.has(key));
  const apdu = apduFromJson(Object.fromEntries(given));
  const decoded = apduToJson(apdu);
  const read = (octets: Uint8Array): Json => apduToJson(decodeApdu(octets));
  const quirky = knownQuirks.map((quirk) => (octets: Uint8Array): Json => {
    // The values are compared: the minimal form is decoded without the quirk.
    return sameOctets(octets, minimal) ? decoded : apduToJson(decodeApdu(octets, { quirks: [quirk] }));
  });
  const minimal = encodeApdu(apdu);
  return { apdu, octets: keptOctets(kept, minimal, read, ...quirky) };
}

function encodeDataJson(json: { readonly [key: string]: Json }): Uint8Array {
  const { octets: kept, fault: _, ...form } = json;
  return keptOctets(kept, encodeData(Data.fromJson(form)), (octets) => Data.toJson(decodeData(octets)));
}

function within<T>(step: string, encode: () => T): T {
  try {
    return encode();
  } catch (caught) {
    throw stepped(caught, step);
  }
}

const directionOf = ({ apdu }: Apdu): "command" | "response" => (senderOf(apdu) === "client" ? "command" : "response");

function llcDirection(given: Json): "command" | "response" {
  if (given === "command" || given === "response") return given;
  throw new Fault("bad-json", 'the direction must be "command" or "response"', { layer: "hdlc" });
}

function encodeHdlc(json: { readonly [key: string]: Json }): Uint8Array {
  const { pdu, fault: _, pduFault: __, rejection: ___, ...frame } = json;
  if (frame.information !== undefined || pdu === undefined) return encodeFrame(frameFromJson(frame));
  const { apdu, octets } = within("pdu", () => encodeApduJson(pdu));
  const information = wrapLlc(octets, directionOf(apdu));
  return encodeFrame({ ...frameFromJson(frame), information });
}

function encodeWrapper(json: { readonly [key: string]: Json }): Uint8Array {
  const { pdu, fault: _, pduFault: __, length, ...header } = json;
  const octets = within("pdu", () => (typeof pdu === "string" ? fromHex(pdu) : encodeApduJson(pdu as Json).octets));
  const wpdu = Wpdu.fromJson({ ...header, pdu: "" });
  if (length !== undefined && length !== octets.length) {
    throw new Fault("bad-json", `the length is ${octets.length}, not ${String(length)}`, { layer: "wrapper" });
  }
  return encodeWpdu({ ...wpdu, pdu: octets });
}

function encodeDocument(xml: string): Uint8Array {
  try {
    return encodeApdu(apduFromXml(xml));
  } catch (caught) {
    if (!(caught instanceof Fault) || caught.code !== "bad-xml") throw caught;
    try {
      return encodeData(dataFromXml(xml));
    } catch {
      throw caught;
    }
  }
}

/** The octets of the APDUs or Data in a document, and notes about guesses. */
export interface EncodedXml {
  readonly encoded: readonly Uint8Array[];
  readonly notes: readonly string[];
}

/**
 * Encodes the XML form of APDUs or Data, in our dialect or that of other translators. `<Messages>`, `<HDLC>`, `<WRAPPER>` and
 * `<PDU>` around APDUs are removed. Numbers that can only be decimal are read as decimal; with `decimal` all numbers are.
 * Fault `bad-xml`, also for a number that may be decimal or hex and for a `Qty` that differs from the number of elements, and
 * the Faults of the layer.
 */
export function encodeXmlDocument(xml: string, options: NumberOptions = {}): EncodedXml {
  const { documents, notes } = readXml(xml, options);
  return { encoded: documents.map(encodeDocument), notes };
}

/** Encodes an XML form; the octets of several APDUs or Data are concatenated. Faults as `encodeXmlDocument`. */
export function encodeXml(xml: string, options: NumberOptions = {}): Uint8Array {
  return concat(...encodeXmlDocument(xml, options).encoded);
}

/**
 * Encodes a JSON form: an HDLC or M-Bus frame or a WPDU (`layer`), an APDU (`apdu`), a Data (`type`), or a list of them, whose
 * octets are concatenated. Fault `bad-json`, and the Faults of the layer.
 */
export function encodeJson(json: Json): Uint8Array {
  if (Array.isArray(json)) {
    return concat(...json.map((one: Json, at) => within(String(at), () => encodeJson(one))));
  }
  // The key `packet`, which `decode` adds, is not encoded.
  const { packet: _, ...given } = asObject(json);
  if (given.layer === "hdlc") return encodeHdlc(given);
  if (given.layer === "wrapper") return encodeWrapper(given);
  if (given.layer === "llc") {
    const { apdu, octets } = within("pdu", () => encodeApduJson(given.pdu as Json));
    return wrapLlc(octets, given.direction === undefined ? directionOf(apdu) : llcDirection(given.direction));
  }
  if (given.layer === "p1" && typeof given.text === "string") return latin1Octets(given.text);
  if (given.layer === "mbus" && given.frame === "wireless") {
    const {
      pdu: _,
      fault: __,
      pduFault: ___,
      header: ____,
      sourceSap: _____,
      destinationSap: ______,
      ...frame
    } = given;
    return encode(WirelessFrame, WirelessFrame.fromJson(frame));
  }
  if (given.layer === "mbus") {
    const { pdu: _, fault: __, pduFault: ___, ...frame } = given;
    return encodeMbusFrame(MbusFrame.fromJson(frame));
  }
  if (given.apdu !== undefined) return encodeApduJson(given).octets;
  if (given.type !== undefined) return encodeDataJson(given);
  throw new Fault("bad-json", "it is not a known form", {
    layer: "capture",
    hint: 'it needs one of the keys "layer", "apdu" and "type"',
  });
}
