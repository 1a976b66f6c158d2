import { toHex } from "@dlmskit/core";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { times } from "../../../test/campaign.ts";
import { noble } from "../src/index.ts";
import { NobleAesGcm } from "../src/noble/aes-gcm.ts";
import { OpensslAesGcm } from "../src/node/openssl-aes-gcm.ts";
import { plainOctets } from "../src/node/plain-octets.ts";
import { node, openssl } from "../src/node.ts";
import { faultOf } from "./fault-of.ts";

const providers = [noble, openssl, node];
const key = Uint8Array.from({ length: 16 }, (_, at) => at);
const iv = Uint8Array.from({ length: 12 }, (_, at) => 0x40 + at);
const additional = Uint8Array.from({ length: 17 }, (_, at) => 0xd0 + at);
const none = new Uint8Array(0);
const text = (length: number) => Uint8Array.from({ length }, (_, at) => at * 7);

/** Of a key that is in use: `node` has made its tables. */
function inUse(provider: typeof node, given = key) {
  const aes = provider.aesGcm(given);
  for (let use = 0; use < 9; use++) aes.crypt(iv, none);
  return aes;
}

// SHA-256 of ciphertext and tag, as JDK 17 (AES/GCM/NoPadding) has them: lengths on both sides of each threshold of `node`.
const jdk = [
  [0, "76d3d7a10eae2a26f8b7910e7bc2893c9648cb5281c283f1194438b1609dcc41"],
  [1, "cffa397bd39999ea2ae1169a12203052277e5a0925e89a960ac13339dfa57975"],
  [15, "e1da19fc8503a592caab84f5146ffeb1d8ed12557f21cb25ae7eca6c5a5f92b9"],
  [16, "cb5213b197effdc3756d06f74b4310744705739f30b95949346b829466babd55"],
  [17, "d38c8d31a18ce38bc29eb6d54a2ea9e4f55d2cf5869b22deeb672f9aeeac3815"],
  [184, "f163bcfc2b629055a291d22c454a76a2b0d6c05fb85a648c5feef495a5b54ae2"],
  [185, "523f44c8df085fcb31ddfc00f9f9222725d4125469142b3354750788d5846fb3"],
  [186, "ec8b0b91b8fa9311d0ec6584f3ae1acc565912639c0b62f326985fb334ed76f1"],
  [192, "4c6672eefe05411939d28975c01c3d02ae75ccfc309389f8b209cb19cafd9e05"],
  [200, "68617f9c0742869d919bb1eb47c1b9b8c79a7cf6bb6a21ccee507bc45ba5a18d"],
  [249, "95a512bf6d3d38ae6e63491440fcb9aae1ae68fc18f5d6ca545e8fa0592afa43"],
  [250, "66929343af2b001d1f67c5f9f21574575fe6b3a010a302b795e893d55879bf53"],
  [256, "0e026024f08820f3081448838a886e67f40cb3df801ca90faaa370d52db4c005"],
  [257, "db7f4b9000794ecf5cade89190cd5582c79020d5dba6b6e965dca83daf0dec70"],
  [1024, "cc618f1c5d286eaea3a56f956eadb2c1a4c38715de1ae0e01490621f89ceacd4"],
] as const;

describe.each(providers)("AES-GCM of the provider $name around the thresholds", (provider) => {
  it.each(jdk)("%i octets are what the JDK makes of them", (length, digest) => {
    const aes = inUse(provider);
    const sealed = aes.seal(iv, text(length), additional);
    expect(toHex(provider.hash("sha256", sealed))).toBe(digest);
    expect(aes.open(iv, sealed, additional)).toEqual(text(length));
  });

  it("seals into octets that are there, and leaves those around alone", () => {
    for (const length of [0, 200, 1024]) {
      const aes = inUse(provider);
      const to = new Uint8Array(length + 12 + 9).fill(0xee);
      aes.sealInto(iv, text(length), additional, to, 5);
      expect(to.subarray(5, -4)).toEqual(aes.seal(iv, text(length), additional));
      expect(toHex(to.subarray(0, 5)) + toHex(to.subarray(-4))).toBe("ee".repeat(9));
    }
  });

  it("does not seal where there is no room, and writes nothing then", () => {
    const aes = provider.aesGcm(key);
    const to = new Uint8Array(40).fill(0xee);
    for (const at of [-1, 9, 40, Number.NaN]) {
      expect(faultOf(() => aes.sealInto(iv, text(20), additional, to, at))).toBe("bad-length");
    }
    expect(to).toEqual(new Uint8Array(40).fill(0xee));
    aes.sealInto(iv, text(20), additional, to, 8);
    expect(to.subarray(8)).toEqual(aes.seal(iv, text(20), additional));
  });

  it("gives octets that are no Buffer, alone in their memory", () => {
    const aes = inUse(provider);
    for (const length of [20, 1024]) {
      const sealed = aes.seal(iv, text(length), none);
      for (const octets of [sealed, aes.open(iv, sealed, none) as Uint8Array, aes.crypt(iv, sealed)]) {
        expect(Object.getPrototypeOf(octets)).toBe(Uint8Array.prototype);
        expect(octets.buffer.byteLength).toBe(octets.length);
      }
    }
  });
});

describe("noble, openssl and node", () => {
  it("give the same octets for every length up to 1,100", () => {
    const all = providers.map((provider) => inUse(provider));
    for (let length = 0; length <= 1100; length++) {
      const plain = text(length);
      const [one, ...others] = all.map((aes) => {
        const sealed = aes.seal(iv, plain, additional);
        expect(aes.open(iv, sealed, additional)).toEqual(plain);
        const wrong = sealed.with(-1, (sealed.at(-1) as number) ^ 1);
        expect(aes.open(iv, wrong, additional)).toBeUndefined();
        return [sealed, aes.crypt(iv, plain), aes.seal(iv, none, plain)].map(toHex);
      });
      for (const other of others) expect(other).toEqual(one);
    }
  });

  it("give the same octets for any key, text and additional data, from the first use of a key on", () => {
    const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const lengths = fc.oneof(fc.nat(40), fc.integer({ min: 170, max: 270 }), fc.nat(1500)).chain(octets);
    fc.assert(
      fc.property(
        fc.constantFrom(16, 24, 32).chain(octets),
        octets(12),
        lengths,
        lengths,
        (anyKey, anyIv, plain, aad) => {
          const all = providers.map((provider) => provider.aesGcm(anyKey));
          for (let use = 0; use < 6; use++) {
            const [one, ...others] = all.map((aes) => {
              const sealed = aes.seal(anyIv, plain, aad);
              expect(aes.open(anyIv, sealed, aad)).toEqual(plain);
              return toHex(sealed);
            });
            for (const other of others) expect(other).toBe(one);
          }
        },
      ),
      { numRuns: times(60) },
    );
  });
});

describe("node", () => {
  afterEach(() => vi.restoreAllMocks());

  /** How often noble was taken. */
  function watched() {
    const calls = (["seal", "sealInto", "open", "crypt"] as const).map((name) => vi.spyOn(NobleAesGcm.prototype, name));
    return () => {
      const count = calls.reduce((sum, { mock }) => sum + mock.calls.length, 0);
      for (const call of calls) call.mockClear();
      return count > 0;
    };
  }

  it("takes OpenSSL for the first 8 uses of a key, and noble from then on", () => {
    const byNoble = watched();
    const aes = node.aesGcm(key);
    for (let use = 0; use < 8; use++) aes.crypt(iv, text(20));
    expect(byNoble()).toBe(false);
    aes.crypt(iv, text(20));
    expect(byNoble()).toBe(true);
  });

  it("takes noble up to 256 octets to seal and 192 to open, additional data counted by two fifths", () => {
    const aes = inUse(node);
    const byNoble = watched();
    const takes = (run: () => unknown) => {
      run();
      return byNoble();
    };
    const sealed = (length: number, aad = none) => openssl.aesGcm(key).seal(iv, text(length), aad);
    expect(takes(() => aes.seal(iv, text(256), none))).toBe(true);
    expect(takes(() => aes.seal(iv, text(257), none))).toBe(false);
    expect(takes(() => aes.sealInto(iv, text(249), additional, new Uint8Array(300), 0))).toBe(true);
    expect(takes(() => aes.sealInto(iv, text(250), additional, new Uint8Array(300), 0))).toBe(false);
    expect(takes(() => aes.seal(iv, none, text(640)))).toBe(true);
    expect(takes(() => aes.seal(iv, none, text(641)))).toBe(false);
    expect(takes(() => aes.open(iv, sealed(192), none))).toBe(true);
    expect(takes(() => aes.open(iv, sealed(193), none))).toBe(false);
    expect(takes(() => aes.open(iv, sealed(186, additional), additional))).toBe(false);
    expect(takes(() => aes.crypt(iv, text(256)))).toBe(true);
    expect(takes(() => aes.crypt(iv, text(257)))).toBe(false);
  });

  it("clears the copy of the key from which it makes the tables", () => {
    const exported = vi.spyOn(OpensslAesGcm.prototype, "exportKey");
    inUse(node);
    expect(exported.mock.results.map(({ value }) => value)).toEqual([Buffer.alloc(16)]);
    // The key object is not what was cleared.
    expect(inUse(node).seal(iv, text(1024), none)).toEqual(noble.aesGcm(key).seal(iv, text(1024), none));
  });

  it("copies what lies in a pool of Buffers, and nothing else", () => {
    const pooled = Buffer.from([1, 2, 3]);
    expect(pooled.buffer.byteLength).toBeGreaterThan(3);
    expect(plainOctets(pooled)).toEqual(Uint8Array.of(1, 2, 3));
    expect(plainOctets(pooled).buffer).not.toBe(pooled.buffer);
    const whole = Buffer.alloc(100, 5);
    expect(plainOctets(whole).buffer).toBe(whole.buffer);
  });
});
