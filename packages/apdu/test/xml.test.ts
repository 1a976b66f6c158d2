import { readFileSync } from "node:fs";
import { Fault, fromHex, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import {
  apduFromXml,
  apduToXml,
  dataFromXml,
  dataOf,
  dataToXml,
  decodeApdu,
  decodeData,
  encodeApdu,
  encodeData,
  T,
} from "../src/index.ts";
import { apdus } from "./apdus.ts";
import { anyData } from "./arbitraries.ts";

interface Vector {
  id: string;
  hex: string;
  valid: boolean;
}
const load = (layer: string): Vector[] =>
  JSON.parse(readFileSync(new URL(`../../../test-vectors/${layer}.json`, import.meta.url), "utf8")).vectors.filter(
    (vector: Vector) => vector.valid,
  );

describe("the XML form", () => {
  it.each(apdus)("of any %s there and back", (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (apdu) => {
        expect(apduFromXml(apduToXml(apdu))).toEqual(apdu);
      }),
    );
  });

  it("of any Data there and back", () => {
    fc.assert(
      fc.property(anyData, (data) => {
        expect(toHex(encodeData(dataFromXml(dataToXml(data))))).toBe(toHex(encodeData(data)));
      }),
    );
  });

  it.each([...load("acse"), ...load("xdlms")])("of $id there and back", ({ hex }) => {
    const apdu = decodeApdu(fromHex(hex));
    expect(apduFromXml(apduToXml(apdu))).toEqual(apdu);
  });

  it.each(load("axdr-data"))("of $id there and back", ({ hex }) => {
    const data = decodeData(fromHex(hex));
    expect(encodeData(dataFromXml(dataToXml(data)))).toEqual(encodeData(data));
  });

  it("of a GET is what others write", () => {
    const xml = apduToXml(decodeApdu(fromHex("c001c100030100010800ff0200")));
    expect(xml).toBe(`<GetRequest>
  <GetRequestNormal>
    <InvokeIdAndPriority Value="C1" />
    <AttributeDescriptor>
      <ClassId Value="0003" />
      <InstanceId Value="0100010800FF" />
      <AttributeId Value="02" />
    </AttributeDescriptor>
  </GetRequestNormal>
</GetRequest>
`);
  });

  it("of an answer, with a structure", () => {
    const xml = apduToXml(decodeApdu(fromHex("c401c10002020f00161e")));
    expect(xml).toBe(`<GetResponse>
  <GetResponseNormal>
    <InvokeIdAndPriority Value="C1" />
    <Result>
      <Data>
        <Structure Qty="02">
          <Int8 Value="00" />
          <Enum Value="1E" />
        </Structure>
      </Data>
    </Result>
  </GetResponseNormal>
</GetResponse>
`);
  });

  it("of an AARQ has the InitiateRequest in it", () => {
    const hex =
      "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f0400007e1fffff";
    const xml = apduToXml(decodeApdu(fromHex(hex)));
    expect(xml).toContain('<ApplicationContextName Value="LN" />');
    expect(xml).toContain('<MechanismName Value="Low" />');
    expect(xml).toContain("  <InitiateRequest>\n");
    expect(xml).toContain('<ConformanceBit Name="BlockTransferWithGetOrRead" />');
    expect(toHex(encodeApdu(apduFromXml(xml)))).toBe(hex);
  });

  it("leaves user information that is no APDU of ours in hex", () => {
    const aarq = {
      apdu: "aarq",
      applicationContextName: "logical-name-referencing-no-ciphering",
      userInformation: fromHex("ffee"),
    } as const;
    expect(apduToXml(aarq)).toContain('<UserInformation Value="FFEE" />');
    expect(apduFromXml(apduToXml(aarq))).toEqual(aarq);
  });

  it("takes Data that is encoded already", () => {
    expect(dataToXml(dataOf(T.unsigned, 7))).toBe('<UInt8 Value="07" />\n');
  });

  it("writes text that XML has no characters for in hex", () => {
    expect(dataToXml({ type: "visible-string", value: 'a<"&' })).toBe('<String Value="a&lt;&quot;&amp;" />\n');
    expect(dataToXml({ type: "visible-string", value: "\u0001" })).toBe('<String Hex="01" />\n');
    expect(dataFromXml('<StringUTF8 Hex="c3a4" />')).toEqual({ type: "utf8-string", value: "ä" });
  });
});

describe("reading XML", () => {
  it("skips a declaration, comments, white space and an outer PDU; takes any capitals and short numbers", () => {
    const xml = `<?xml version="1.0" encoding="utf-8"?>
      <PDU><!-- a - b --><getresponse><GETRESPONSENORMAL><InvokeIdAndPriority Value='C1'/>
      <Result><DataAccessError Value="UndefinedObject"></DataAccessError></Result>
      </GETRESPONSENORMAL></getresponse></PDU><!---->`;
    expect(apduFromXml(xml)).toMatchObject({ invokeId: 1, result: { dataAccessResult: "object-undefined" } });
    expect(dataFromXml('<Array><UInt16 Value="1"/><NullData/></Array>')).toEqual({
      type: "array",
      value: [{ type: "long-unsigned", value: 1 }, { type: "null-data" }],
    });
    expect(dataFromXml('<String Value="&#65;&#x42;&amp;"/>')).toEqual({ type: "visible-string", value: "AB&" });
  });

  const bad: [why: string, xml: string][] = [
    ["nothing", ""],
    ["text", "GetRequest"],
    ["text in an element", "<Array>x</Array>"],
    ["a comment in a comment", "<!-- a -- b --><None/>"],
    ["a comment that stays open", "<None/><!-- a"],
    ["two elements", "<None/><None/>"],
    ["an element that stays open", "<Array><None/>"],
    ["a tag that stays open", "<Array"],
    ["a wrong end", "<Array></Structure>"],
    ["an attribute twice", '<UInt8 Value="1" Value="2"/>'],
    ["an entity nobody knows", '<String Value="&lol;"/>'],
    ["a character past Unicode", '<String Value="&#x110000;"/>'],
    ["an ampersand alone", '<String Value="a & b"/>'],
    ["a document type", '<!DOCTYPE a [<!ENTITY b "c">]><None/>'],
    ["CDATA", "<Array><![CDATA[x]]></Array>"],
    ["a type nobody knows", "<UInt7/>"],
    ["no value", "<UInt8/>"],
    ["children in a value", '<UInt8 Value="1"><None/></UInt8>'],
    ["a number too long", '<UInt8 Value="100"/>'],
    ["no hex", '<OctetString Value="0g"/>'],
    ["bits that are none", '<BitString Value="012"/>'],
    ["a nest too deep", `${"<Array>".repeat(200)}<None/>${"</Array>".repeat(200)}`],
    ["a compact-array without contents", "<CompactArray/>"],
    [
      "a compact-array in itself",
      '<CompactArray><ContentsDescription><CompactArray/></ContentsDescription><ArrayContents Value=""/></CompactArray>',
    ],
    [
      "an array without a count in a compact-array",
      '<CompactArray><ContentsDescription><Array Qty="x"><UInt8/></Array></ContentsDescription><ArrayContents Value=""/></CompactArray>',
    ],
  ];
  it.each(bad)("refuses %s", (_, xml) => {
    expect(() => dataFromXml(xml)).toThrow(Fault);
  });

  const inBody = (body: string): string => `<GetResponse><GetResponseNormal>${body}</GetResponseNormal></GetResponse>`;
  const invoke = '<InvokeIdAndPriority Value="C1"/>';
  const badApdu: [why: string, xml: string][] = [
    ["no APDU", "<Sandwich/>"],
    ["a form without its family", "<GetResponseNormal/>"],
    ["a form of another family", "<SetRequest><GetResponseNormal/></SetRequest>"],
    ["a family of two", `<GetResponse><GetResponseNormal/><GetResponseNormal/></GetResponse>`],
    ["a PDU of two", "<PDU><None/><None/></PDU>"],
    ["an empty PDU", "<PDU/>"],
    ["a missing part", inBody(invoke)],
    ["a missing first part", inBody("")],
    ["an element too many", inBody(`${invoke}<Result><Data><None/></Data></Result><None/>`)],
    ["another element", inBody(`${invoke}<Sandwich/>`)],
    ["a result of two", inBody(`${invoke}<Result><Data><None/></Data><Data><None/></Data></Result>`)],
    ["a result of another kind", inBody(`${invoke}<Result><None/></Result>`)],
    ["a name nobody knows", inBody(`${invoke}<Result><DataAccessError Value="Tired"/></Result>`)],
    [
      "a number nobody knows",
      '<AssociationResponse><ApplicationContextName Value="LN"/><AssociationResult Value="7"/></AssociationResponse>',
    ],
    [
      "a list of another item",
      `<GetRequest><GetRequestWithList>${invoke}<AttributeDescriptorList><None/></AttributeDescriptorList></GetRequestWithList></GetRequest>`,
    ],
    [
      "an authentication value nobody knows",
      '<AssociationRequest><ApplicationContextName Value="LN"/><CallingAuthentication Choice="x" Value=""/></AssociationRequest>',
    ],
    [
      "a diagnostic of nobody",
      '<AssociationResponse><ApplicationContextName Value="LN"/><AssociationResult Value="0"/><ResultSourceDiagnostic/></AssociationResponse>',
    ],
    [
      "a conformance bit nobody knows",
      '<InitiateRequest><ProposedDlmsVersionNumber Value="06"/><ProposedConformance><ConformanceBit Name="Fly"/></ProposedConformance><ProposedMaxPduSize Value="1"/></InitiateRequest>',
    ],
    [
      "a conformance of something else",
      '<InitiateRequest><ProposedDlmsVersionNumber Value="06"/><ProposedConformance><None/></ProposedConformance></InitiateRequest>',
    ],
    [
      "lists of two lengths",
      "<WriteRequest><ListOfVariableAccessSpecification/><ListOfData><None/></ListOfData></WriteRequest>",
    ],
  ];
  it.each(badApdu)("refuses %s", (_, xml) => {
    expect(() => apduFromXml(xml)).toThrow(Fault);
  });

  it("says where", () => {
    try {
      apduFromXml(inBody(`${invoke}<Result><Data><Structure><UInt8 Value="x"/></Structure></Data></Result>`));
      expect.unreachable();
    } catch (caught) {
      expect((caught as Fault).path.join(".")).toBe("GetResponseNormal.Result.Data.0.UInt8");
    }
  });

  it("gives a value or a Fault for any text", () => {
    const piece = fc.constantFrom("<", ">", "/", "Array", "UInt8", " Value=", '"', "01", "<!--", "-->", "&", ";", " ");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          dataFromXml(pieces.join(""));
        } catch (caught) {
          expect(caught).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: times(200) },
    );
  });

  it("refuses a value that is no APDU", () => {
    expect(() => apduToXml({ apdu: "nothing" } as never)).toThrow(Fault);
    expect(() => dataToXml({ type: "nothing" } as never)).toThrow(Fault);
  });
});
