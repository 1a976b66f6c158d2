// Inputs from public reports of people who read or test meters, by the id under which they were collected.
import { readFileSync } from "node:fs";
import { fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import type { DecoderOptions } from "../src/decoder.ts";
import { encodeJson } from "../src/encode.ts";
import { explainCapture } from "../src/explain.ts";
import { itemJson } from "../src/item.ts";
import { treeText } from "../src/tree-text.ts";

const items = (input: string, options?: DecoderOptions) => explainCapture(input, options).flatMap(({ items }) => items);
// biome-ignore lint/suspicious/noExplicitAny: documents of any form
const documents = (input: string, options?: DecoderOptions): any[] => items(input, options).map(itemJson);
const text = (input: string, options?: DecoderOptions) =>
  items(input, options)
    .map(({ node }) => (node === undefined ? "" : treeText([node])))
    .join("");
const field = (name: string) => readFileSync(new URL(`../../../test-vectors/field/${name}`, import.meta.url), "utf8");
const ek = fromHex("000102030405060708090a0b0c0d0e0f");
const ak = fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf");

describe("octets", () => {
  it("F08: an LLC header in front of an APDU", () => {
    expect(documents("E6E600C001C100080000010000FF0200")).toMatchObject([
      { layer: "llc", direction: "command", pdu: { apdu: "get-request-normal", attribute: { classId: 8 } } },
    ]);
    expect(documents("E6E7000F40000000000101020309060100010700FF060000017002020F00161B")).toMatchObject([
      { layer: "llc", direction: "response", pdu: { apdu: "data-notification" } },
    ]);
    const [document] = documents("E6E600C001C100080000010000FF0200");
    expect(toHex(encodeJson(document))).toBe("e6e600c001c100080000010000ff0200");
    // A request through a gateway has an address of a meter.
    expect(documents("e6000142c001c100080000010000ff0200")).toMatchObject([
      { apdu: "gateway-request", physicalDeviceAddress: "42" },
    ]);
  });

  it("F10: a frame over three lines", () => {
    const lines = [
      "7E A0 2A 41 08 83 13 04 13 E6 E7 00 0F 40 00 00",
      "00 00 01 01 02 03 09 06 01 00 01 07 00 FF 06 00",
      "00 01 70 02 02 0F 00 16 1B 5D B7 7E",
    ].join("\n");
    const [document, ...more] = documents(lines);
    expect(more).toEqual([]);
    expect(document).not.toHaveProperty("fault");
    expect(document.pdu.body.value[0].value[1]).toEqual({ type: "double-long-unsigned", value: 368 });
    expect(explainCapture(lines)[0]?.record.guesses).toEqual(["3 lines are taken as one"]);
  });

  it("F11: blocks of a general block transfer, a frame a line", () => {
    const found = documents(field("gbtlines.txt"));
    expect(found).toHaveLength(3);
    expect(found[0].pdu).not.toHaveProperty("joined");
    expect(found[2].pdu.joined).toMatchObject({ apdu: "data-notification" });
    expect(found[2].pdu.joined.body.value).toHaveLength(13);
  });

  const f17 =
    "7ea076ceff03133c02e6e700db084c475a00000000015e300004273c96a788c79340ae38070ed2b3e0b392ecf385988a0ac37e023029ce0977cb583f7a10a26dd35bf14337f0566c2746b8c12c7a98d2e14fb35630a2784f7abf21dee75d268d498a1fa420c9c1d9ed3007c3b540daf71454444c7c09437e";

  it("F17: deciphered without an authentication key, and marked so", () => {
    expect(documents(f17, { keys: { encryptionKey: ek } })[0]).toMatchObject({ fault: { code: "missing-key" } });
    const options = { keys: { encryptionKey: ek }, unverified: true };
    const [document] = documents(f17, options);
    expect(document).not.toHaveProperty("fault");
    expect(document.pdu).toMatchObject({
      verified: false,
      notVerified: "there is no authentication key",
      plaintext: {
        apdu: "data-notification",
        dateTime: { year: 2023, month: 2, day: 11, hour: 10, minute: 44, second: 30 },
      },
    });
    expect(document.pdu.plaintext.body.value[0]).toEqual({ type: "long-unsigned", value: 233 });
    expect(text(f17, options)).toContain("NOT VERIFIED: there is no authentication key");
    // With the key it verifies, and says nothing of the kind.
    const [verified] = documents(f17, { keys: { encryptionKey: ek, authenticationKey: ak }, unverified: true });
    expect(verified.pdu).toMatchObject({ verified: true, plaintext: { apdu: "data-notification" } });
    expect(verified.pdu).not.toHaveProperty("notVerified");
    // A wrong authentication key: shown as well, and why.
    const wrong = { keys: { encryptionKey: ek, authenticationKey: ek }, unverified: true };
    expect(documents(f17, wrong)[0].pdu).toMatchObject({
      verified: false,
      notVerified: "the authentication tag is wrong",
      plaintext: { apdu: "data-notification" },
    });
    // A wrong encryption key gives octets that are nothing, which is said.
    const nothing = documents(f17, { keys: { encryptionKey: ak }, unverified: true })[0];
    expect(nothing.pdu.plaintext).toHaveProperty("octets");
    expect(nothing.pduFault.hint).toContain("wrong key");
  });

  const f19 =
    "db084c475a000000000182003d30000000018fb1edd7306fa4205788ea8f3387d0cbdb0ce293ac7511aa9340df49fafecb07170f66945ac2b2e870961c8f89e4497f585947ba22d7c2d5";

  it("F19: a plaintext that is a P1 telegram", () => {
    const keys = { encryptionKey: ek, authenticationKey: ak };
    const [document] = documents(f19, { keys });
    expect(document).not.toHaveProperty("fault");
    expect(document).toMatchObject({
      verified: true,
      plaintext: {
        layer: "p1",
        identification: "EST5\\25",
        lines: [{ reference: "1-0:1.8.0", instanceId: "1.0.1.8.0.255", values: [{ value: "006545766", unit: "Wh" }] }],
        text: "/EST5\\25\r\n\r\n1-0:1.8.0(006545766*Wh)\r\n!7EF9\r\n",
      },
    });
    expect(text(f19, { keys })).toContain("1-0:1.8.0: 006545766 Wh  Active energy import (+A), total");
  });

  it("F21: the line that identifies a meter, and a ciphered APDU without tag and title", () => {
    expect(documents(field("elg.hex"))).toMatchObject([
      {
        layer: "p1",
        identification: "EGM5G35",
        pdu: {
          apdu: "general-glo-ciphering",
          systemTitle: "",
          invocationCounter: 136,
          securityControl: { authenticated: true },
        },
      },
    ]);
  });

  it("F22: a wrong check sequence hides nothing", () => {
    const input = "7ea02a410883130413e6e7000f40000000000101020309060100010700ff060000016e02020f00161b601b7e";
    const [document, ...more] = documents(input);
    expect(more).toEqual([]);
    expect(document).toMatchObject({
      frame: "ui",
      fault: { code: "fcs-mismatch", offset: 41, message: "the frame check sequence is wrong: 601b, calculated b584" },
      pdu: { apdu: "data-notification" },
    });
    expect(document.pdu.body.value[0].value[1].value).toBe(366);
    expect(text(input)).toContain("fcs: wrong, calculated");
  });

  it("F24: wireless M-Bus with a ciphered APDU without a title", () => {
    const content = `5F4001800101DB003330000017EA${"ab".repeat(46)}`;
    const input = `4644A74D1111111140037D${content}`;
    expect(documents(input)).toMatchObject([
      {
        ...{ layer: "mbus", frame: "wireless", control: 0x44, manufacturer: "SMG", identification: "11111111" },
        ...{ version: 0x40, deviceType: 3, controlInformation: 0x7d },
        header: { accessNumber: 0x5f, status: 0x40, configuration: "0180" },
        ...{ sourceSap: 1, destinationSap: 1 },
        pdu: { apdu: "general-glo-ciphering", systemTitle: "", invocationCounter: 6122 },
      },
    ]);
    expect(text(input)).toContain("SND-NR");
    expect(toHex(encodeJson(documents(input)[0]))).toBe(input.toLowerCase());
  });

  it("F30: the text says what the JSON says", () => {
    expect(text("7EA00A0002040141513C357E")).toMatch(/control: rr, N\(R\) 2, P\/F 1/);
    const ua = text("7EA023090002FEFF737A0B818014050201940602017407040000000108040000000129F87E");
    for (const said of [
      "maxInfoFieldLengthTransmit: 404",
      "maxInfoFieldLengthReceive: 372",
      "windowSizeTransmit: 1",
      "windowSizeReceive: 1",
    ]) {
      expect(ua).toContain(said);
    }
    expect(ua).toContain("control: ua, P/F 1");
  });

  it("F36: a push that needs a quirk says which", () => {
    const input = "7ea027010201105a87e6e7000f40000000090c07e40203010f1b0cff80000002010600000037a22e7e";
    const [document] = documents(input);
    expect(document.pduFault.hint).toContain("--quirk date-time-with-data-tag");
    expect(documents(input, { quirks: ["date-time-with-data-tag"] })[0]).not.toHaveProperty("pduFault");
  });

  it("F45: bcd by its digits", () => {
    expect(text("0D45")).toContain("data: bcd 45");
    expect(documents("0D45")).toEqual([{ type: "bcd", value: 69 }]);
  });
});

describe("what is there is shown although something is wrong", () => {
  const push = "7ea02a410883130413e6e7000f40000000000101020309060100010700ff060000016f02020f00161b601b7e";

  it.each<[string, string, object]>([
    [
      "a wrong header check sequence",
      push.replace("130413e6", "130414e6"),
      { fault: { code: "hcs-mismatch", offset: 7 } },
    ],
    ["a wrong length", push.replace("7ea02a", "7ea02b"), { fault: { code: "length-mismatch", offset: 1 } }],
    ["an octet too few", push.replace("0000016f", "00016f"), { fault: { code: "length-mismatch" } }],
    ["a cut end", push.slice(0, 60), { fault: { code: "truncated", offset: 30 } }],
  ])("%s of an HDLC frame", (_, input, expected) => {
    const [document, ...more] = documents(input);
    expect(more).toEqual([]);
    expect(document).toMatchObject({ layer: "hdlc", frame: "ui", destination: { upper: 32 }, ...expected });
    expect(text(input)).toMatch(/data-notification/);
    expect(text(input)).toContain("octet-string 0100010700ff");
  });

  it("a wrapper PDU that is cut", () => {
    const input = "000100100001000dc001c1000301000108";
    expect(documents(input)).toMatchObject([
      { layer: "wrapper", source: 16, destination: 1, length: 13, fault: { code: "truncated", offset: 6 } },
    ]);
    expect(text(input)).toContain("classId: 3");
  });

  it("an M-Bus frame with a wrong checksum, and one that is cut", () => {
    const frame = "6815156853ff100167db084b464d6750000009053012345678aa16";
    const [length] = [(frame.length / 2 - 6).toString(16).padStart(2, "0")];
    const right = frame.replace("681515", `68${length}${length}`);
    expect(documents(right)).toMatchObject([
      { layer: "mbus", controlInformation: 0x10, fault: { code: "mbus-checksum" } },
    ]);
    expect(text(right)).toContain("SAP 1 to 103");
    expect(documents(right.slice(0, 36))).toMatchObject([{ layer: "mbus", fault: { code: "truncated" } }]);
  });

  it("an APDU that is cut: the fields up to there, in JSON too", () => {
    const [document] = documents("c001c1000301000108");
    expect(document).toMatchObject({ fault: { code: "truncated", offset: 5 } });
    expect(JSON.stringify(document.fields)).toContain('"name":"classId","offset":3,"octets":"0003"');
    expect(text("0203120001")).toContain("long-unsigned 1");
  });
});

describe("state over lines", () => {
  const wrap = (from: number, to: number, pdu: string) =>
    [1, from, to, pdu.length / 2].map((part) => part.toString(16).padStart(4, "0")).join("") + pdu;

  it("the system title of an AARQ serves a ciphered request after it", () => {
    const request = "c81e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b";
    const aarq = "601d a109060760857405080103 a60a04084d4d4d0000bc614e be040402 0100".replaceAll(" ", "");
    const keys = { encryptionKey: ek, authenticationKey: ak };
    const before = documents(wrap(16, 1, request), { keys });
    expect(before[0]).toMatchObject({ fault: { code: "missing-system-title" } });
    const found = documents(`${wrap(16, 1, aarq)}\n${wrap(16, 1, request)}`, { keys });
    expect(found[1].pdu).toMatchObject({ verified: true, plaintext: { apdu: "get-request-normal" } });
  });

  it("blocks of the one end and acknowledgements of the other", () => {
    const lines = [
      wrap(1, 16, "e0020001000004c401c100"),
      wrap(16, 1, "e0800001000100"),
      wrap(1, 16, "e082000200010312 00e6".replace(" ", "")),
    ];
    expect(documents(lines.join("\n"))[2].pdu.joined).toMatchObject({ apdu: "get-response-normal" });
  });

  it("segments of M-Bus, a frame a line; one that is missing is said at the end", () => {
    const vectors = JSON.parse(
      readFileSync(new URL("../../../test-vectors/push-captures.json", import.meta.url), "utf8"),
    ).vectors as { id: string; hex: string }[];
    const { hex } = vectors.find(({ id }) => id === "push-kaifa-005") as { hex: string };
    const first = hex.slice(0, (0xfa + 6) * 2);
    const found = documents(`${first}\n${hex.slice(first.length)}`);
    expect(found[0]).not.toHaveProperty("fault");
    expect(found[1].pdu).toMatchObject({ apdu: "general-glo-ciphering" });
    expect(documents(first)[0]).toMatchObject({ fault: { code: "incomplete" } });
  });
});
