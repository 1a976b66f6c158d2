import { readFileSync } from "node:fs";
import { decode, encode, Fault, fromHex, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import {
  type Apdu,
  ApduTag,
  apduFromJson,
  apduToJson,
  cipheredTag,
  conformanceBlock,
  conformanceOf,
  DedTag,
  dataOf,
  decodeApdu,
  encodeApdu,
  GetRequest,
  GetResponse,
  GloTag,
  Invoke,
  KeyInfo,
  LongInvoke,
  plainTag,
  T,
} from "../src/index.ts";
import { apdus } from "./apdus.ts";
import { faultOf } from "./fault-of.ts";

describe("every APDU", () => {
  it.each(apdus)("%s decodes as it was encoded, and comes back from JSON text", (name, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (apdu) => {
        const octets = encodeApdu(apdu);
        expect(decodeApdu(octets)).toEqual(apdu);
        const json = JSON.parse(JSON.stringify(apduToJson(apdu)));
        expect(json.apdu).toBe(name);
        expect(toHex(encodeApdu(apduFromJson(json)))).toBe(toHex(octets));
      }),
      { numRuns: times(40) },
    );
  });
  it("gives a value or a Fault, with an octet changed, lost or added", () => {
    const any = fc.oneof(...apdus.map(([, arbitrary]) => arbitrary));
    const change = fc.record({ at: fc.nat(), octet: fc.nat(255), how: fc.constantFrom("change", "lose", "add") });
    fc.assert(
      fc.property(any, change, (apdu, { at, octet, how }) => {
        const octets = [...encodeApdu(apdu)];
        octets.splice(at % octets.length, how === "add" ? 0 : 1, ...(how === "lose" ? [] : [octet]));
        try {
          const found = decodeApdu(Uint8Array.from(octets));
          expect(decodeApdu(encodeApdu(found))).toEqual(found);
        } catch (caught) {
          expect(caught).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: times(200) },
    );
  });
  it("gives a value or a Fault for any octets behind any tag", () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 80 }), (tag, rest) => {
        try {
          decodeApdu(Uint8Array.of(tag, ...rest));
        } catch (caught) {
          expect(caught).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: times(200) },
    );
  });
  it("of the vectors gives a Fault wherever it is cut", () => {
    for (const layer of ["acse", "xdlms"]) {
      const { vectors } = JSON.parse(
        readFileSync(new URL(`../../../test-vectors/${layer}.json`, import.meta.url), "utf8"),
      ) as { vectors: { hex: string; valid: boolean; kind: string }[] };
      for (const { hex } of vectors.filter((vector) => vector.valid)) {
        const octets = fromHex(hex);
        // What ends in "all that is left" cannot know that it was cut.
        if (octets[0] === ApduTag["gateway-request"]) continue;
        if (octets[0] === ApduTag["exception-response"] && octets.length === 7) continue;
        for (let end = 0; end < octets.length; end++) {
          expect(() => decodeApdu(octets.subarray(0, end)), `${hex} to ${end}`).toThrow(Fault);
        }
      }
    }
  });
});

describe("decodeApdu", () => {
  it("gives types that narrow by the key apdu", () => {
    const apdu: Apdu = decodeApdu(fromHex("c001c100080000010000ff0200"));
    expect(apdu.apdu === "get-request-normal" && apdu.attribute.instanceId).toBe("0.0.1.0.0.255");
    expect(apdu).toEqual({
      apdu: "get-request-normal",
      invokeId: 1,
      priority: "high",
      serviceClass: "confirmed",
      attribute: { classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 },
    });
  });
  it.each([
    ["nothing", "", "truncated", "xdlms", 0],
    ["an unknown tag", "ff00", "unknown-tag", "xdlms", 0],
    ["an unknown choice", "c004c100", "unknown-tag", "xdlms", 1],
    ["octets left over", "c002c10000000100", "trailing-octets", "xdlms", 7],
    ["a presence octet of 2", "c001c100080000010000ff0202", "bad-value", "xdlms", 12],
    ["lists of different length", "c104c1010008000001000000020002110011 01", "list-length-mismatch", "xdlms", 19],
    ["a date-time of 11 octets", "0f000000010b07e80101010000000080000000", "bad-length", "xdlms", 5],
    ["a time with presence 9", "c2090c07e70706040a362600ff88800001808080808000020900", "bad-value", "xdlms", 1],
    ["a conformance block of 3 octets", "0800065f1f0300001d01f40007", "bad-length", "xdlms", 5],
    ["a conformance block of another tag", "0800065e1f0400001d01f40007", "unknown-tag", "xdlms", 3],
    ["a conformance block with unused bits", "0800065f1f040100001d01f40007", "bad-value", "xdlms", 6],
    ["a security header past the end", "c80630000000", "bad-length", "xdlms", 1],
    ["a security header of 4 octets", "c80430000000", "truncated", "xdlms", 2],
  ])("refuses %s", (_, hex, code, layer, offset) => {
    const fault = faultOf(() => decodeApdu(fromHex(hex)));
    expect({ code: fault.code, layer: fault.layer, offset: fault.offset }).toEqual({ code, layer, offset });
  });
  it("names the field", () => {
    const fault = faultOf(() => decodeApdu(fromHex("c403c1020006000000000205")));
    expect(fault.path).toEqual(["get-response-with-list", "results", "1"]);
    const inner = faultOf(() => decodeApdu(fromHex("c401c10002011105110b")));
    expect(inner.code).toBe("trailing-octets");
    const deep = faultOf(() => decodeApdu(fromHex("c401c1000202110511")));
    expect(deep.path).toEqual(["get-response-normal", "result", "data", "1"]);
  });
  it("reads an invocation-counter-error of before edition 8.3, without counter", () => {
    const apdu = decodeApdu(fromHex("d80106"));
    expect(apdu).toEqual({
      apdu: "exception-response",
      stateError: "service-not-allowed",
      serviceError: "invocation-counter-error",
    });
    expect(toHex(encodeApdu(apdu))).toBe("d80106");
  });
  it("takes a part of the octets", () => {
    expect(decodeApdu(fromHex("aac002c100000003bb"), { start: 1, end: 8 }).apdu).toBe("get-request-next");
    expect(faultOf(() => decodeApdu(fromHex("aa"), { start: 1 })).code).toBe("truncated");
  });
  it.each([
    ["c401c1000202110501021100110a", ["invokeIdAndPriority 2-3", "result.data.0 6-8", "result.data.1.1 12-14"]],
    ["c401c100131103010203", ["result.data.0 7-8", "result.data.2 9-10"]],
    ["c8123001234567411312ff935a47566827c467bc", ["securityControl 2-3", "invocationCounter 3-7", "ciphertext 7-20"]],
    ["e0850001000200", ["blockControl 1-2", "blockNumber 2-4", "blockNumberAck 4-6", "blockData 6-7"]],
    ["0fd00000010000", ["longInvokeIdAndPriority 1-5", "dateTime 5-6", "body 6-7"]],
  ])("tells an observer where each field of %s is", (hex, wanted) => {
    const octets = fromHex(hex);
    const path: [string, number][] = [];
    const seen: string[] = [];
    decodeApdu(octets, {
      observer: {
        enter: (step, at) => path.push([step, at]),
        leave(at) {
          const name = path.map(([step]) => step).join(".");
          seen.push(`${name} ${path.pop()?.[1]}-${at}`);
        },
      },
    });
    expect(path).toEqual([]);
    for (const field of wanted) expect(seen).toContain(field);
  });
  it("allows quirks by name only", () => {
    const tagged = fromHex("0f00000001090c07e80101010000000080000000");
    expect(() => decodeApdu(tagged)).toThrow(Fault);
    expect(() => decodeApdu(tagged, { quirks: [] })).toThrow(Fault);
    expect(() => decodeApdu(tagged, { quirks: ["untyped-attribute-descriptors"] })).toThrow(Fault);
    const apdu = decodeApdu(tagged, { quirks: ["date-time-with-data-tag"] });
    expect(toHex(encodeApdu(apdu))).toBe("0f000000010c07e80101010000000080000000");
    const event = fromHex("c2090c07e80101010000000080000000010000616214ff0200");
    expect(() => decodeApdu(event)).toThrow(Fault);
    expect(() => decodeApdu(event, { quirks: ["untyped-attribute-descriptors"] })).toThrow(Fault);
    expect(decodeApdu(event, { quirks: ["date-time-with-data-tag"] }).apdu).toBe("event-notification-request");
    expect(decodeApdu(fromHex("c20000010000616214ff0200"), { quirks: ["date-time-with-data-tag"] })).not.toHaveProperty(
      "time",
    );
    const event2 = fromHex("c2020c07e80101010000000080000000010000616214ff0200");
    expect(() => decodeApdu(event2, { quirks: ["date-time-with-data-tag"] })).toThrow(Fault);
    expect(decodeApdu(fromHex("c002c100000003"), { quirks: ["date-time-with-data-tag"] }).apdu).toBe(
      "get-request-next",
    );
    const other = fromHex("0f0000000100020216010900");
    expect(() => decodeApdu(other, { quirks: ["untyped-attribute-descriptors"] })).toThrow(Fault);
  });
});

describe("encodeApdu", () => {
  it("takes Data that is encoded already", () => {
    const apdu = {
      apdu: "get-response-normal",
      invokeId: 1,
      priority: "high",
      serviceClass: "confirmed",
      result: { data: dataOf(T.array(T.unsigned), [1, 2]) },
    } as const;
    expect(toHex(encodeApdu(apdu))).toBe("c401c100010211011102");
    expect(apduToJson(apdu)).toMatchObject({ result: { data: { type: "array" } } });
  });
  const get = decodeApdu(fromHex("c001c100080000010000ff0200"));
  it.each<[string, unknown, string]>([
    ["no name", {}, "unknown-apdu"],
    ["an unknown name", { apdu: "get" }, "unknown-apdu"],
    ["an unknown form", { ...get, apdu: "get-request-often" }, "unknown-choice"],
    ["an invoke id of 16", { ...get, invokeId: 16 }, "out-of-range"],
    [
      "a list without its other",
      { ...get, apdu: "set-request-with-list", attributes: [], values: [{ type: "null-data" }] },
      "list-length-mismatch",
    ],
    ["no result", { ...get, apdu: "get-response-normal", result: {} }, "unknown-choice"],
    [
      "two results",
      { ...get, apdu: "get-response-normal", result: { data: { type: "null-data" }, dataAccessResult: "success" } },
      "unknown-choice",
    ],
    ["an unknown result", { ...get, apdu: "set-response-normal", result: "done" }, "bad-value"],
    [
      "an unknown conformance bit",
      {
        apdu: "initiate-response",
        negotiatedDlmsVersionNumber: 6,
        negotiatedConformance: ["put"],
        serverMaxReceivePduSize: 1,
        vaaName: 7,
      },
      "bad-value",
    ],
    [
      "text as ciphertext",
      { apdu: "glo-get-request", securityControl: { suite: 0 }, invocationCounter: 1, ciphertext: "00" },
      "type-unmatched",
    ],
    [
      "a suite of 16",
      { apdu: "glo-get-request", securityControl: { suite: 16 }, invocationCounter: 1, ciphertext: new Uint8Array(1) },
      "out-of-range",
    ],
  ])("refuses %s", (_, apdu, code) => {
    expect(faultOf(() => encodeApdu(apdu as Apdu)).code).toBe(code);
  });
});

describe("apduFromJson", () => {
  const invoke = { invokeId: 1, priority: "high", serviceClass: "confirmed" };
  const longInvoke = {
    longInvokeId: 1,
    selfDescriptive: false,
    processingOption: "continue-on-error",
    ...invoke,
    invokeId: undefined,
  };
  const control = { suite: 0, authenticated: true, encrypted: true, broadcast: false, compressed: false };
  it.each<[string, unknown, string]>([
    ["no object", [], "bad-json"],
    ["no name", { invokeId: 1 }, "bad-json"],
    ["an unknown name", { apdu: "got" }, "unknown-apdu"],
    ["a key too many", { apdu: "get-request-next", ...invoke, blockNumber: 1, block: 1 }, "bad-json"],
    ["another priority", { apdu: "get-request-next", ...invoke, priority: "low", blockNumber: 1 }, "bad-json"],
    [
      "a reserved field past its bits",
      { apdu: "get-request-next", ...invoke, reserved: 4, blockNumber: 1 },
      "out-of-range",
    ],
    ["text for a flag", { apdu: "data-notification-confirm", ...longInvoke, selfDescriptive: "no" }, "bad-json"],
    [
      "two choices",
      { apdu: "get-response-normal", ...invoke, result: { data: { type: "null-data" }, more: 1 } },
      "bad-json",
    ],
    ["no choice", { apdu: "get-response-normal", ...invoke, result: {} }, "unknown-choice"],
    [
      "a flag missing",
      { apdu: "glo-get-request", securityControl: {}, invocationCounter: 1, ciphertext: "" },
      "bad-json",
    ],
    [
      "a counter past 32 bits",
      { apdu: "glo-get-request", securityControl: control, invocationCounter: 2 ** 32, ciphertext: "" },
      "out-of-range",
    ],
    ["a block flag that is none", { apdu: "general-block-transfer", lastBlock: 1 }, "bad-json"],
    ["a streaming flag that is none", { apdu: "general-block-transfer", lastBlock: true, streaming: 1 }, "bad-json"],
  ])("refuses %s", (_, json, code) => {
    const text = JSON.parse(JSON.stringify(json));
    expect(faultOf(() => apduFromJson(text)).code).toBe(code);
  });
  it("stands without what has a default", () => {
    const json = {
      apdu: "initiate-request",
      proposedDlmsVersionNumber: 6,
      proposedConformance: ["get"],
      clientMaxReceivePduSize: 1200,
    };
    expect(toHex(encodeApdu(apduFromJson(json)))).toBe("01000000065f1f040000001004b0");
  });
});

describe("parts of APDUs", () => {
  it("are codecs of their own", () => {
    expect(decode(Invoke, fromHex("f1"))).toEqual({
      invokeId: 1,
      priority: "high",
      serviceClass: "confirmed",
      reserved: 3,
    });
    expect(Invoke.fromJson(Invoke.toJson(decode(Invoke, fromHex("c1"))))).toEqual(decode(Invoke, fromHex("c1")));
    expect(faultOf(() => Invoke.fromJson({ invokeId: 1, id: 1 })).code).toBe("bad-json");
    expect(toHex(encode(LongInvoke, decode(LongInvoke, fromHex("ff123456"))))).toBe("ff123456");
    expect(KeyInfo.toJson({ choice: "identified-key", keyId: "global-unicast-encryption-key" })).toEqual({
      choice: "identified-key",
      keyId: "global-unicast-encryption-key",
    });
    expect(decode(GetRequest, fromHex("c002c100000003")).apdu).toBe("get-request-next");
    expect(faultOf(() => decode(GetResponse, fromHex("c002c100000003"))).code).toBe("unknown-tag");
  });
  it("has a ciphered tag for each plain one that may be ciphered, and back", () => {
    expect(cipheredTag(ApduTag["get-request"], "glo")).toBe(0xc8);
    expect(cipheredTag(ApduTag["action-response"], "ded")).toBe(0xd7);
    expect(cipheredTag(ApduTag["data-notification"], "glo")).toBeUndefined();
    expect(cipheredTag(ApduTag["initiate-request"], "ded")).toBeUndefined();
    for (const tag of Object.values(GloTag)) {
      const plain = plainTag(tag);
      expect(plain?.form).toBe("glo");
      expect(cipheredTag(plain?.tag ?? 0, "glo")).toBe(tag);
    }
    for (const tag of Object.values(DedTag)) expect(cipheredTag(plainTag(tag)?.tag ?? 0, "ded")).toBe(tag);
    expect(plainTag(0xc0)).toBeUndefined();
  });
  it("has a conformance block of 24 bits, the first the highest", () => {
    expect(conformanceBlock(["get", "action"])).toBe(0x000011);
    expect(conformanceBlock(["reserved-zero"])).toBe(0x800000);
    expect(conformanceOf(0x007e1f)).toContain("block-transfer-with-action");
    expect(conformanceOf(0xffffff)).toHaveLength(24);
  });
});
