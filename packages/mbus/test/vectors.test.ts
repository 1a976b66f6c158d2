import { readFileSync } from "node:fs";
import { fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { encodeFrame, type MbusFrame, type MbusJoined, MbusJoiner, MbusSplitter, segmentOf } from "../src/index.ts";

interface Vector {
  id: string;
  transport: string;
  hex: string;
  valid: boolean;
  notes?: string;
  decoded: {
    error?: string;
    frames?: { lField: number; c: string; a: string; ci: string; sourceSap: number; destinationSap: number }[];
    ciphered?: { systemTitle: string };
  };
}

const path = new URL("../../../test-vectors/push-captures.json", import.meta.url);
const vectors = (JSON.parse(readFileSync(path, "utf8")).vectors as Vector[]).filter(
  ({ transport }) => transport === "mbus",
);
const valid = vectors.filter((vector) => vector.valid);

function split(hex: string): { frames: MbusFrame[]; joined: MbusJoined[]; faults: string[] } {
  const splitter = new MbusSplitter();
  const joiner = new MbusJoiner();
  const found = splitter.push(fromHex(hex));
  const frames = found.flatMap((one) => (one.frame === undefined ? [] : [one.frame]));
  const faults = found.flatMap((one) => (one.frame === undefined && one.fault ? [one.fault.code] : []));
  return { frames, joined: frames.map((frame) => joiner.push(frame)), faults };
}

describe("vectors: pushes over M-Bus", () => {
  it.each(valid)("$id $notes", ({ hex, decoded }) => {
    const { frames, joined } = split(hex);
    const octet = (number: number): string => number.toString(16).padStart(2, "0");
    expect(
      frames.map((frame) => ({
        c: octet(frame.control),
        a: octet(frame.address),
        ci: octet(frame.controlInformation),
        lField: frame.userData.length + 3,
        sourceSap: segmentOf(frame)?.sourceSap,
        destinationSap: segmentOf(frame)?.destinationSap,
        sequence: segmentOf(frame)?.sequence,
        fin: segmentOf(frame)?.final,
      })),
    ).toMatchObject((decoded.frames ?? []).map(({ octets: _, ...frame }: Record<string, unknown> & object) => frame));
    expect(frames.map((frame) => toHex(encodeFrame(frame))).join("")).toBe(hex);
    const last = joined.at(-1);
    expect(last?.type).toBe("received");
    if (last?.type === "received") {
      expect(toHex(last.pdu).startsWith(`db08${decoded.ciphered?.systemTitle}`)).toBe(true);
    }
  });

  it.each(vectors.filter((vector) => !vector.valid))("$id gives no PDU: $notes", ({ hex, decoded }) => {
    const { joined, faults } = split(hex);
    expect(joined.some(({ type }) => type === "received")).toBe(false);
    if (decoded.error === "mbus-checksum") expect(faults).toContain("mbus-checksum");
  });
});
