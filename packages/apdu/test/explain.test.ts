import { readFileSync } from "node:fs";
import { CosemDateTime, decode, Fault, fromHex, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import {
  type Explained,
  Explainer,
  type ExplainNames,
  encodeApdu,
  encodeData,
  explainApdu,
  explainData,
} from "../src/index.ts";
import { anyData } from "./arbitraries.ts";

const lines = ({ fields }: Explained): string[] =>
  fields.map(({ offset, length, path, text }) => `${offset}+${length} ${path.join(".")}: ${text}`);

const names: ExplainNames = {
  object: (name) => (name === "1.0.1.8.0.255" ? "active energy import" : undefined),
  interfaceClass: (classId) => (classId === 3 ? "Register" : undefined),
  attribute: (classId, attributeId) => (classId === 3 && attributeId === 2 ? "value" : undefined),
  method: (classId, methodId) => (classId === 3 && methodId === 1 ? "reset" : undefined),
  unit: (unit) => (unit === 30 ? "Wh" : undefined),
};

describe("explain", () => {
  it("tells each field of a GET with the names that it is given", () => {
    expect(lines(explainApdu(fromHex("c001c100030100010800ff0200"), { names }))).toEqual([
      "0+2 apdu: get-request-normal",
      "2+1 invokeIdAndPriority: invokeId 1, priority high, serviceClass confirmed",
      "3+9 attribute: ",
      "3+2 attribute.classId: 3 (Register)",
      "5+6 attribute.instanceId: 1.0.1.8.0.255 (active energy import)",
      "11+1 attribute.attributeId: 2 (value)",
    ]);
    const action = explainApdu(fromHex("c301c100030100010800ff0100"), { names, base: 8 });
    expect(lines(action)).toContain("19+1 method.methodId: 1 (reset)");
  });

  it("does without names", () => {
    const { fields } = explainApdu(fromHex("c001c100030100010800ff0200"));
    expect(fields.map(({ text }) => text)).toContain("1.0.1.8.0.255");
  });

  it("tells a scaler's unit", () => {
    expect(lines(explainApdu(fromHex("c401c10002020f00161e"), { names })).slice(2)).toEqual([
      "3+7 result: ",
      "4+6 result.data: structure of 2",
      "6+2 result.data.0: integer 0",
      "8+2 result.data.1: enum 30 (Wh)",
    ]);
    expect(lines(explainData(fromHex("0202160f161e"), { names }))).toContain("4+2 data.1: enum 30");
  });

  it("goes into the user information of an AARQ", () => {
    const hex =
      "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f0400007e1fffff";
    const told = explainApdu(fromHex(hex));
    expect(lines(told)).toContain("42+2 userInformation.apdu: initiate-request");
    expect(lines(told)).toContain("54+2 userInformation.clientMaxReceivePduSize: 65535");
    expect(lines(told).find((line) => line.includes("proposedConformance"))).toContain("get, set, selective-access");
    for (const { octets, offset, length } of told.fields) {
      expect(toHex(octets)).toBe(hex.slice(offset * 2, (offset + length) * 2));
    }
    const other = encodeApdu({
      apdu: "aarq",
      applicationContextName: "logical-name-referencing-no-ciphering",
      userInformation: fromHex("ff"),
    });
    expect(lines(explainApdu(other)).at(-1)).toContain("userInformation: ff");
  });

  it("guesses what octets are", () => {
    const data = (hex: string): string => explainData(fromHex(hex), { names }).fields[0]?.text ?? "";
    expect(data("090c07ea0b18020c1e00ff800000")).toContain("(2026-11-24 12:30:00)");
    expect(data("090cffffffffffffffffffffffff")).toContain("****");
    expect(data("090c07ea0f18020c1e00ff800000")).toBe("octet-string 07ea0f18020c1e00ff800000");
    expect(data("090c07ea0bc8020c1e00ff800000")).toBe("octet-string 07ea0bc8020c1e00ff800000");
    expect(data("090a31323334353637383930")).toBe('octet-string 31323334353637383930 ("1234567890")');
    expect(data("09060100010800ff")).toBe("octet-string 0100010800ff (1.0.1.8.0.255 (active energy import))");
    expect(data("09060100020800ff")).toBe("octet-string 0100020800ff (1.0.2.8.0.255)");
    expect(data("0906010002080001")).toBe("octet-string 010002080001");
    expect(data("0900")).toBe("octet-string empty");
    expect(data(`0940${"00".repeat(64)}`)).toMatch(/… \(64 octets\)$/);
    expect(data("0a0141")).toBe('visible-string "A"');
    expect(data("00")).toBe("null-data");
    expect(data("1907ea0b18020c1e00ff800000")).toContain("date-time 2026-11-24");
    expect(data("1a07ea0b18ff")).toBe("date year 2026, month 11, day 24, dayOfWeek any");
  });

  it("tells what security there is, lists, dates and nothing", () => {
    const ciphered = explainApdu(fromHex("c8123000000001aabbccddeeff00112233445566"));
    expect(lines(ciphered)).toContain("2+1 securityControl: suite 0, authenticated, encrypted");
    const read = explainApdu(encodeApdu({ apdu: "write-response", results: [{ success: null }] }));
    expect(lines(read)).toContain("1+2 results: list of 1");
    expect(lines(read).at(-1)).toContain("success: nothing");
    const dateTime = decode(CosemDateTime, fromHex("07ea0b18020c1e00ff800000"));
    const push = explainApdu(
      encodeApdu({
        apdu: "data-notification",
        longInvokeId: 1,
        selfDescriptive: false,
        processingOption: "continue-on-error",
        serviceClass: "unconfirmed",
        priority: "normal",
        dateTime,
        body: { type: "null-data" },
      }),
    );
    expect(lines(push)).toContain("5+13 dateTime: 2026-11-24 12:30:00");
    const aarq = encodeApdu({
      apdu: "aarq",
      applicationContextName: "logical-name-referencing-no-ciphering",
      callingAuthenticationValue: { choice: "charstring", value: fromHex("313233") },
    });
    expect(lines(explainApdu(aarq)).at(-1)).toContain('choice charstring, value 313233 ("123")');
  });

  it("tells what was read before a Fault, and the Fault", () => {
    const told = explainApdu(fromHex("c401c1000202110715"));
    expect(told.fault).toBeInstanceOf(Fault);
    expect(lines(told)).toEqual([
      "0+2 apdu: get-response-normal",
      "2+1 invokeIdAndPriority: invokeId 1, priority high, serviceClass confirmed",
      "3+6 result: ",
      "4+5 result.data: ",
      "6+2 result.data.0: unsigned 7",
      "8+1 result.data.1: ",
    ]);
    expect(explainApdu(fromHex("ff")).fields).toEqual([]);
    expect(explainApdu(new Uint8Array(0)).fault?.code).toBe("truncated");
    expect(explainData(fromHex("0000")).fault?.code).toBe("trailing-octets");
  });

  it("is quick for a long profile", () => {
    const row = {
      type: "structure",
      value: Array.from({ length: 8 }, () => ({ type: "unsigned", value: 1 }) as const),
    } as const;
    const profile = encodeData({ type: "array", value: Array.from({ length: 4000 }, () => row) });
    expect(explainData(profile).fields).toHaveLength(1 + 4000 * 9);
  }, 2000);

  it("covers what it is given, for any Data", () => {
    fc.assert(
      fc.property(anyData, (data) => {
        const octets = encodeData(data);
        const { fields, fault } = explainData(octets);
        expect(fault).toBeUndefined();
        expect(fields[0]).toMatchObject({ path: ["data"], offset: 0, length: octets.length });
        let last = 0;
        for (const { offset, length } of fields) {
          expect(offset).toBeGreaterThanOrEqual(last);
          expect(offset + length).toBeLessThanOrEqual(octets.length);
          last = offset;
        }
      }),
    );
  });

  it("gives fields and perhaps a Fault for any octets", () => {
    const seeds = ["acse", "xdlms"].flatMap((layer) => {
      const path = new URL(`../../../test-vectors/${layer}.json`, import.meta.url);
      return JSON.parse(readFileSync(path, "utf8")).vectors.map(({ hex }: { hex: string }) => fromHex(hex));
    });
    fc.assert(
      fc.property(fc.constantFrom<Uint8Array>(...seeds), fc.nat(), fc.nat(255), (seed, at, octet) => {
        const octets = seed.slice();
        octets[at % Math.max(octets.length, 1)] = octet;
        explainApdu(octets, { names });
      }),
      { numRuns: times(200) },
    );
  });

  it("hears any decoder, whatever it says", () => {
    const observer = new Explainer(fromHex("0102"), { base: 10 });
    observer.leave(1, "nothing was entered");
    observer.enter("first", 0);
    observer.leave(1, 1);
    observer.enter("absent", 1);
    observer.leave(1, undefined);
    expect(lines({ fields: observer.fields })).toEqual(["10+1 first: 1"]);
  });
});
