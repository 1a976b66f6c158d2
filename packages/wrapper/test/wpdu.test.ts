import { decode, encode, Fault, fromHex, type Json, Reader, type ReadObserver, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import vectors from "../../../test-vectors/wrapper.json" with { type: "json" };
import { decodeWpdu, encodeWpdu, Wpdu, WpduSplitter } from "../src/index.ts";

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (caught) {
    if (caught instanceof Fault) return caught.code;
    throw caught;
  }
  return "none";
};

interface Neutral {
  readonly sourceWPort: number;
  readonly destinationWPort: number;
  readonly length: number;
  readonly apdu: string;
}

const ours = ({ sourceWPort, destinationWPort, length, apdu }: Neutral): Json => ({
  layer: "wrapper",
  source: sourceWPort,
  destination: destinationWPort,
  length,
  pdu: apdu,
});

describe("published wrapper octets", () => {
  for (const { id, kind, hex, valid, decoded: neutral } of vectors.vectors) {
    const octets = fromHex(hex);
    const decoded = neutral as unknown;
    if (kind === "wpdu" && valid) {
      it(`${id}: both ways`, () => {
        const wpdu = decodeWpdu(octets);
        expect(Wpdu.toJson(wpdu)).toEqual(ours(decoded as Neutral));
        expect(toHex(encodeWpdu(wpdu))).toBe(hex);
        expect(toHex(encodeWpdu(Wpdu.fromJson(ours(decoded as Neutral))))).toBe(hex);
      });
    } else if (kind === "wpdu") {
      it(`${id}: refused`, () => {
        const { error } = decoded as { error: string };
        expect(codeOf(() => decodeWpdu(octets))).toBe(error === "version" ? "bad-version" : error);
      });
    } else {
      it(`${id}: stream, whole and octet by octet`, () => {
        const { wpdus, incomplete } = decoded as { wpdus: Neutral[]; incomplete: number };
        for (const step of [octets.length, 1]) {
          const splitter = new WpduSplitter(65535);
          const found: Json[] = [];
          for (let at = 0; at < octets.length; at += step) {
            found.push(...splitter.push(octets.subarray(at, at + step)).map((wpdu) => Wpdu.toJson(wpdu)));
          }
          expect(found).toEqual(wpdus.map(ours));
          expect(splitter.held).toBe(incomplete);
        }
      });
    }
  }
});

const port = fc.nat({ max: 0xffff });
const anyWpdu = fc.record({ source: port, destination: port, pdu: fc.uint8Array({ maxLength: 40 }) });

describe("the WPDU codec", () => {
  it("encodes as `encodeWpdu` does, which makes the octets without a codec", () => {
    fc.assert(fc.property(anyWpdu, (wpdu) => void expect(encodeWpdu(wpdu)).toEqual(encode(Wpdu, wpdu))));
    for (const source of [-1, 0x10000, 1.5]) {
      expect(codeOf(() => encodeWpdu({ source, destination: 1, pdu: new Uint8Array(1) }))).toBe("out-of-range");
    }
  });

  it("is lossless in octets and in JSON", () => {
    fc.assert(
      fc.property(anyWpdu, (wpdu) => {
        expect(decodeWpdu(encodeWpdu(wpdu))).toEqual(wpdu);
        expect(Wpdu.fromJson(Wpdu.toJson(wpdu))).toEqual(wpdu);
      }),
    );
  });

  it("is total", () => {
    const near = fc.tuple(anyWpdu, fc.nat(), fc.nat({ max: 255 })).map(([wpdu, at, octet]) => {
      const octets = encodeWpdu(wpdu);
      octets[at % octets.length] = octet;
      return octets;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 32 }), near), (octets) => {
        expect(["none", "bad-version", "truncated", "trailing-octets"]).toContain(codeOf(() => decodeWpdu(octets)));
      }),
    );
  });

  it("refuses what it cannot write, and JSON that is none", () => {
    const pdu = Uint8Array.of(1);
    expect(codeOf(() => encodeWpdu({ source: 1, destination: 1, pdu: new Uint8Array(65536) }))).toBe("pdu-too-long");
    expect(codeOf(() => encodeWpdu({ source: 65536, destination: 1, pdu }))).toBe("out-of-range");
    expect(toHex(Wpdu.fromJson({ source: 1, destination: 2, pdu: "c0 01" }).pdu)).toBe("c001");
    for (const wrong of [
      null,
      { source: 1, destination: 1 },
      { source: 1, pdu: "" },
      { source: 1, destination: 1, pdu: "00", length: 2 },
      { source: 1, destination: 1, pdu: "00", layer: "hdlc" },
      { source: 1, destination: 1, pdu: "00", version: 1 },
    ]) {
      expect(codeOf(() => Wpdu.fromJson(wrong as Json))).toBe("bad-json");
    }
  });

  it("tells an observer where the fields lie", () => {
    const seen: string[] = [];
    const observer: ReadObserver = {
      enter: (step, offset) => seen.push(`${step}@${offset}`),
      leave: (offset) => seen.push(`${seen.pop()}-${offset}`),
    };
    Wpdu.read(new Reader(fromHex("0001001000010002c001"), { observer }));
    expect(seen.join(" ")).toBe("version@0-2 source@2-4 destination@4-6 length@6-8 pdu@8-10");
    expect(decode(Wpdu, fromHex("0001001000010000")).pdu).toHaveLength(0);
  });

  it("W5 any cut of a stream gives the same", () => {
    fc.assert(
      fc.property(
        fc.array(anyWpdu, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
        (wpdus, steps) => {
          const stream = Uint8Array.from(wpdus.flatMap((wpdu) => [...encodeWpdu(wpdu)]));
          const splitter = new WpduSplitter(65535);
          const found: unknown[] = [];
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const step = steps[turn % steps.length] as number;
            found.push(...splitter.push(stream.subarray(at, at + step)));
            at += step;
          }
          expect(found).toEqual(wpdus);
          expect(splitter.held).toBe(0);
        },
      ),
    );
  });
});
