// The ways in which people paste octets, beside those of the folder forms.
import { concat, fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { readCapture } from "../src/read.ts";

const hex = "7ea02a410883130413e6e7000f40000000000101020309060100010700ff060000016f02020f00161b601b7e";
const frame = fromHex(hex);
const pairs = hex.match(/../g) as string[];
const spaced = pairs.join(" ");
const lines = (width: number, line: (pairs: string[], at: number) => string): string =>
  pairs.flatMap((_, at) => (at % width === 0 ? [line(pairs.slice(at, at + width), at)] : [])).join("\n");
const ascii = (some: string[]): string =>
  some
    .map((one) => Number.parseInt(one, 16))
    .map((code) => (code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "."))
    .join("");
const at8 = (at: number, radix = 16, digits = 8): string => at.toString(radix).padStart(digits, "0");
const utf16 = (text: string, bigEndian: boolean): Uint8Array =>
  Uint8Array.from([...text].flatMap((one) => (bigEndian ? [0, one.charCodeAt(0)] : [one.charCodeAt(0), 0])));

const texts: readonly (readonly [string, string | Uint8Array])[] = [
  [
    "hexdump -C",
    `${lines(16, (some, at) => `${at8(at)}  ${some.slice(0, 8).join(" ")}  ${some.slice(8).join(" ").padEnd(23)}  |${ascii(some)}|`)}\n0000002c\n`,
  ],
  [
    "hexdump",
    `${lines(
      16,
      (some, at) =>
        `${at8(at, 16, 7)} ${some
          .map((_, n) => (n % 2 === 0 ? (some[n + 1] ?? "00") + some[n] : ""))
          .filter(Boolean)
          .join(" ")}`,
    )}\n000002c\n`,
  ],
  [
    "xxd with its characters",
    lines(
      16,
      (some, at) => `${at8(at)}: ${(some.join("").match(/.{1,4}/g) ?? []).join(" ").padEnd(40)} ${ascii(some)}`,
    ),
  ],
  ["od -A x -t x1", lines(16, (some, at) => `${at8(at, 16, 6)} ${some.join(" ")}`)],
  ["od -t x1, offsets in octal", lines(16, (some, at) => `${at8(at, 8, 7)} ${some.join(" ")}`)],
  ["od -t x1z", lines(16, (some, at) => `${at8(at, 8, 7)} ${some.join(" ")}  >${ascii(some)}<`)],
  ["a dump of 8 a line", lines(8, (some, at) => `${at8(at, 16, 4)}  ${some.join(" ")}  ${ascii(some)}`)],
  ["a dump run together", lines(16, (some, at) => `${at8(at, 16, 4)} ${some.join(" ")}`).replaceAll("\n", " ")],
  [
    "octets with characters and no offset",
    lines(16, (some) => `${some.join(" ")}  ${ascii(some).replace(/[0-9a-f]/gi, ".")}`),
  ],
  ["wrapped within an octet", (hex.match(/.{1,25}/g) as string[]).join("\n")],
  ["blank lines and comments", `# a push\n\n${lines(16, (some) => `${some.join(" ")}\n`)}\n// the end\n`],
  ["decimal list", pairs.map((one) => Number.parseInt(one, 16)).join(", ")],
  ["decimal list in brackets over lines", `[\n${pairs.map((one) => `  ${Number.parseInt(one, 16)}`).join(",\n")}\n]\n`],
  ["decimal with spaces", pairs.map((one) => Number.parseInt(one, 16)).join(" ")],
  ["signed octets", `{${pairs.map((one) => (Number.parseInt(one, 16) << 24) >> 24).join(", ")}}`],
  [
    "C over lines",
    `const uint8_t frame[] = {\n${lines(12, (some) => `  ${some.map((one) => `0x${one}`).join(", ")},`)}\n};\n`,
  ],
  ["C string over lines", lines(12, (some) => `"${some.map((one) => `\\x${one}`).join("")}"`)],
  ["bytes.fromhex", `frame = bytes.fromhex("${spaced}")`],
  ["Buffer.from", `const frame = Buffer.from("${hex}", "hex");`],
  ["Node's Buffer", `<Buffer ${spaced}>`],
  ["Buffer in JSON", JSON.stringify({ type: "Buffer", data: [...frame] })],
  ["JSON with hex", JSON.stringify({ time: "2026-01-01T10:00:00Z", port: 4059, data: hex })],
  ["JSON over lines", JSON.stringify({ frames: [{ id: 1, payload: pairs.join(":") }] }, undefined, 2)],
  ["JSON with base64", JSON.stringify({ payload: "fqAqQQiDEwQT5ucAD0AAAAAAAQECAwkGAQABBwD/BgAAAW8CAg8AFhtgG34=" })],
  ["base64 of URLs", "fqAqQQiDEwQT5ucAD0AAAAAAAQECAwkGAQABBwD_BgAAAW8CAg8AFhtgG34"],
  ["7Eh", pairs.map((one) => `${one.toUpperCase()}h`).join(" ")],
  ["$7E", pairs.map((one) => `$${one}`).join(",")],
  ["X'…'", `X'${hex}'`],
  ["a date in front", `2026-01-01 10:00:00 DEBUG received ${hex}`],
  ["ISO time and mark", `2026-01-01T10:00:00.123+01:00 RX <- ${spaced}`],
  ["journal", `Jan 01 10:00:00 host reader[123]: got frame (44 bytes): ${spaced}`],
  ["seconds", `1767225600.123 ${spaced}`],
  ["ESP-IDF", `I (123456) meter: ${spaced}`],
  ["tcpdump-like direction", `10:00:00.123456 <<< ${hex}`],
  ["UTF-16 with a mark", concat(Uint8Array.of(0xff, 0xfe), utf16(`${spaced}\r\n`, false))],
  ["UTF-16 big-endian", concat(Uint8Array.of(0xfe, 0xff), utf16(spaced, true))],
  ["UTF-16 without a mark", utf16(spaced, false)],
  ["Latin-1", Uint8Array.from(pairs.join("\u00b7"), (one) => one.charCodeAt(0))],
];

describe("the same frame", () => {
  it.each(texts)("%s", (_, text) => {
    const records = readCapture(text).filter(({ prose }) => prose !== true);
    expect(records.map(({ fault, octets }) => fault?.message ?? toHex(octets))).toEqual([hex]);
  });
});

describe("what is told beside the octets", () => {
  it("time and direction", () => {
    expect(readCapture(`16:41:34\tReceived\t${spaced}\n16:41:35\tSent\t${spaced}`)).toMatchObject([
      { time: "16:41:34", direction: "received", line: 1 },
      { time: "16:41:35", direction: "sent", line: 2 },
    ]);
  });

  it("what was guessed", () => {
    const guesses = (text: string) => readCapture(text).flatMap((record) => record.guesses);
    expect(guesses(hex)).toEqual([]);
    expect(guesses(pairs.join(":"))).toEqual([]);
    expect(guesses("fqAqQQiDEwQT5ucAD0AAAAAAAQECAwkGAQABBwD/BgAAAW8CAg8AFhtgG34=")).toEqual(["taken as base64"]);
    expect(guesses([...frame].join(" "))).toEqual(["the numbers are taken as decimal"]);
    expect(guesses(lines(16, (some) => some.join(" ")))).toEqual(["3 lines are taken as one"]);
  });

  it("prose among octets is no octets", () => {
    const log = `connected to the meter at last\n[D] ${spaced}\nit will be a bad day to feed the cat`;
    expect(readCapture(log).map(({ prose, octets }) => (prose === true ? "prose" : toHex(octets)))).toEqual([
      "prose",
      hex,
      "prose",
    ]);
  });
});

describe("what does not belong together stays apart", () => {
  const hexes = (text: string) =>
    readCapture(text).map(({ octets, fault }) => (fault === undefined ? toHex(octets) : fault.code));
  it("a line that is cut before a whole one", () => {
    const request = "c001c100030100010800ff0200";
    expect(hexes(`${request.slice(0, -2)}\n${request}`)).toEqual([request.slice(0, -2), request]);
    expect(hexes(`${hex.slice(0, 40)}\n${hex}`)).toEqual([hex.slice(0, 40), hex]);
    expect(hexes(`${hex}\n${hex}`)).toEqual([hex, hex]);
  });

  it("a frame that goes on in the other direction does not", () => {
    expect(hexes(`RX: ${hex.slice(0, 40)}\nTX: ${hex.slice(40)}`)).toHaveLength(2);
  });

  it("an odd digit is a fault in its place", () => {
    expect(hexes(`c00\n${hex}`)).toEqual(["bad-hex", hex]);
  });
});
