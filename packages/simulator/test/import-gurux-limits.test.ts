import { interfaceClasses } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { isSecret } from "../src/clone/anonymous.ts";
import { importGurux, templateJson } from "../src/index.ts";
import { faultOf } from "./code-of.ts";

const one = (elements: string) => importGurux(`<Objects>${elements}</Objects>`, { name: "imported" });
const data = (value: string, name = "0.0.96.10.1.255") => `<GXDLMSData><LN>${name}</LN>${value}</GXDLMSData>`;
const association = (at: number, client: number, list = "") =>
  `<GXDLMSAssociationLogicalName><LN>0.0.40.0.${at}.255</LN><Version>1</Version><ClientSAP>${client}</ClientSAP>${list}</GXDLMSAssociationLogicalName>`;
const accessIn = ({ form }: ReturnType<typeof one>, name: string) =>
  form.objects.find(({ instanceId }) => instanceId === name)?.access;

describe("what identifies a meter in a Gurux file", () => {
  it("is not taken: destinations, addresses, telephone numbers, the PAN", () => {
    const { form, left } = one(
      [
        data('<Value Type="18">7</Value>'),
        "<GXDLMSPushSetup><LN>0.0.25.9.0.255</LN><Service>0</Service><Destination>push.example:4059</Destination></GXDLMSPushSetup>",
        "<GXDLMSAutoConnect><LN>0.0.2.1.0.255</LN><Version>1</Version><Destinations>call.example</Destinations></GXDLMSAutoConnect>",
        "<GXDLMSIp6Setup><LN>0.0.25.7.0.255</LN><UnicastIPAddress>2001:db8::7</UnicastIPAddress><PrimaryDNSAddress>2001:db8::8</PrimaryDNSAddress></GXDLMSIp6Setup>",
        "<GXDLMSNtpSetup><LN>0.0.25.10.0.255</LN><ServerAddress>time.example</ServerAddress></GXDLMSNtpSetup>",
        "<GXDLMSIEC6205541Attributes><LN>0.0.19.60.0.255</LN><IssuerId>600727</IssuerId></GXDLMSIEC6205541Attributes>",
      ].join(""),
    );
    const secret = left.filter(({ why }) => why === "a secret or an identity").map(({ attribute }) => attribute);
    expect(secret).toEqual([
      ...["sendDestinationAndMethod", "destinationList", "unicastIpv6Addresses", "primaryDnsAddress"],
      ...["serverAddress", "meterPan"],
    ]);
    expect(templateJson(form)).not.toMatch(/example|2001|600727/);
  });

  it("is zeros in names and wherever a name occurs", () => {
    const text = (value: string) => `<Value Type="9" UIType="10">${value}</Value>`;
    const { form } = one(
      [
        data(text("HND0000000471108"), "0.0.42.0.0.255"),
        data(text("47110815"), "0.0.96.1.0.255"),
        data('<Value Type="6">47110815</Value>', "0.0.96.1.1.255"),
        data(text("meter 47110815")),
      ].join(""),
    );
    const values = form.objects.map(({ attributes }) => attributes?.["2"]?.value);
    const hex = (value: string) => Buffer.from(value).toString("hex");
    expect(values).toEqual([hex("0".repeat(16)), hex("00000000"), 0, hex("meter 00000000")]);
  });

  it("is told by the names of attributes", () => {
    const all = interfaceClasses.flatMap(({ attributes }) => Object.keys(attributes));
    const secrets = new Set(all.filter(isSecret));
    for (const name of ["pinCode", "phoneList", "destinationList", "cellInfo", "serverAddress", "meterPan"]) {
      expect(secrets).toContain(name);
    }
    for (const name of ["mappingTable", "deviceAddress", "primaryAddress", "addressConfigMode", "panCheckDigit"]) {
      expect(secrets).not.toContain(name);
    }
  });
});

describe("a hostile Gurux file", () => {
  it("has no text that takes long", () => {
    const spaces = `1${" ".repeat(1_000_000)}1`;
    expect(one(data(`<Value Type="25">${spaces}</Value>`)).left[0]?.why).toBe("a date or time of 1000002 characters");
    expect(one(data(`<Value Type="9">${"00".repeat(4_000_000)}</Value>`)).left[0]?.why).toContain(
      "1000000 are the limit",
    );
    const groups = `<GXDLMSIp6Setup><LN>0.0.25.7.0.255</LN><MulticastIPAddress>${":".repeat(500_000)}</MulticastIPAddress></GXDLMSIp6Setup>`;
    expect(one(groups).left).toHaveLength(1);
  });

  it.each([
    ["clients", Array.from({ length: 65 }, (_, at) => association(at + 1, at + 1)).join("")],
    ["elements", "<a/>".repeat(1_000_000)],
  ])("has not too many %s", (what, elements) => {
    const fault = faultOf(() => one(data('<Value Type="18">7</Value>') + elements));
    expect([fault.code, fault.message]).toEqual(["bad-gurux-file", expect.stringContaining(what)]);
  });

  it("may have any names of elements", () => {
    const names = ["constructor", "toString", "hasOwnProperty"].map((name) => `<${name}>1</${name}>`).join("");
    const { left } = one(data(`${names}<Value Type="18">7</Value>`) + names);
    expect(left.map(({ attribute }) => attribute)).toEqual(["constructor", "toString", "hasOwnProperty"]);
  });

  it("gives access to the attributes that a class can have", () => {
    const access = accessIn(one(data(`<Access>${"3".repeat(500)}</Access>`)), "0.0.96.10.1.255")?.["16"];
    expect(Object.keys(access ?? {})).toHaveLength(127);
  });
});

describe("the associations of a Gurux file", () => {
  it("give the access of an object that their list has without access", () => {
    const list = `<ObjectList>${data("")}${data("", "0.0.96.10.2.255")}</ObjectList>`;
    const found = one(association(1, 16, list) + data("<Access>13</Access>") + data("", "0.0.96.10.2.255"));
    expect(accessIn(found, "0.0.96.10.1.255")).toEqual({ 16: { 1: "r", 2: "rw" } });
    expect(accessIn(found, "0.0.96.10.2.255")).toEqual({ 16: { 1: "r", 2: "r" } });
  });

  it("are told if their client has one already", () => {
    const { left } = one(association(1, 16) + association(2, 16) + data(""));
    expect(left).toEqual([{ object: "0.0.40.0.2.255", why: "client 16 has the association 0.0.40.0.1.255" }]);
  });
});
