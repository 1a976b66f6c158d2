import { hkdfSync } from "node:crypto";
import { inspect } from "node:util";
import { fromAscii, fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { deriveMeterKeys, erase, Keys, keyFindings, type MeterKeys } from "../src/index.ts";
import { faultOf } from "./fault-of.ts";

const secret = Uint8Array.from({ length: 32 }, (_, at) => (at * 29 + 3) & 0xff);
const systemTitle = fromHex("4d4d4d0000bc614e");

describe("the keys of a fleet", () => {
  it("are HKDF-SHA-256 with the documented info", () => {
    const info = (name: string, suite: number, version: string, title: string) =>
      new Uint8Array([...fromAscii(`dlmskit/${name}`), 0, suite, ...fromHex(version), ...fromHex(title)]);
    const expected = (of: Uint8Array, length: number) =>
      toHex(new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), of, length)));
    const keys = deriveMeterKeys({ secret, systemTitle, suite: 2, version: 258 });
    const title = "4d4d4d0000bc614e";
    expect(toHex(keys.masterKey)).toBe(expected(info("masterKey", 2, "00000000", title), 32));
    expect(toHex(keys.encryptionKey)).toBe(expected(info("encryptionKey", 2, "00000102", title), 32));
    expect(toHex(keys.authenticationKey)).toBe(expected(info("authenticationKey", 2, "00000102", title), 32));
    expect(toHex(keys.broadcastKey)).toBe(expected(info("broadcastKey", 2, "00000102", ""), 32));
    expect(toHex(keys.lowSecret)).toBe(expected(info("lowSecret", 2, "00000102", title), 16));
    expect(toHex(keys.highSecret)).toBe(expected(info("highSecret", 2, "00000102", title), 16));
  });

  it("never come twice: other for every meter, version, suite and name, but for what is meant to stay", () => {
    const all = [
      deriveMeterKeys({ secret, systemTitle, suite: 0 }),
      deriveMeterKeys({ secret, systemTitle: fromHex("4d4d4d0000bc614f"), suite: 0 }),
      deriveMeterKeys({ secret, systemTitle, suite: 0, version: 1 }),
      deriveMeterKeys({ secret, systemTitle, suite: 1 }),
    ];
    const names = Object.keys(all[0] as MeterKeys) as (keyof MeterKeys)[];
    const seen = new Set(all.flatMap((keys) => names.map((name) => toHex(keys[name]))));
    // The master key outlives versions; the broadcast key is one for all meters.
    expect(seen.size).toBe(all.length * names.length - 2);
    expect(all[2]?.masterKey).toEqual(all[0]?.masterKey);
    expect(all[1]?.broadcastKey).toEqual(all[0]?.broadcastKey);
  });

  it("refuse a short secret, an unknown suite, another title, a version that is none", () => {
    expect(faultOf(() => deriveMeterKeys({ secret: secret.subarray(1), systemTitle, suite: 0 }))).toBe(
      "bad-key-length",
    );
    expect(faultOf(() => deriveMeterKeys({ secret, systemTitle, suite: 3 }))).toBe("unknown-suite");
    expect(faultOf(() => deriveMeterKeys({ secret, systemTitle: secret, suite: 0 }))).toBe("bad-system-title");
    expect(faultOf(() => deriveMeterKeys({ secret, systemTitle, suite: 0, version: -1 }))).toBe("out-of-range");
  });
});

describe("findings about keys", () => {
  const good = deriveMeterKeys({ secret, systemTitle, suite: 0 });

  it("are none for good ones", () => {
    expect(keyFindings(good)).toEqual([]);
    expect(keyFindings({ encryptionKey: good.encryptionKey, authenticationKey: good.authenticationKey })).toEqual([]);
  });

  it("name equal, published and patterned keys, and show none", () => {
    const equal = keyFindings({ ...good, authenticationKey: good.encryptionKey.slice() });
    expect(equal).toEqual([{ code: "equal-keys", message: "the encryption key and the authentication key are equal" }]);
    const codes = (encryptionKey: Uint8Array) => keyFindings({ ...good, encryptionKey }).map(({ code }) => code);
    expect(codes(fromHex("000102030405060708090a0b0c0d0e0f"))).toEqual(["published-key"]);
    expect(codes(new Uint8Array(16))).toEqual(["patterned-key"]);
    expect(codes(Uint8Array.from({ length: 16 }, (_, at) => (at * 19) & 0xff))).toEqual(["patterned-key"]);
    expect(keyFindings({ ...good, masterKey: good.encryptionKey, encryptionKey: good.encryptionKey })).toHaveLength(1);
    for (const { message } of equal) expect(message).not.toContain(toHex(good.encryptionKey));
    expect(keyFindings({ encryptionKey: new Uint8Array(0), authenticationKey: good.encryptionKey })).toHaveLength(1);
  });
});

describe("erasing", () => {
  it("overwrites what it is given, and what Keys hold", () => {
    const key = secret.slice();
    erase(key, undefined);
    expect(key).toEqual(new Uint8Array(32));
    const keys = new Keys({ encryptionKey: secret, authenticationKey: secret });
    expect(inspect(keys)).not.toContain("3");
    keys.erase();
    expect(keys.encryptionKey).toEqual(new Uint8Array(32));
    expect(secret[0]).toBe(3);
  });
});
