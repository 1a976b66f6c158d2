import { decode, Fault, fcs16, fromHex, toHex, Writer } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import vectors from "../../../test-vectors/hdlc.json" with { type: "json" };
import {
  decodeAddress,
  decodeFrame,
  decodeNegotiation,
  encodeFrame,
  encodeNegotiation,
  Frame,
  FrameSplitter,
  frameFromJson,
  frameToJson,
  type Negotiation,
  writeAddress,
} from "../src/index.ts";

interface Neutral {
  readonly destination: { octets: string; upper: number; lower?: number };
  readonly source: { octets: string; upper: number; lower?: number };
  readonly control: { type: string; pf: boolean; ns?: number; nr?: number };
  readonly segmented: boolean;
  readonly information: string;
  readonly negotiation?: Record<string, number | null>;
}

/** The vectors' neutral shape of a frame in our JSON form, without `parameters`. */
function ours(neutral: Neutral): unknown {
  const address = (one: Neutral["source"]): unknown => ({ ...one, octets: one.octets.length / 2 });
  const { type, pf, ns, nr } = neutral.control;
  return {
    layer: "hdlc",
    frame: type.toLowerCase(),
    destination: address(neutral.destination),
    source: address(neutral.source),
    pollFinal: pf,
    segmented: neutral.segmented,
    ...(ns === undefined ? {} : { sendSequence: ns }),
    ...(nr === undefined ? {} : { receiveSequence: nr }),
    ...(neutral.information === "" ? {} : { information: neutral.information }),
  };
}

const given = (negotiation: Record<string, number | null>): unknown =>
  Object.fromEntries(Object.entries(negotiation).filter(([, value]) => value !== null));

// What the vectors call the refusal, where our code is another word for it.
const codes: Record<string, string> = { truncated: "length-mismatch" };

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (caught) {
    if (caught instanceof Fault) return caught.code;
    throw caught;
  }
  return "nothing thrown";
}

describe("published HDLC octets", () => {
  for (const { id, kind, hex, valid, decoded: neutral } of vectors.vectors) {
    const octets = fromHex(hex);
    const decoded = neutral as unknown;
    if (kind === "frame" && valid) {
      it(`${id}: frame both ways`, () => {
        const frame = decodeFrame(octets);
        const { parameters, ...json } = frameToJson(frame);
        expect(json).toEqual(ours(decoded as Neutral));
        const { negotiation } = decoded as Neutral;
        if (negotiation !== undefined) expect(parameters).toEqual(given(negotiation));
        expect(toHex(encodeFrame(frame))).toBe(hex);
        expect(toHex(encodeFrame(frameFromJson(frameToJson(frame))))).toBe(hex);
        expect(decode(Frame, octets)).toEqual(frame);
      });
    } else if (kind === "frame") {
      it(`${id}: refused`, () => {
        const { error } = decoded as { error: string };
        expect(codeOf(() => decodeFrame(octets))).toBe(codes[error] ?? error);
      });
    } else if (kind === "stream") {
      it(`${id}: stream, whole and octet by octet`, () => {
        const wanted = (decoded as { frames: { hex: string; decoded: Neutral }[] }).frames;
        for (const step of [octets.length, 1]) {
          const splitter = new FrameSplitter(Number.POSITIVE_INFINITY);
          const frames: string[] = [];
          for (let at = 0; at < octets.length; at += step) {
            for (const split of splitter.push(octets.subarray(at, at + step), 0)) {
              if (split.frame !== undefined) frames.push(toHex(split.octets));
            }
          }
          expect(frames).toEqual(wanted.map((frame) => frame.hex));
        }
      });
    } else if (kind === "address" && valid) {
      it(`${id}: address both ways`, () => {
        const { upper, lower } = decoded as { upper: number; lower?: number };
        const address = decodeAddress(octets);
        expect(address).toEqual({ upper, ...(lower === undefined ? {} : { lower }), octets: octets.length });
        const to = new Writer();
        writeAddress(address, to);
        expect(toHex(to.done())).toBe(hex);
      });
    } else if (kind === "address") {
      it(`${id}: refused`, () => expect(codeOf(() => decodeAddress(octets))).toBe("bad-address"));
    } else if (kind === "fcs") {
      it(`${id}: check sequence`, () => {
        const fcs = fcs16(octets);
        expect(toHex(Uint8Array.of(fcs & 0xff, fcs >> 8))).toBe((decoded as { fcs: string }).fcs);
      });
    } else if (kind === "negotiation" && valid) {
      it(`${id}: parameters`, () => {
        const negotiation = decodeNegotiation(octets);
        expect(negotiation).toEqual(given(decoded as Record<string, number | null>));
        // Ours are written in one fixed form, which reads the same.
        expect(decodeNegotiation(encodeNegotiation(negotiation))).toEqual(negotiation satisfies Negotiation);
      });
    } else if (kind === "negotiation") {
      it(`${id}: refused`, () => expect(codeOf(() => decodeNegotiation(octets))).toBe("bad-length"));
    } else {
      it(`${id}: known kind`, () => expect(kind).toBe("one of the kinds above"));
    }
  }
});
