// XML as other translators write it, by the ids of the reports.
import { readFileSync } from "node:fs";
import { toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { encodeXml, encodeXmlDocument } from "../src/encode.ts";
import type { NumberOptions } from "../src/xml/numbers.ts";

const hex = (xml: string, options?: NumberOptions) => toHex(encodeXml(xml, options));
const field = (name: string) => readFileSync(new URL(`../../../test-vectors/field/${name}`, import.meta.url), "utf8");
const request = (invoke: string, classId: string, attributeId: string) =>
  `<GetRequest><GetRequestNormal><InvokeIdAndPriority Value="${invoke}" /><AttributeDescriptor><ClassId Value="${classId}" /><InstanceId Value="0000280000FF" /><AttributeId Value="${attributeId}" /></AttributeDescriptor></GetRequestNormal></GetRequest>`;

describe("F25: decimal or hex", () => {
  it("a digit alone tells that numbers are decimal, which is said", () => {
    const { encoded, notes } = encodeXmlDocument(request("65", "15", "2"));
    expect(encoded.map(toHex)).toEqual(["c00141000f0000280000ff0200"]);
    expect(notes).toEqual(['numbers are taken as decimal: AttributeId has "2"']);
  });

  it("a push with decimals", () => {
    expect(hex(field("kreut.xml"))).toMatch(
      /^0f00863a0f0c07e60913010c3314ff80000002020102020412002809060008190900ff0f02120000.*06000004d2$/,
    );
  });

  it("hex of full width is hex, and nothing is said", () => {
    expect(encodeXmlDocument(request("C1", "0015", "02"))).toMatchObject({ notes: [] });
    expect(hex(request("C1", "0015", "02"))).toBe("c001c100150000280000ff0200");
    expect(hex('<UInt8 Value="12" />')).toBe("1112");
  });

  it("what may be either is refused, unless it is told", () => {
    expect(() => hex(request("C1", "15", "02"))).toThrow(
      expect.objectContaining({ code: "bad-xml", hint: expect.stringContaining("--decimal") }),
    );
    expect(() => hex('<UInt16 Value="15" />')).toThrow(/can mean 15 in decimal or 21 in hex/);
    expect(hex('<UInt16 Value="15" />', { decimal: true })).toBe("12000f");
    expect(hex('<Int8 Value="-1" />')).toBe("0fff");
    expect(() => hex('<UInt8 Value="300" />')).toThrow(/outside 0 to 255/);
    expect(() => hex('<UInt8 Value="zz" />')).toThrow(expect.objectContaining({ code: "bad-xml" }));
  });
});

describe("F26: counts", () => {
  it.each(["03", "01", "12"])("Qty %s with two elements is refused", (quantity) => {
    const xml = `<Structure Qty="${quantity}"><Int8 Value="01"/><Int8 Value="02"/></Structure>`;
    expect(() => hex(xml)).toThrow(/Qty is \d+, but there are 2 elements/);
  });

  it("a decimal count tells that numbers are decimal", () => {
    const twelve = '<UInt8 Value="10"/>'.repeat(12);
    expect(hex(`<Array Qty="12">${twelve}</Array>`)).toBe(`010c${"110a".repeat(12)}`);
    expect(hex(`<Array Qty="0C">${twelve}</Array>`)).toBe(`010c${"1110".repeat(12)}`);
  });
});

it("F27: a document over several lines", () => {
  expect(hex('<Structure Qty="02"><Int8 Value="01"/>\n<Int8 Value="02"/></Structure>\n')).toBe("02020f010f02");
});

describe("F28: what stands around an APDU", () => {
  it("Messages", () => expect(hex(field("gmsg.xml"))).toBe("c0018100080000010000ff0200"));

  it("HDLC, WRAPPER and PDU: the APDU, and a note", () => {
    const pdu = `<PDU>${request("C1", "0008", "02")}</PDU>`;
    for (const name of ["HDLC", "WRAPPER"]) {
      const xml = `<${name} len="1E"><TargetAddress Value="1" /><SourceAddress Value="10" />${pdu}</${name}>`;
      const { encoded, notes } = encodeXmlDocument(xml);
      expect(encoded.map(toHex)).toEqual(["c001c100080000280000ff0200"]);
      expect(notes.join()).toContain(`<${name}>`);
    }
    expect(encodeXmlDocument(`<Messages>${pdu}${pdu}</Messages>`).encoded).toHaveLength(2);
  });
});

describe("F29: other names", () => {
  const aarq = (mechanism: string) =>
    `<AssociationRequest><ApplicationContextName Value="LN" /><CallingAPTitle Value="4D4D4D0000BC614E" /><SenderACSERequirements Value="1" /><MechanismName Value="${mechanism}" /><CallingAuthenticationValue Value="3132333435363738" /></AssociationRequest>`;
  it.each(["HIGH_SECURITY_GMAC", "HighGMAC", "HighGmac", "HighGMac"])("%s", (mechanism) => {
    expect(hex(aarq(mechanism))).toContain("8b0760857405080205");
    expect(hex(aarq(mechanism))).toContain("ac0a80083132333435363738");
  });

  it("a name by its number", () => {
    const xml =
      '<ConfirmedServiceError><Service Value="01"/><ServiceError><Initiate Value="00"/></ServiceError></ConfirmedServiceError>';
    expect(hex(xml)).toBe("0e010600");
  });
});
