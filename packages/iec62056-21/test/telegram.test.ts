import { readFileSync } from "node:fs";
import { concat, fromAscii, fromHex, toHex } from "@dlmskit/core";
import { noble } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import {
  crc16,
  decodeCipheredTelegram,
  decodeTelegram,
  encodeCipheredTelegram,
  encodeTelegram,
  logicalNameOf,
  openTelegram,
  sealTelegram,
  type Telegram,
  TelegramSplitter,
} from "../src/index.ts";
import { anyDataSet, anyIdentification, faultOf } from "./arbitraries.ts";

interface Vector {
  readonly id: string;
  readonly hex: string;
  readonly valid: boolean;
  readonly keys?: { readonly encryptionKey: string; readonly authenticationKey: string };
  readonly decoded: {
    readonly error?: string;
    readonly identification?: string;
    readonly crc?: boolean;
    readonly count?: number;
    readonly values?: readonly (readonly [name: string, value: string, unit: string | null])[];
  };
}

const path = new URL("../../../test-vectors/p1.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(path, "utf8")) as { vectors: Vector[] };
const properties = { numRuns: times(100) };
const anyTelegram: fc.Arbitrary<Telegram> = fc.record({
  identification: anyIdentification,
  dataSets: fc.array(anyDataSet, { maxLength: 6 }),
  crc: fc.boolean(),
});
const keys = {
  encryptionKey: fromHex("000102030405060708090a0b0c0d0e0f"),
  authenticationKey: fromHex("00112233445566778899aabbccddeeff"),
};
const systemTitle = fromAscii("DLM00001");

function read({ hex, keys: given }: Vector): Telegram {
  const octets = fromHex(hex);
  if (given === undefined) return decodeTelegram(octets);
  const encryptionKey = fromHex(given.encryptionKey);
  return openTelegram(octets, { provider: noble, encryptionKey, authenticationKey: fromHex(given.authenticationKey) });
}

describe("vectors: P1 telegrams", () => {
  it.each(vectors.filter(({ valid }) => valid))("$id", (vector) => {
    const telegram = read(vector);
    const { identification, crc, count, values = [] } = vector.decoded;
    const { manufacturer, baudRate, enhanced, identification: rest } = telegram.identification;
    expect(`${manufacturer}${baudRate}${enhanced && `\\${enhanced}`}${rest}`).toBe(identification);
    expect(telegram.crc).toBe(crc);
    expect(telegram.dataSets).toHaveLength(count ?? -1);
    for (const [name, value, unit] of values) {
      const found = telegram.dataSets.find(({ address }) => logicalNameOf(address) === name);
      expect(found?.values.at(-1), name).toEqual(unit === null ? { value } : { value, unit });
    }
    if (vector.keys === undefined) expect(toHex(encodeTelegram(telegram))).toBe(vector.hex);
  });

  it.each(vectors.filter(({ valid }) => !valid))("$id is refused: $decoded.error", (vector) => {
    const fault = faultOf(() => read(vector));
    expect(fault.code).toBe(vector.decoded.error);
    expect(fault.layer).toBe("iec62056-21");
  });
});

describe("a telegram", () => {
  it("there and back", () => {
    fc.assert(
      fc.property(anyTelegram, (telegram) => {
        expect(decodeTelegram(encodeTelegram(telegram))).toEqual(telegram);
      }),
      properties,
    );
  });

  it("has CRC-16/ARC, whose check value is published", () => {
    expect(crc16(fromAscii("123456789"))).toBe(0xbb3d);
  });

  it.each([
    ["/ABC5X\r\n\r\n1.8.0(1)\r\n", "truncated"],
    ["/ABC5X", "truncated"],
    ["/ABC5X\r\n\r\n!\r\nmore", "trailing-octets"],
    ["/ABC5X\r\n\r\n!0000\r\n", "crc-mismatch"],
    ["/ABC5X\r\n\r\nno data set\r\n!\r\n", "bad-data-set"],
    ["ABC5X\r\n\r\n!\r\n", "bad-message"],
  ])("%j is refused: %s", (text, code) => {
    expect(faultOf(() => decodeTelegram(fromAscii(text))).code).toBe(code);
  });
});

describe("a ciphered telegram", () => {
  const other = { ...keys, provider: node };
  it.each([noble, node])("there and back, with $name", (provider) => {
    fc.assert(
      fc.property(anyTelegram, fc.nat(0xffffffff), (telegram, invocationCounter) => {
        const octets = sealTelegram(telegram, { provider, ...keys }, { systemTitle, invocationCounter });
        expect(decodeCipheredTelegram(octets)).toMatchObject({ systemTitle, invocationCounter, securityControl: 0x30 });
        expect(openTelegram(octets, other)).toEqual(telegram);
      }),
      { numRuns: times(20) },
    );
  });

  const telegram: Telegram = {
    identification: { manufacturer: "ABC", baudRate: "5", enhanced: "", identification: "X" },
    dataSets: [{ address: "1-0:1.8.0", values: [{ value: "000123", unit: "kWh" }] }],
    crc: true,
  };
  const whole = sealTelegram(telegram, other, { systemTitle, invocationCounter: 7 });

  it("is refused with any octet changed", () => {
    for (let at = 0; at < whole.length; at++) {
      const changed = whole.slice();
      changed[at] = (changed[at] as number) ^ 0x01;
      const { code } = faultOf(() => openTelegram(changed, other));
      expect(["bad-tag", "bad-message", "truncated", "trailing-octets"], `octet ${at}`).toContain(code);
    }
  });

  it("is refused when cut anywhere", () => {
    for (let end = 0; end < whole.length; end++) {
      const { code } = faultOf(() => openTelegram(whole.subarray(0, end), other));
      expect(["truncated", "bad-message"], `${end} octets`).toContain(code);
    }
  });

  it("lengths of one octet are read, too; too short ones and wrong titles are not", () => {
    const sealed = new Uint8Array(12);
    const head = fromHex("db0801020304050607081130000000ff");
    expect(decodeCipheredTelegram(concat(head, sealed)).invocationCounter).toBe(255);
    expect(decodeCipheredTelegram(concat(fromHex("db080102030405060708811130000000ff"), sealed)).sealed).toEqual(
      sealed,
    );
    expect(faultOf(() => decodeCipheredTelegram(fromHex("db0801020304050607080530000000ff"))).code).toBe("bad-message");
    expect(faultOf(() => decodeCipheredTelegram(fromHex("db0801020304050607088430000000ff"))).code).toBe("bad-message");
    expect(faultOf(() => decodeCipheredTelegram(fromHex("db080102030405060708"))).code).toBe("truncated");
    expect(faultOf(() => encodeCipheredTelegram({ ...decodeCipheredTelegram(whole), systemTitle: sealed })).code).toBe(
      "bad-value",
    );
  });

  it("of encryption alone is refused: nothing would verify it", () => {
    const frame = { ...decodeCipheredTelegram(whole), securityControl: 0x20 };
    expect(faultOf(() => openTelegram(encodeCipheredTelegram(frame), other)).code).toBe("bad-message");
  });
});

describe("a stream of telegrams", () => {
  it("is found again however it is cut, with noise between", () => {
    const noise = fc
      .uint8Array({ maxLength: 5 })
      .map((octets) => octets.filter((octet) => octet !== 0x2f && octet !== 0xdb));
    const piece = fc.record({ telegram: anyTelegram, ciphered: fc.boolean(), noise });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 90 })), (pieces, cuts) => {
        const parts = pieces.map(({ telegram, ciphered }) =>
          ciphered
            ? sealTelegram(telegram, { provider: noble, ...keys }, { systemTitle, invocationCounter: 1 })
            : encodeTelegram(telegram),
        );
        const stream = concat(...parts.flatMap((part, at) => [pieces[at]?.noise ?? Uint8Array.of(), part]));
        const splitter = new TelegramSplitter();
        const found = [];
        for (let at = 0, cut = 0; at < stream.length; cut++) {
          const size = cuts[cut % cuts.length] ?? stream.length;
          found.push(...splitter.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(toHex(concat(...found.map(({ octets }) => octets)))).toBe(toHex(stream));
        expect(found.filter(({ kind }) => kind !== "noise").map(({ octets }) => toHex(octets))).toEqual(
          parts.map(toHex),
        );
        expect(splitter.held).toBe(0);
      }),
      properties,
    );
  });

  it("a telegram that breaks off does not take the next with it", () => {
    const good = "/ABC5X\r\n\r\n1.8.0(1)\r\n!\r\n";
    const found = new TelegramSplitter().push(fromAscii(`/ABC5X\r\n\r\n1.8.0(1)\r\n${good}`));
    expect(found.filter(({ kind }) => kind === "plain").map(({ octets }) => toHex(octets))).toEqual([
      toHex(fromAscii(good)),
    ]);
  });

  it("holds no more than one telegram may have", () => {
    const splitter = new TelegramSplitter();
    for (let sent = 0; sent < 40; sent++) {
      splitter.push(fromAscii(`${sent === 0 ? "/" : ""}${"x".repeat(1000)}`));
      expect(splitter.held).toBeLessThanOrEqual(0x4000);
    }
    expect(splitter.held).toBe(0);
  });
});
