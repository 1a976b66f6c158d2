import { readFileSync } from "node:fs";
import { decode, encode, Fault, fromHex, Reader, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import {
  decodeData,
  EncodedData,
  EncodedGetResponse,
  encodeApdu,
  encodeData,
  fromData,
  skipData,
  T,
} from "../src/index.ts";
import { anyData } from "./arbitraries.ts";
import { faultOf } from "./fault-of.ts";

it("goes past any Data to its end", () => {
  fc.assert(
    fc.property(anyData, (data) => {
      const octets = encodeData(data);
      const from = new Reader(Uint8Array.of(...octets, 0xaa));
      skipData(from);
      expect(from.at).toBe(octets.length);
      expect(decode(EncodedData, octets)).toEqual({ type: "encoded", octets });
    }),
    { numRuns: times(60) },
  );
});
it("refuses what the Data codec refuses, and accepts what it accepts", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
      let accepted = true;
      try {
        decode(EncodedData, octets);
      } catch (caught) {
        expect(caught).toBeInstanceOf(Fault);
        accepted = false;
      }
      if (!accepted) expect(() => decodeData(octets)).toThrow(Fault);
    }),
    { numRuns: times(200) },
  );
  const { vectors } = JSON.parse(
    readFileSync(new URL("../../../test-vectors/axdr-data.json", import.meta.url), "utf8"),
  ) as { vectors: { id: string; hex: string; valid: boolean }[] };
  for (const { hex, valid } of vectors) {
    if (valid) expect(toHex(encode(EncodedData, decode(EncodedData, fromHex(hex))))).toBe(hex);
  }
});
it("bounds depth and counts", () => {
  expect(faultOf(() => decode(EncodedData, new Uint8Array(6000).fill(1))).code).toBe("too-deep");
  expect(faultOf(() => decode(EncodedData, fromHex("0184ffffffff"))).code).toBe("bad-length");
  expect(faultOf(() => decode(EncodedData, fromHex("0b00"))).code).toBe("unknown-tag");
  expect(faultOf(() => decode(EncodedData, fromHex("0484ffffffff"))).code).toBe("truncated");
});
it("has the JSON of the Data", () => {
  const json = { type: "array", value: [{ type: "unsigned", value: 5 }] };
  const encoded = EncodedData.fromJson(json);
  expect(toHex(encoded.octets)).toBe("01011105");
  expect(EncodedData.toJson(encoded)).toEqual(json);
});
it("leaves the Data of a GET.response to who knows its type", () => {
  const octets = fromHex("c401c100010211011102");
  const response = decode(EncodedGetResponse, octets);
  const data = response.apdu === "get-response-normal" ? response.result.data : undefined;
  expect(data && fromData(T.array(T.unsigned), data)).toEqual([1, 2]);
  expect(encodeApdu(response)).toEqual(octets);
  expect(decode(EncodedGetResponse, fromHex("c403c10200110101fa"))).toMatchObject({
    results: [{ data: { type: "encoded", octets: fromHex("1101") } }, { dataAccessResult: "other-reason" }],
  });
});
