import { type ApduQuirk, decodeApdu } from "@dlmskit/apdu";
import { concat, decode, Fault, fcs16, fromHex, toHex, Writer } from "@dlmskit/core";
import {
  decodeAddress,
  decodeFrame,
  decodeNegotiation,
  encodeFrame,
  encodeNegotiation,
  FrameSplitter,
  frameFromJson,
  frameToJson,
  unwrapLlc,
  writeAddress,
} from "@dlmskit/hdlc";
import { encodeFrame as encodeMbusFrame, MbusFrame, MbusJoiner, MbusSplitter } from "@dlmskit/mbus";
import { encodeWpdu, Wpdu, WpduSplitter } from "@dlmskit/wrapper";
import { same, type Vector } from "./vector.ts";

function hdlcStream(octets: Uint8Array): string[] {
  const splitter = new FrameSplitter(Number.POSITIVE_INFINITY);
  return splitter
    .push(octets, 0)
    .flatMap((split) => (split.frame === undefined ? [] : [toHex(encodeFrame(split.frame))]));
}

export function hdlc({ kind, hex, decoded }: Vector): void {
  const octets = fromHex(hex);
  switch (kind) {
    case "frame": {
      const frame = decodeFrame(octets);
      same(toHex(encodeFrame(frameFromJson(frameToJson(frame)))), hex);
      return;
    }
    case "stream":
      same(
        hdlcStream(octets),
        decoded.frames.map((frame: { hex: string }) => frame.hex),
      );
      return;
    case "address": {
      const to = new Writer();
      writeAddress(decodeAddress(octets), to);
      same(toHex(to.done()), hex);
      return;
    }
    case "negotiation": {
      const negotiation = decodeNegotiation(octets);
      same(decodeNegotiation(encodeNegotiation(negotiation)), negotiation);
      return;
    }
    case "fcs": {
      const fcs = fcs16(octets);
      same(toHex(Uint8Array.of(fcs & 0xff, fcs >> 8)), decoded.fcs);
      return;
    }
    default:
      throw new Error(`nobody knows the kind ${kind}`);
  }
}

export function wrapper({ kind, hex, decoded }: Vector): void {
  const octets = fromHex(hex);
  if (kind === "wpdu") {
    const wpdu = decode(Wpdu, octets, { layer: "wrapper" });
    same(toHex(encodeWpdu(Wpdu.fromJson(Wpdu.toJson(wpdu)))), hex);
    return;
  }
  const splitter = new WpduSplitter(0xffff);
  const wpdus = splitter.push(octets);
  const apdus = decoded.wpdus.map(({ apdu }: { apdu: string }) => apdu);
  same([wpdus.map(({ pdu }) => toHex(pdu)), splitter.held], [apdus, decoded.incomplete]);
}

/** The blocks of a general block transfer that a push is cut into must come in order: the receiver drops it otherwise. */
function checkBlocks(octets: Uint8Array): void {
  let last = 0;
  for (const { frame } of new FrameSplitter(Number.POSITIVE_INFINITY).push(octets, 0)) {
    const pdu = frame === undefined ? undefined : (unwrapLlc(frame.information, "response") ?? frame.information);
    // Only what is whole in one frame: a tag of E0.
    if (pdu?.[0] !== 0xe0) continue;
    const apdu = decodeApdu(pdu);
    if (apdu.apdu !== "general-block-transfer") continue;
    if (apdu.blockNumber !== last + 1)
      throw new Fault("block-out-of-order", `${apdu.blockNumber} behind ${last}`, { layer: "xdlms" });
    last = apdu.blockNumber;
  }
}

const quirks: readonly ApduQuirk[] = ["date-time-with-data-tag", "untyped-attribute-descriptors"];

/** A push: its frames are found and written again, and the APDU that is in them is read. */
export function push({ hex, decoded, transport, quirk }: Vector): void {
  const octets = fromHex(hex);
  if (transport === "mbus") {
    const joiner = new MbusJoiner();
    const frames = new MbusSplitter().push(octets).flatMap((split) => (split.frame === undefined ? [] : [split.frame]));
    same(toHex(concat(...frames.map((frame) => encodeMbusFrame(MbusFrame.fromJson(MbusFrame.toJson(frame)))))), hex);
    const joined = frames.map((frame) => joiner.push(frame));
    same(joined.at(-1)?.type, "received");
  } else if (transport === "wrapper") {
    same(toHex(concat(...new WpduSplitter(0xffff).push(octets).map(encodeWpdu))), hex);
  } else if (transport === "hdlc") {
    same(hdlcStream(octets).join(""), hex);
    checkBlocks(octets);
  }
  if (decoded.apduHex === undefined) return;
  const untyped = quirk?.includes("untyped-attribute-descriptors") === true;
  decodeApdu(fromHex(decoded.apduHex), { quirks: untyped ? quirks : quirks.slice(0, 1) });
}
