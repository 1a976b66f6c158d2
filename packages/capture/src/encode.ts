import { type Apdu, apduFromJson, apduFromXml, Data, dataFromXml, encodeApdu, encodeData } from "@dlmskit/apdu";
import { asObject, concat, Fault, fromHex, type Json, stepped } from "@dlmskit/core";
import { encodeFrame, frameFromJson, wrapLlc } from "@dlmskit/hdlc";
import { encodeFrame as encodeMbusFrame, MbusFrame } from "@dlmskit/mbus";
import { encodeWpdu, Wpdu } from "@dlmskit/wrapper";
import { senderOf } from "./decipher.ts";

/** What `decode` adds to an APDU of its own: explained already by the other keys. */
const explained = new Set(["plaintext", "verified", "userInformationPdu", "contentPdu", "joined", "fault"]);

function encodeApduJson(json: Json): { readonly apdu: Apdu; readonly octets: Uint8Array } {
  const given = Object.entries(asObject(json)).filter(([key]) => !explained.has(key));
  const apdu = apduFromJson(Object.fromEntries(given));
  return { apdu, octets: encodeApdu(apdu) };
}

function within<T>(step: string, encode: () => T): T {
  try {
    return encode();
  } catch (caught) {
    throw stepped(caught, step);
  }
}

function encodeHdlc(json: { readonly [key: string]: Json }): Uint8Array {
  const { pdu, fault: _, pduFault: __, ...frame } = json;
  if (frame.information !== undefined || pdu === undefined) return encodeFrame(frameFromJson(frame));
  const { apdu, octets } = within("pdu", () => encodeApduJson(pdu));
  const information = wrapLlc(octets, senderOf(apdu.apdu) === "client" ? "command" : "response");
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

/** The octets of the XML form of an APDU or a Data. Fault `bad-xml`, and those of the layer. */
export function encodeXml(xml: string): Uint8Array {
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

/**
 * The octets of a JSON form: an HDLC or M-Bus frame or a WPDU (`layer`), an APDU (`apdu`), a Data (`type`), or a list of them, one after
 * another. Fault `bad-json`, and those of the layer.
 */
export function encodeJson(json: Json): Uint8Array {
  if (Array.isArray(json)) {
    return concat(...json.map((one: Json, at) => within(String(at), () => encodeJson(one))));
  }
  const given = asObject(json);
  if (given.layer === "hdlc") return encodeHdlc(given);
  if (given.layer === "wrapper") return encodeWrapper(given);
  if (given.layer === "mbus") {
    const { pdu: _, fault: __, pduFault: ___, ...frame } = given;
    return encodeMbusFrame(MbusFrame.fromJson(frame));
  }
  if (given.apdu !== undefined) return encodeApduJson(given).octets;
  if (given.type !== undefined) return encodeData(Data.fromJson(given));
  throw new Fault("bad-json", "it is no form that is known", {
    layer: "capture",
    hint: 'one of the keys "layer", "apdu" and "type" says what it is',
  });
}
