import { decode, fromHex, toHex, Writer } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { Aare, Aarq, apduFromJson, decodeApdu, encodeApdu } from "../src/index.ts";
import { faultOf } from "./fault-of.ts";

const context = "a109060760857405080101";
const user = "be10040e01000000065f1f0400007e1f04b0";
const aarq = (...fields: string[]) => {
  const contents = fields.join("");
  return fromHex(`60${(contents.length / 2).toString(16).padStart(2, "0")}${contents}`);
};
const accepted = "a203020100a305a103020100";

describe("AARQ", () => {
  it("gives typed fields", () => {
    const octets = aarq(
      context,
      "a60a04084d4d4d0000bc614e",
      "8a020780",
      "8b0760857405080205",
      "ac0a80083132333435363738",
      user,
    );
    expect(decodeApdu(octets)).toEqual({
      apdu: "aarq",
      applicationContextName: "logical-name-referencing-no-ciphering",
      callingApTitle: fromHex("4d4d4d0000bc614e"),
      senderAcseRequirements: { authentication: true },
      mechanismName: "high-gmac",
      callingAuthenticationValue: { choice: "charstring", value: fromHex("3132333435363738") },
      userInformation: fromHex("01000000065f1f0400007e1f04b0"),
    });
  });
  it("takes long length forms", () => {
    const long = fromHex(`608120a18109060760857405080101be820010040e01000000065f1f0400007e1f04b0`);
    expect((decodeApdu(long) as Aarq).applicationContextName).toBe("logical-name-referencing-no-ciphering");
    expect(toHex(encodeApdu(decodeApdu(long)))).toBe(`601d${context}${user}`);
  });
  it.each<[string, Uint8Array, string]>([
    ["the indefinite length", fromHex(`6080${context}0000`), "bad-length"],
    ["the indefinite length inside", aarq("a1800607608574050801010000"), "bad-length"],
    ["a length past the buffer", fromHex(`60ff${context}`), "bad-length"],
    ["a length past its field", aarq("a10a060760857405080101"), "bad-length"],
    ["a field twice", aarq(context, "8a020780", "8a020780"), "duplicate-field"],
    ["fields out of order", aarq(context, user, "8a020780"), "field-order"],
    ["octets behind it", fromHex(`600b${context}00`), "trailing-octets"],
    ["octets behind a field's element", aarq("a10a06076085740508010100"), "trailing-octets"],
    ["no context name", aarq(user), "missing-field"],
    ["nothing in it", aarq(), "missing-field"],
    ["an unknown field", aarq(context, "ab0100"), "unknown-tag"],
    ["a tag of several octets", aarq(context, "bf1f0100"), "unknown-tag"],
    ["a context name that is no identifier", aarq("a109040760857405080101"), "unknown-tag"],
    ["an empty identifier", aarq("a1020600"), "bad-value"],
    ["an identifier cut within an arc", aarq("a103060181"), "bad-value"],
    ["an arc that starts with zeros", aarq("a1050603608001"), "bad-value"],
    ["an arc past 53 bits", aarq("a10b060960ffffffffffffff7f"), "out-of-range"],
    ["user information that is no octet string", aarq(context, "be020500"), "unknown-tag"],
    ["an authentication value of no kind", aarq(context, "ac028400"), "unknown-tag"],
    ["an empty authentication value", aarq(context, "ac00"), "unknown-tag"],
    ["8 unused bits", aarq(context, "8a020880"), "bad-value"],
    ["unused bits of nothing", aarq(context, "8a0107"), "bad-value"],
    ["a bit string of nothing", aarq(context, "8a00"), "truncated"],
    ["an INTEGER of no octet", aarq(context, "a8020200"), "bad-length"],
    ["an INTEGER of 5 octets", aarq(context, "a80702050000000000"), "bad-length"],
  ])("refuses %s", (_, octets, code) => {
    const fault = faultOf(() => decodeApdu(octets));
    expect({ code: fault.code, layer: fault.layer }).toEqual({ code, layer: "acse" });
    expect(fault.offset).toBeTypeOf("number");
  });
  it("keeps an identifier that COSEM does not name", () => {
    const octets = aarq("a109060760857504070203");
    const found = decodeApdu(octets) as Aarq;
    expect(found.applicationContextName).toBe("2.16.757.4.7.2.3");
    expect(encodeApdu(found)).toEqual(octets);
  });
  it("says in which field the fault is", () => {
    expect(faultOf(() => decodeApdu(aarq(context, "8a020880"))).path).toEqual(["aarq", "senderAcseRequirements"]);
    expect(faultOf(() => encodeApdu({ apdu: "aarq", applicationContextName: "ln" })).path).toEqual([
      "applicationContextName",
    ]);
  });
  it("tells an observer of its fields", () => {
    const seen: string[] = [];
    decodeApdu(aarq(context, user), { observer: { enter: (step, at) => seen.push(`${step} ${at}`), leave: () => 0 } });
    expect(seen).toEqual(["applicationContextName 2", "userInformation 13"]);
  });
  it("writes integers in the fewest octets", () => {
    for (const [value, hex] of [
      [0, "00"],
      [127, "7f"],
      [128, "0080"],
      [-1, "ff"],
      [-128, "80"],
      [-129, "ff7f"],
      [0x7fffffff, "7fffffff"],
      [-0x80000000, "80000000"],
    ] as const) {
      const apdu: Aarq = {
        apdu: "aarq",
        applicationContextName: "logical-name-referencing-no-ciphering",
        callingApInvocationId: value,
      };
      const octets = encodeApdu(apdu);
      expect(toHex(octets).endsWith(`02${(hex.length / 2).toString(16).padStart(2, "0")}${hex}`)).toBe(true);
      expect(decodeApdu(octets)).toEqual(apdu);
    }
  });
  const base = { apdu: "aarq", applicationContextName: "logical-name-referencing-no-ciphering" } as const;
  it.each<[string, object, string]>([
    ["an integer past 32 bits", { callingApInvocationId: 2 ** 31 }, "out-of-range"],
    ["an identifier that is none", { mechanismName: "3.1" }, "bad-value"],
    ["an identifier whose second arc is too large", { mechanismName: "1.40" }, "bad-value"],
    [
      "an authentication value of no kind",
      { callingAuthenticationValue: { choice: "text", value: new Uint8Array() } },
      "bad-value",
    ],
    ["bits that are none", { protocolVersion: "2" }, "bad-value"],
    ["no context name", { applicationContextName: undefined }, "missing-field"],
  ])("does not write %s", (_, fields, code) => {
    expect(faultOf(() => encodeApdu({ ...base, ...fields } as Aarq)).code).toBe(code);
  });
  it.each<[string, object, string]>([
    ["an unknown key", { name: 1 }, "bad-json"],
    ["a flag that is none", { senderAcseRequirements: { authentication: 1 } }, "bad-json"],
    ["an identifier that is none", { mechanismName: "five" }, "bad-value"],
    ["an authentication value of no kind", { callingAuthenticationValue: { choice: "text", value: "" } }, "bad-value"],
    ["bits that are none", { protocolVersion: "2" }, "bad-value"],
    ["an integer past 32 bits", { calledApInvocationId: 2 ** 40 }, "out-of-range"],
  ])("is not made of JSON with %s", (_, fields, code) => {
    expect(faultOf(() => apduFromJson({ ...base, ...fields } as never)).code).toBe(code);
  });
});

describe("AARE", () => {
  const aare = (...fields: string[]) => {
    const octets = aarq(...fields);
    octets[0] = 0x61;
    return octets;
  };
  it("is taken in any order, but no field twice", () => {
    const found = decodeApdu(aare("a305a103020100", "a203020100", context)) as Aare;
    expect(found.result).toBe("accepted");
    expect(toHex(encodeApdu(found))).toBe(toHex(aare(context, accepted)));
    expect(faultOf(() => decodeApdu(aare(context, accepted, context))).code).toBe("duplicate-field");
  });
  it("may lack user information", () => {
    expect(decodeApdu(aare(context, "a203020101", "a305a203020102"))).toEqual({
      apdu: "aare",
      applicationContextName: "logical-name-referencing-no-ciphering",
      result: "rejected-permanent",
      resultSourceDiagnostic: { source: "acse-service-provider", diagnostic: "no-common-acse-version" },
    });
  });
  it.each<[string, Uint8Array, string]>([
    ["an unknown result", aare(context, "a203020103"), "bad-value"],
    ["an unknown diagnostic", aare(context, "a203020101a305a10302010f"), "bad-value"],
    ["an unknown source", aare(context, "a203020101a305a303020101"), "unknown-tag"],
    ["no result", aare(context), "missing-field"],
  ])("is refused with %s", (_, octets, code) => {
    expect(faultOf(() => decodeApdu(octets)).code).toBe(code);
  });
  it.each<[string, object]>([
    ["no source", { source: "server", diagnostic: "null" }],
    ["source", {}],
  ])("is not made of JSON with %s known", (_, resultSourceDiagnostic) => {
    const json = {
      apdu: "aare",
      applicationContextName: "logical-name-referencing-no-ciphering",
      result: "accepted",
      resultSourceDiagnostic,
    };
    expect(faultOf(() => apduFromJson(json as never)).code).toBe("bad-json");
  });
});

describe("RLRQ and RLRE", () => {
  it("may be empty", () => {
    expect(decodeApdu(fromHex("6200"))).toEqual({ apdu: "rlrq" });
    expect(toHex(encodeApdu({ apdu: "rlre" }))).toBe("6300");
    expect(toHex(encodeApdu({ apdu: "rlrq", reason: "user-defined" }))).toBe("620380011e");
  });
  it("does not write an unknown reason", () => {
    expect(faultOf(() => encodeApdu({ apdu: "rlrq", reason: "tired" } as never)).code).toBe("bad-value");
  });
});

it("a codec of one ACSE APDU refuses the tag of another", () => {
  expect(faultOf(() => decode(Aare, aarq(context))).code).toBe("unknown-tag");
  const to = new Writer();
  Aarq.write({ apdu: "aarq", applicationContextName: "2.16.756.5.8.1.1" }, to);
  expect(decodeApdu(to.done())).toMatchObject({ applicationContextName: "logical-name-referencing-no-ciphering" });
});
