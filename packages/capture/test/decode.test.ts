import { readFileSync } from "node:fs";
import { fromHex, type Json, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeOctets, type LayerName } from "../src/decoder.ts";
import { encodeJson, encodeXml } from "../src/encode.ts";
import { itemJson } from "../src/item.ts";
import type { DecipherKeys } from "../src/opened.ts";
import { treeText } from "../src/tree-text.ts";

interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly hex: string;
  readonly valid: boolean;
  readonly keys?: { readonly [name: string]: string | null };
  readonly quirk?: readonly string[];
  readonly transport?: string;
  // biome-ignore lint/suspicious/noExplicitAny: neutral forms of every layer
  readonly decoded: any;
}

const vectorsOf = (layer: string): Vector[] =>
  JSON.parse(readFileSync(new URL(`../../../test-vectors/${layer}.json`, import.meta.url), "utf8")).vectors;

const noKeys: DecipherKeys = { systemTitles: [] };
const items = (hex: string, keys = noKeys, layer?: LayerName) => decodeOctets(fromHex(hex), keys && { keys, layer });
const documents = (hex: string, keys?: DecipherKeys, layer?: LayerName) => items(hex, keys, layer).map(itemJson);
const keysOf = (keys: NonNullable<Vector["keys"]>): DecipherKeys => {
  const key = (name: string) => (keys[name] ? fromHex(keys[name]) : undefined);
  const title = key("systemTitle");
  return {
    encryptionKey: key("encryptionKey"),
    authenticationKey: key("authenticationKey"),
    dedicatedKey: key("encryptionKey"),
    systemTitles: title === undefined ? [] : [title],
  };
};
const readable = (document: { readonly [key: string]: Json }): boolean =>
  document.fault === undefined && document.pduFault === undefined;

describe("finding the layer out", () => {
  it.each([
    ["hdlc", "hdlc"],
    ["wrapper", "wrapper"],
  ])("%s vectors are frames", (file, layer) => {
    const frames = vectorsOf(file).filter(({ kind, valid }) => valid && (kind === "frame" || kind === "wpdu"));
    expect(frames.length).toBeGreaterThan(8);
    for (const { id, hex } of frames) {
      const [document, ...more] = documents(hex);
      expect(more, id).toEqual([]);
      expect(document, id).toMatchObject({ layer });
      expect(document, id).not.toHaveProperty("fault");
    }
  });

  it("APDUs and Data are told apart, lone values included", () => {
    for (const file of ["xdlms", "acse"]) {
      for (const { id, hex, valid, kind } of vectorsOf(file)) {
        if (!valid) continue;
        const [document] = documents(hex);
        expect(document, id).toHaveProperty("apdu");
        expect(String(document?.apdu).startsWith(kind), `${id}: ${String(document?.apdu)}`).toBe(true);
      }
    }
    for (const { id, hex, valid, decoded } of vectorsOf("axdr-data")) {
      if (valid) expect(documents(hex)[0], id).toMatchObject({ type: decoded.type });
    }
  });

  it("what must be refused is a Fault, found out or told", () => {
    for (const file of ["xdlms", "axdr-data", "wrapper"]) {
      for (const { id, hex, valid } of vectorsOf(file)) {
        if (!valid)
          expect(
            documents(hex).some(({ fault }) => fault !== undefined),
            id,
          ).toBe(true);
      }
    }
  });

  it("a ReadRequest that a double-long could be is the request; --as data says otherwise", () => {
    expect(documents("050102fa00")[0]).toMatchObject({ apdu: "read-request" });
    expect(documents("050102fa00", undefined, "data")[0]).toEqual({ type: "double-long", value: 16972288 });
  });

  it("noise before the first flag", () => {
    const [noise, frame] = documents("ffff007ea00802232193bd647e");
    expect(noise).toMatchObject({ fault: { code: "noise", offset: 0 } });
    expect(frame).toMatchObject({ layer: "hdlc", frame: "snrm" });
  });
});

describe("streams", () => {
  it("frames of a stream, what is none in its place", () => {
    const documents_ = documents("7ea00802232193bd657e7ea00802232193bd647e");
    expect(documents_).toMatchObject([{ fault: { code: "fcs-mismatch", layer: "hdlc" } }, { frame: "snrm" }]);
  });

  it("one frame alone says exactly what is wrong with it", () => {
    expect(documents("7ea00802232193bd657e")[0]).toMatchObject({ fault: { code: "fcs-mismatch", offset: 7 } });
    expect(documents("7ea00a0002002293")[0]).toMatchObject({ fault: { layer: "hdlc" } });
    expect(documents("7e")[0]).toMatchObject({ fault: { layer: "hdlc" } });
  });

  it("segments are joined, with offsets where they stand in the input", () => {
    const { hex } = vectorsOf("hdlc").find(({ id }) => id === "hdlc-stream-004") as Vector;
    const found = items(hex);
    expect(found[0]?.json).not.toHaveProperty("pdu");
    expect(found.at(-1)?.json).toMatchObject({ pdu: { apdu: "data-notification" } });
    const pdu = found.at(-1)?.node?.children.find(({ name }) => name === "data-notification");
    // The first octet of the APDU stands in the first frame, behind its header and the LLC.
    expect(hex.slice((pdu?.offset ?? 0) * 2, (pdu?.offset ?? 0) * 2 + 2)).toBe("0f");
    expect(pdu?.offset).toBeLessThan(20);
  });

  it("a WPDU cut off, and a version that is none", () => {
    expect(documents("000100100001000dc001c1000100002a0000ff020000010010")).toMatchObject([
      { layer: "wrapper", pdu: { apdu: "get-request-normal" } },
      { fault: { code: "truncated", layer: "wrapper" } },
    ]);
    expect(documents("00020010000100", undefined, "wrapper")[0]).toMatchObject({ fault: { code: "bad-version" } });
  });

  it("a frame whose PDU cannot be read is still a frame", () => {
    expect(documents("0001000100030006aabbccddeeff")).toMatchObject([
      { layer: "wrapper", pdu: "aabbccddeeff", pduFault: { code: "unknown-tag", offset: 8, path: "pdu" } },
    ]);
  });

  it("GET blocks are joined at the last one", () => {
    const wrap = (pdu: string) => `000100010010${(pdu.length / 2).toString(16).padStart(4, "0")}${pdu}`;
    const first = wrap("c402c10000000001000301020f");
    const last = wrap("c402c101000000020003050f06");
    const found = documents(first + last);
    expect(found[0]).toMatchObject({ pdu: { apdu: "get-response-with-datablock" } });
    expect(found[0]?.pdu).not.toHaveProperty("joined");
    expect(found[1]?.pdu).toMatchObject({
      joined: {
        data: {
          type: "array",
          value: [
            { type: "integer", value: 5 },
            { type: "integer", value: 6 },
          ],
        },
      },
    });
  });

  it("blocks out of order are not joined to something wrong", () => {
    const { hex } = vectorsOf("push-captures").find(({ id }) => id === "push-landis-gyr-009") as Vector;
    const found = documents(hex);
    expect(found.some(({ fault }) => (fault as { code?: string } | undefined)?.code === "block-out-of-order")).toBe(
      true,
    );
    expect(JSON.stringify(found)).not.toContain('"joined"');
  });
});

describe("deciphering", () => {
  const ciphered = vectorsOf("security").filter(
    ({ kind, keys }) => keys !== undefined && /^(glo|ded|general-glo|general-ded|negative)/.test(kind),
  );

  it("opens every vector, and verifies where there is a tag", () => {
    let opened = 0;
    for (const { id, hex, keys = {}, valid, decoded } of ciphered) {
      const [document] = documents(hex, keysOf(keys));
      if (!valid) {
        expect(document, id).toHaveProperty("fault");
        expect(document, id).not.toHaveProperty("plaintext");
        continue;
      }
      expect(document, id).not.toHaveProperty("fault");
      expect(document, id).toHaveProperty("plaintext");
      const control = document?.securityControl as { authenticated: boolean };
      expect(document?.verified, id).toBe(control.authenticated);
      expect(toHex(encodeJson(document?.plaintext as Json)), id).toBe(decoded.plaintext);
      opened++;
    }
    expect(opened).toBeGreaterThan(25);
  });

  it("without keys it stays closed, which is no fault", () => {
    const [document] = documents("c81e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b");
    expect(document).toMatchObject({ apdu: "glo-get-request", invocationCounter: 0x01234567 });
    expect(readable(document ?? {})).toBe(true);
  });

  it("says which key or title is missing, and shows none", () => {
    const hex = "c81e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b";
    const key = fromHex("000102030405060708090a0b0c0d0e0f");
    const title = fromHex("4d4d4d0000bc614e");
    expect(documents(hex, { encryptionKey: key, systemTitles: [title] })[0]).toMatchObject({
      fault: { code: "missing-key", hint: "give it with --ak" },
    });
    const both = { encryptionKey: key, authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf") };
    expect(documents(hex, { ...both, systemTitles: [] })[0]).toMatchObject({ fault: { code: "missing-system-title" } });
    const wrong = documents(hex, { ...both, encryptionKey: fromHex("ff".repeat(16)), systemTitles: [title] })[0];
    expect(wrong).toMatchObject({ fault: { code: "bad-tag" } });
    expect(JSON.stringify(wrong)).not.toContain("ffffffff");
    // The right title among several is found by the tag.
    const found = documents(hex, { ...both, systemTitles: [fromHex("0102030405060708"), title] })[0];
    expect(found).toMatchObject({ verified: true, plaintext: { apdu: "get-request-normal" } });
  });

  it("pushes of real meters, over HDLC, wrapper, M-Bus and bare", () => {
    let read = 0;
    for (const { id, hex, keys, valid, decoded, quirk } of vectorsOf("push-captures")) {
      const how = {
        keys: keys === undefined ? noKeys : keysOf(keys),
        quirks: (quirk ?? []).map((name) =>
          name.endsWith("time-tagged") ? "date-time-with-data-tag" : "untyped-attribute-descriptors",
        ),
      };
      const found = decodeOctets(fromHex(hex), how).map(itemJson);
      const text = JSON.stringify(found);
      if (!valid) {
        expect(found.every(readable), id).toBe(false);
        continue;
      }
      expect(found.every(readable), `${id} ${quirk?.join() ?? ""} ${text.slice(-300)}`).toBe(true);
      const kind = decoded.apdu?.apdu;
      if (kind !== undefined) expect(text, id).toContain(`"apdu":"${kind}`);
      read++;
    }
    expect(read).toBeGreaterThan(35);
  });
});

describe("for people", () => {
  it("a GET request", () => {
    const [item] = items("c001c100030100010800ff0200");
    expect(treeText(item?.node === undefined ? [] : [item.node])).toMatchInlineSnapshot(`
      " 0  c0 01 c1 00 03 01 00 …   get-request-normal
       2  c1                         invokeIdAndPriority: invokeId 1, priority high, serviceClass confirmed
       3  00 03 01 00 01 08 00 …     attribute
       3  00 03                        classId: 3  Register
       5  01 00 01 08 00 ff            instanceId: 1.0.1.8.0.255  Active energy import (+A), total
      11  02                           attributeId: 2  value
      "
    `);
  });

  it("a GET response in a wrapper PDU", () => {
    const [item] = items("0001000100100014c401c100090c07e80a1b01080000fffeb600".replace("0014", "0012"));
    expect(treeText(item?.node === undefined ? [] : [item.node])).toMatchInlineSnapshot(`
      " 0  00 01 00 01 00 10 00 …   wrapper PDU: wPort 1 to 16
       0  00 01                      version: 1
       2  00 01                      source: 1
       4  00 10                      destination: 16
       6  00 12                      length: 18
       8  c4 01 c1 00 09 0c 07 …     get-response-normal
      10  c1                           invokeIdAndPriority: invokeId 1, priority high, serviceClass confirmed
      11  00 09 0c 07 e8 0a 1b …       result: octet-string 07e80a1b01080000fffeb600  2024-10-27 08:00:00 +05:30
      12  09 0c 07 e8 0a 1b 01 …         data: octet-string 07e80a1b01080000fffeb600  2024-10-27 08:00:00 +05:30
      "
    `);
  });

  it("an HDLC frame with a push of a list", () => {
    const [item] = items("7ea02a410883130413e6e7000f40000000000101020309060100010700ff060000067d02020f00161b1c057e");
    expect(treeText(item?.node === undefined ? [] : [item.node])).toMatchInlineSnapshot(`
      " 0  7e a0 2a 41 08 83 13 …   HDLC UI frame
       1  a0 2a                      format: 42
       3  41                         destination: upper 32, octets 1
       4  08 83                      source: upper 4, lower 65, octets 2
       6  13                         control: ui, P/F 1
       7  04 13                      hcs: 0413
       9  e6 e7 00 0f 40 00 00 …     information: e6e7000f40000000000101020309060100010700ff060000067d02020f00161b
      12  0f 40 00 00 00 00 01 …     data-notification
      13  40 00 00 00                  longInvokeIdAndPriority: longInvokeId 0, selfDescriptive false, processingOption continue-on-error, serviceClass confirmed, priority normal
      18  01 01 02 03 09 06 01 …       body: array of 1
      20  02 03 09 06 01 00 01 …         0: structure of 3
      22  09 06 01 00 01 07 00 ff          0: octet-string 0100010700ff  1.0.1.7.0.255  Instantaneous ΣLi active power + (QI+QIV), import
      30  06 00 00 06 7d                   1: double-long-unsigned 1661
      35  02 02 0f 00 16 1b                2: structure of 2
      37  0f 00                              0: integer 0
      39  16 1b                              1: enum 27  W
      41  1c 05                      fcs: 1c05
      "
    `);
  });

  it("a ciphered request that was opened", () => {
    const [item] = items("c81e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b", {
      encryptionKey: fromHex("000102030405060708090a0b0c0d0e0f"),
      authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
      systemTitles: [fromHex("4d4d4d0000bc614e")],
    });
    expect(treeText(item?.node === undefined ? [] : [item.node])).toMatchInlineSnapshot(`
      " 0  c8 1e 30 01 23 45 67 …   glo-get-request
       2  30                         securityControl: suite 0, authenticated true, encrypted true, broadcast false, compressed false
       3  01 23 45 67                invocationCounter: 19088743
       7  41 13 12 ff 93 5a 47 …     ciphertext: 411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b
       7  c0 01 00 00 08 00 00 …     plaintext: get-request-normal
       9  00                           invokeIdAndPriority: invokeId 0, priority normal, serviceClass unconfirmed
      10  00 08 00 00 01 00 00 …       attribute
      10  00 08                          classId: 8  Clock
      12  00 00 01 00 00 ff              instanceId: 0.0.1.0.0.255  Clock object
      18  02                             attributeId: 2  time
      20  7d 82 5c 3b e4 a7 7c …     verified: the authentication tag is right
      "
    `);
  });
});

describe("the way back", () => {
  it("canonical vectors come back to the octet, by JSON and by XML", () => {
    let same = 0;
    for (const file of ["wrapper", "xdlms", "acse", "axdr-data"]) {
      for (const { id, hex, valid } of vectorsOf(file)) {
        const found = items(hex);
        if (!valid || !found.map(itemJson).every(readable)) continue;
        const back = found.map((item) => JSON.parse(JSON.stringify(itemJson(item))));
        const [only] = back;
        const octets = encodeJson(back.length === 1 ? only : back);
        // Longer forms than needed keep their octets in JSON; in XML they are read and written in the shortest.
        if (toHex(octets) === hex) same++;
        else expect(decodeOctets(octets, { keys: noKeys }).map(itemJson), id).toEqual(found.map(itemJson));
        if (file !== "wrapper") {
          const [{ xml } = {}] = found;
          const { octets: _, ...form } = only as { readonly [key: string]: Json };
          expect(toHex(encodeXml(xml?.() ?? "")), id).toBe(toHex(encodeJson(form)));
        }
      }
    }
    expect(same).toBeGreaterThan(230);
  });

  it("an HDLC frame from its APDU alone", () => {
    const frame = {
      ...{ layer: "hdlc", frame: "i", sendSequence: 0, receiveSequence: 0 },
      ...{ destination: { upper: 1 }, source: { upper: 16 } },
      pdu: {
        ...{ apdu: "get-request-normal", invokeId: 1, priority: "high", serviceClass: "confirmed" },
        attribute: { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 },
      },
    };
    const hex = toHex(encodeJson(frame));
    expect(hex).toContain("e6e600c001c100030100010800ff0200");
    expect(documents(hex)[0]).toMatchObject(frame);
  });

  it.each<[string, Json, string]>([
    ["no form", { hello: 1 }, "bad-json"],
    ["no object", 7, "bad-json"],
    ["a fault", { fault: { code: "truncated" } }, "bad-json"],
    ["a type that is none", { type: "quad", value: 1 }, "unknown-type"],
    ["a number out of range", { type: "unsigned", value: 256 }, "out-of-range"],
    ["an APDU that is none", { apdu: "get-lost" }, "unknown-apdu"],
    ["a wrong length", { layer: "wrapper", source: 1, destination: 1, length: 3, pdu: "00" }, "bad-json"],
  ])("%s is refused", (_, json, code) => {
    expect(() => encodeJson(json)).toThrow(expect.objectContaining({ code }));
  });
});

it("any octets give items, never another exception", () => {
  const starts = [[], [0x7e, 0xa0], [0, 1], [0x68], [0x60], [0xc0, 1], [0xdb, 8], [0xe0, 0x80]];
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 60 }), (start, rest) => {
      const keys = { ...keysOf({ encryptionKey: "00".repeat(16), authenticationKey: "11".repeat(16) }) };
      const found = decodeOctets(Uint8Array.of(...start, ...rest), { keys });
      expect(found.length).toBeGreaterThan(0);
      for (const item of found) {
        expect(item.json ?? item.fault).toBeDefined();
        if (item.node !== undefined) treeText([item.node]);
        JSON.stringify(itemJson(item));
      }
    }),
  );
});
