import { fromHex, type Json, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeOctets, type LayerName } from "../src/decoder.ts";
import { encodeJson } from "../src/encode.ts";
import { itemJson } from "../src/item.ts";

const document = (octets: Uint8Array, layer?: LayerName) => {
  const [item] = decodeOctets(octets, { layer });
  return JSON.parse(JSON.stringify(item === undefined ? {} : itemJson(item))) as { [key: string]: Json };
};

describe("encoding the JSON form gives the octets again", () => {
  it.each([
    ["a boolean that is not 01", "0305"],
    ["a length in more octets than it needs", "0981020102"],
    ["a count in more octets than it needs", "01820001" + "1105"],
    ["unused bits that are set", "0403ff"],
    ["a boolean within", "0202" + "03ff" + "1105"],
    ["an APDU with a long length", "c101c100010000600100ff0200098200020102"],
    ["a wrapper PDU around it", "000100100001001" + "3" + "c101c100010000600100ff0200098200020102"],
    [
      "an AARQ with a long length",
      "60811d a109060760857405080101be10040e01000000065f1f0400001c1f012c".replace(" ", ""),
    ],
  ])("%s", (_, hex) => {
    const found = document(fromHex(hex));
    expect(found).not.toHaveProperty("fault");
    expect(toHex(encodeJson(found))).toBe(hex);
  });

  it("only where it is not the minimal form is there another member", () => {
    expect(document(fromHex("0305"))).toEqual({ type: "boolean", value: true, octets: "0305" });
    expect(document(fromHex("0301"))).toEqual({ type: "boolean", value: true });
  });

  it("a form that was changed is encoded as it is now", () => {
    expect(toHex(encodeJson({ ...document(fromHex("0305")), value: false }))).toBe("0300");
    const request = { ...document(fromHex("c101c100010000600100ff0200098200020102")), invokeId: 2 };
    expect(toHex(encodeJson(request))).toBe("c101c200010000600100ff020009020102");
  });

  it.each<LayerName>(["data", "apdu"])("any octets that decode as %s", (layer) => {
    const first =
      layer === "data" ? [1, 2, 3, 4, 5, 9, 10, 15, 17, 22] : [0x0f, 0x60, 0x61, 0xc0, 0xc1, 0xc2, 0xc4, 0xd9];
    fc.assert(
      fc.property(fc.constantFrom(...first), fc.uint8Array({ maxLength: 40 }), (tag, rest) => {
        const octets = Uint8Array.of(tag, ...rest);
        const found = document(octets, layer);
        if (found.fault !== undefined || (found.type === undefined && found.apdu === undefined)) return;
        expect(toHex(encodeJson(found))).toBe(toHex(octets));
      }),
      { numRuns: 2000 },
    );
  });
});
