import { readFileSync } from "node:fs";
import { Fault, fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import {
  type Aare,
  type Aarq,
  type ApduQuirk,
  apduFromJson,
  apduToJson,
  Data,
  type DataNotification,
  decodeApdu,
  decodeData,
  encodeApdu,
  encodeData,
  treeOf,
} from "../src/index.ts";
import { expected, neutralApdu, neutralData } from "./neutral.ts";

interface Vector {
  id: string;
  kind: string;
  hex: string;
  decoded: Record<string, unknown>;
  valid: boolean;
  notes?: string;
  quirk?: string[];
}

const load = (layer: string): Vector[] =>
  JSON.parse(readFileSync(new URL(`../../../test-vectors/${layer}.json`, import.meta.url), "utf8")).vectors;

// Decoding takes what the standard allows; encoding is minimal, so these do not come back as they were.
const notMinimal = new Set([
  "axdr-octet-string-009", // length 82 0004
  "axdr-octet-string-010", // length 84 00000002
  "xdlms-access-request-010", // TRUE as FF
  "xdlms-access-response-006", // TRUE as FF
  "xdlms-data-notification-003", // TRUE as FF
  "xdlms-general-block-transfer-003", // length 82 0002
]);

// What is refused by whoever knows the context, not by the codec of the outer APDU.
const refusedAbove: Record<string, (octets: Uint8Array) => void> = {
  // An unknown context is its object identifier: the association answers it with a diagnostic.
  "acse-bad-005": (octets) => {
    const aarq = decodeApdu(octets) as Aarq;
    expect(aarq.applicationContextName).toBe("2.16.756.5.8.1.9");
  },
  // The user information is octets until it is decoded or deciphered.
  "acse-bad-010": (octets) => {
    const aare = decodeApdu(octets) as Aare;
    expect(() => decodeApdu(aare.userInformation as Uint8Array)).toThrow(Fault);
  },
};

describe("vectors: COSEM Data", () => {
  const vectors = load("axdr-data");
  it.each(vectors.filter((vector) => vector.valid))("$id $notes", ({ id, hex, decoded }) => {
    const data = decodeData(fromHex(hex));
    expect(expected(neutralData(data))).toEqual(expected(decoded));
    const again = encodeData(data);
    if (notMinimal.has(id)) expect(decodeData(again)).toEqual(data);
    else expect(toHex(again)).toBe(hex);
    expect(toHex(encodeData(Data.fromJson(Data.toJson(data))))).toBe(toHex(again));
  });
  it.each(vectors.filter((vector) => !vector.valid))("$id is refused: $notes", ({ hex }) => {
    expect(() => decodeData(fromHex(hex))).toThrow(Fault);
  });
});

describe.each(["acse", "xdlms"])("vectors: %s", (layer) => {
  const vectors = load(layer);
  it.each(vectors.filter((vector) => vector.valid))("$id $notes", ({ id, hex, decoded }) => {
    const apdu = decodeApdu(fromHex(hex));
    expect(neutralApdu(apdu)).toEqual(expected(decoded));
    const again = encodeApdu(apdu);
    if (notMinimal.has(id)) expect(decodeApdu(again)).toEqual(apdu);
    else expect(toHex(again)).toBe(hex);
    expect(toHex(encodeApdu(apduFromJson(apduToJson(apdu))))).toBe(toHex(again));
  });
  it.each(vectors.filter((vector) => !vector.valid))("$id is refused: $notes", ({ id, hex }) => {
    const above = refusedAbove[id];
    if (above === undefined) expect(() => decodeApdu(fromHex(hex))).toThrow(Fault);
    else above(fromHex(hex));
  });
});

describe("vectors: captured pushes", () => {
  const vectors = load("push-captures");
  const readable = vectors.filter((vector) => vector.decoded.apduHex !== undefined);
  it.each(readable)("$id", ({ quirk, decoded }) => {
    const octets = fromHex(decoded.apduHex as string);
    const untyped = quirk?.includes("untyped-attribute-descriptors") === true;
    if (untyped) expect(() => decodeApdu(octets)).toThrow(Fault);
    const quirks: ApduQuirk[] = ["date-time-with-data-tag"];
    if (untyped) quirks.push("untyped-attribute-descriptors");
    const apdu = decodeApdu(octets, { quirks });
    const { first, ...wanted } = expected(decoded.apdu) as Record<string, unknown>;
    if (untyped) {
      const { body } = apdu as DataNotification;
      const [one, list] = (treeOf(body) as Data & { type: "structure" }).value as [Data, Data & { type: "array" }];
      expect(one).toEqual(first);
      expect(list.value.length).toBe((decoded.values as unknown[]).length);
      wanted.body = neutralData(body);
    }
    expect(neutralApdu(apdu)).toEqual(wanted);
    expect(decodeApdu(encodeApdu(apdu))).toEqual(apdu);
  });
});
