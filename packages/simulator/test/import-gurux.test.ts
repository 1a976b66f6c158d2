import { readFileSync } from "node:fs";
import { type Data, Data as DataCodec } from "@dlmskit/apdu";
import { describe, expect, it } from "vitest";
import { importGurux, parseTemplate, templateJson } from "../src/index.ts";
import { associate, bottled } from "./bottle.ts";
import { faultOf } from "./code-of.ts";

const file = readFileSync(new URL("gurux/meter.xml", import.meta.url), "utf8");
const imported = (text: string) => importGurux(text, { name: "imported" });
const one = (element: string) => imported(`<Objects>${element}</Objects>`);

/** The value of an attribute of the template, as JSON. */
const valueIn = ({ form }: ReturnType<typeof imported>, instanceId: string, id: number) =>
  form.objects.find((object) => object.instanceId === instanceId)?.attributes?.[String(id)];

const octets = (hex: string) => ({ type: "octet-string", value: hex });

describe("a Gurux file", () => {
  const whole = imported(file);

  it("keeps the types and values of its objects", () => {
    expect(valueIn(whole, "0.0.96.1.10.255", 2)).toEqual({
      type: "structure",
      value: [
        ...[{ type: "long-unsigned", value: 1000 }, octets("01ff"), { type: "visible-string", value: "a < b & c" }],
        { type: "array", value: [-1, 2].map((value) => ({ type: "integer", value })) },
        { type: "long64-unsigned", value: "18446744073709551615" },
        ...[
          { type: "bit-string", value: "1011" },
          { type: "float32", value: 1.5 },
        ],
      ],
    });
    expect(valueIn(whole, "1.0.1.8.0.255", 2)).toEqual({
      ...{ type: "double-long-unsigned", value: 123456, scaler: -3, unit: 30 },
    });
    expect(valueIn(whole, "1.0.1.6.0.255", 2)).toMatchObject({ type: "long-unsigned", value: 230, scaler: 1 });
    expect(valueIn(whole, "1.0.1.6.0.255", 4)).toEqual({ type: "unsigned", value: 4 });
    expect(valueIn(whole, "1.0.1.6.0.255", 5)).toEqual(octets("07e90b1eff120f0000800000"));
    expect(valueIn(whole, "0.0.1.0.0.255", 5)).toEqual(octets("ffff03feff0200000080 00ff".replace(" ", "")));
    expect(valueIn(whole, "0.0.1.0.0.255", 8)).toEqual({ type: "boolean", value: true });
    expect(whole.form.zoneMinutesEast).toBe(60);
  });

  it("has structures that stand as several elements, lists in a text and dates", () => {
    expect(valueIn(whole, "0.0.15.0.0.255", 2)?.value).toEqual([
      octets("00000a0001ff"),
      { type: "long-unsigned", value: 3 },
    ]);
    expect(valueIn(whole, "0.0.15.0.0.255", 4)?.value).toEqual([
      { type: "structure", value: [octets("00000000"), octets("ffffff01ff")] },
    ]);
    expect(valueIn(whole, "0.0.13.0.0.255", 2)).toEqual(octets("446179"));
    expect(JSON.stringify(valueIn(whole, "0.0.13.0.0.255", 3))).toContain('"31"');
    expect(valueIn(whole, "0.0.25.1.0.255", 6)).toEqual({ type: "double-long-unsigned", value: 0xffffff00 });
  });

  it("says what is not taken, with object, attribute and reason", () => {
    expect(whole.left).toEqual([
      { object: "0.0.2.1.0.255", attribute: "destinationList", why: "a secret or an identity" },
      { object: "0.0.25.1.0.255", attribute: "ipAddress", why: "a secret or an identity" },
      { object: "1.0.32.7.0.255", attribute: "value", why: "<Value> does not say its type" },
      { object: "1.0.1.8.0.255", why: "there is an object of class 3 with this logical name already" },
      { object: "0.0.94.39.21.255", why: "<GXDLMSTariffPlan> is no interface class that is known here" },
      { object: "0.0.96.3.10.255", attribute: "Colour", why: "<Colour> is no attribute that is known here" },
      { object: "0.0.96.3.10.255", attribute: "outputState", why: '"7x" is not true or false' },
      { object: "1.0.99.1.0.255", attribute: "buffer", why: "row 3 has 1 values for 2 columns" },
    ]);
    expect(templateJson(whole.form)).not.toContain("reader-secret");
    expect(templateJson(whole.form)).not.toContain(Buffer.from("reader-secret").toString("hex"));
  });

  it("is served: each client sees its list, with the types of the file", async () => {
    const { simulator, clock } = await bottled({ template: parseTemplate(templateJson(whole.form)), meters: 1 });
    const open = await associate(simulator, clock, 16);
    const seen = (await open.discover()).objects.map(({ instanceId }) => instanceId as string);
    expect(seen).toContain("0.0.96.1.10.255");
    expect(seen).not.toContain("1.0.1.8.0.255");
    await open.release();
    const session = await associate(simulator, clock, 32);
    const read = async (classId: number, instanceId: string, attributeId: number) => {
      const [result] = await session.get([{ classId, instanceId, attributeId }]);
      return result !== undefined && "data" in result ? DataCodec.toJson(result.data as Data) : result;
    };
    expect(await read(3, "1.0.1.8.0.255", 2)).toEqual({ type: "double-long-unsigned", value: 123456 });
    expect(await read(3, "1.0.1.8.0.255", 3)).toMatchObject({ value: [{ value: -3 }, { value: 30 }] });
    expect(await read(1, "0.0.96.1.10.255", 2)).toEqual(
      expect.objectContaining({ value: expect.arrayContaining([{ type: "float32", value: 1.5 }]) }),
    );
    expect(await read(7, "1.0.99.1.0.255", 2)).toEqual({
      type: "array",
      value: [
        ["07e90618ff0c000000800000", 123400],
        ["07e90618ff0c0f0000800000", 123456],
      ].map(([at, value]) => ({
        type: "structure",
        value: [octets(at as string), { type: "double-long-unsigned", value }],
      })),
    });
    await session.release();
    await simulator.close();
  });

  it("can be the list of a device, and of one of several devices", () => {
    const device = (name: string) =>
      `<GXDLMSDevice><Name>${name}</Name><Password>secret</Password><Objects><GXDLMSData><LN>0.0.96.10.1.255</LN><Value Type="18">7</Value></GXDLMSData></Objects></GXDLMSDevice>`;
    const two = `<ArrayOfGXDLMSDevice>${device("a")}${device("b")}</ArrayOfGXDLMSDevice>`;
    expect(valueIn(imported(device("a")), "0.0.96.10.1.255", 2)).toEqual({ type: "long-unsigned", value: 7 });
    expect(importGurux(two, { name: "imported", device: "b" }).form.objects).toHaveLength(1);
    expect(faultOf(() => imported(two))).toMatchObject({
      code: "bad-gurux-file",
      hint: "choose one by its name: a, b",
    });
    expect(faultOf(() => importGurux(two, { name: "imported", device: "c" })).message).toContain('no device "c"');
  });
});

describe("values of a Gurux file", () => {
  const data = (value: string) =>
    valueIn(one(`<GXDLMSData><LN>0.0.96.10.1.255</LN>${value}</GXDLMSData>`), "0.0.96.10.1.255", 2);
  const refused = (value: string) => one(`<GXDLMSData><LN>0.0.96.10.1.255</LN>${value}</GXDLMSData>`).left[0]?.why;

  it("are octets of a date where the file shows them so", () => {
    expect(data('<Value Type="9" UIType="25">BEGIN/01/2020 01:59:00+05:30</Value>')).toEqual(
      octets("07e4fe01ff013b0000feb6ff"),
    );
    expect(data('<Value Type="26">03/01/2024</Value>')).toMatchObject({
      type: "date",
      value: { year: 2024, month: 3 },
    });
    expect(data('<Value Type="27">11:01:02:250</Value>')).toMatchObject({ value: { hundredths: 25 } });
    expect(data('<Value Type="9"></Value>')).toEqual(octets(""));
  });

  it.each([
    ['<Value Type="17">256</Value>', "256 is not a value of unsigned"],
    ['<Value Type="17">-1</Value>', "-1 is not a value of unsigned"],
    ['<Value Type="18">1.5</Value>', '"1.5" is not a whole number (long-unsigned)'],
    ['<Value Type="21">99999999999999999999</Value>', "99999999999999999999 is not a value of long64-unsigned"],
    ['<Value Type="9">xyz</Value>', '"xyz" is not octets in hex'],
    ['<Value Type="99">1</Value>', '"99" is not the number of a type'],
    ['<Value Type="19">1</Value>', "values of type compact-array are not read from such files"],
    ['<Value Type="25">2024-01-01</Value>', '"2024-01-01" is not a date in the form MM/DD/YYYY'],
    ['<Value Type="25">13/01/2024 00:00:00</Value>', "13 is not in a date or time"],
    ['<Value Type="18"><Item Type="18">1</Item></Value>', "<Value> of type long-unsigned contains elements"],
  ])("are refused: %s", (value, why) => {
    expect(refused(value)).toBe(why);
  });

  it("can be a list in one text", () => {
    const found = one(
      "<GXDLMSModemConfiguration><LN>0.0.2.0.0.255</LN><ModemProfile>OK;BUSY</ModemProfile></GXDLMSModemConfiguration>",
    );
    const texts = ["OK", "BUSY"].map((text) => octets(Buffer.from(text).toString("hex")));
    expect(valueIn(found, "0.0.2.0.0.255", 4)?.value).toEqual(texts);
  });

  it("are told, when the class has another type or no place for them", () => {
    const { left } = one(
      `<GXDLMSPushSetup><LN>0.0.25.9.0.255</LN><ObjectList><Item><ObjectType>3</ObjectType><Nonsense>1</Nonsense></Item></ObjectList></GXDLMSPushSetup>`,
    );
    expect(left).toEqual([
      { object: "0.0.25.9.0.255", attribute: "pushObjectList", why: "<Nonsense> in <Item> is not known" },
    ]);
  });
});

describe("a broken or hostile file", () => {
  it.each([
    ["", "bad-xml"],
    ["<Objects>", "bad-xml"],
    ['<!DOCTYPE x [<!ENTITY a "b">]><Objects/>', "bad-xml"],
    ["<Objects><GXDLMSData><LN>&a;</LN></GXDLMSData></Objects>", "bad-xml"],
    ["<Objects><![CDATA[x]]></Objects>", "bad-xml"],
    ["<a>".repeat(100_000), "bad-xml"],
    ["<Objects></Objects>", "bad-gurux-file"],
    ["<Messages><GetRequest/></Messages>", "bad-gurux-file"],
    ["<Objects><GXDLMSNothing/></Objects>", "bad-gurux-file"],
    ["<Objects><GXDLMSData><LN>1.2.3.4.5.999</LN></GXDLMSData></Objects>", "bad-gurux-file"],
    [" ".repeat(64_000_001), "bad-gurux-file"],
  ])("gets a Fault (%#)", (text, code) => {
    expect(faultOf(() => imported(text)).code).toBe(code);
  });

  it("has no client that cannot be served: HLS with GMAC or ECDSA needs ciphering", () => {
    const { form } = one(
      `<GXDLMSAssociationLogicalName><LN>0.0.40.0.3.255</LN><Version>1</Version><ClientSAP>1</ClientSAP><AuthenticationMechanismName><MechanismId>7</MechanismId></AuthenticationMechanismName></GXDLMSAssociationLogicalName>`,
    );
    expect(form.clients).toMatchObject([{ client: 1, mechanism: 2, ciphered: false }]);
  });
});
