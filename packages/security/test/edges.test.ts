import { createCipheriv } from "node:crypto";
import { concat, fromHex, toHex } from "@dlmskit/core";
import { p256, p384 } from "@noble/curves/nist.js";
import { describe, expect, it } from "vitest";
import { type Curve, noble } from "../src/index.ts";
import { node } from "../src/node.ts";
import { faultOf } from "./fault-of.ts";

const curves = {
  "P-256": { curve: p256, length: 32 },
  "P-384": { curve: p384, length: 48 },
} as const;

describe.each([noble, node])("edges of elliptic curves with $name", (provider) => {
  describe.each(["P-256", "P-384"] as Curve[])("%s", (name) => {
    const { curve, length } = curves[name];
    const { n, p, b } = curve.Point.CURVE();
    const octets = (value: bigint) => fromHex(value.toString(16).padStart(length * 2, "0"));
    const key = octets(0x1234567890abcdefn * 3n);
    const publicKey = provider.publicKey(name, key);
    const base = provider.publicKey(name, octets(1n));
    const negative = (point: Uint8Array) =>
      concat(point.subarray(0, length), octets(p - BigInt(`0x${toHex(point.subarray(length))}`)));

    it("has d and n − d with the same x, and 1 to n − 1 as private keys", () => {
      expect(provider.publicKey(name, octets(n - 1n))).toEqual(negative(base));
      for (const scalar of [0n, n, n + 1n, 2n ** BigInt(length * 8) - 1n]) {
        expect(faultOf(() => provider.publicKey(name, octets(scalar)))).toBe("bad-private-key");
        expect(faultOf(() => provider.ecdsaSign(name, octets(scalar), key))).toBe("bad-private-key");
        expect(faultOf(() => provider.ecdhSharedSecret(name, octets(scalar), base))).toBe("bad-private-key");
      }
    });

    it("agrees on what the group says", () => {
      const x = (point: Uint8Array) => point.subarray(0, length);
      expect(provider.ecdhSharedSecret(name, octets(1n), publicKey)).toEqual(x(publicKey));
      expect(provider.ecdhSharedSecret(name, octets(n - 1n), publicKey)).toEqual(x(publicKey));
      expect(provider.ecdhSharedSecret(name, key, base)).toEqual(x(publicKey));
      expect(provider.ecdhSharedSecret(name, key, negative(base))).toEqual(x(publicKey));
      // A shared secret that begins with zero keeps its length.
      let leading: Uint8Array | undefined;
      for (let scalar = 2n; leading === undefined; scalar++) {
        const point = provider.publicKey(name, octets(scalar));
        if (point[0] === 0) leading = provider.ecdhSharedSecret(name, octets(1n), point);
      }
      expect(leading).toHaveLength(length);
    });

    it("takes a point of the curve alone, with coordinates below p", () => {
      // The point of the least x that has one: written as x + p it is the same number and no encoding of it.
      const lift = (x: bigint): Uint8Array | undefined => {
        const value = (((x * x * x - 3n * x + b) % p) + p) % p;
        const root = power(value, (p + 1n) / 4n, p);
        return (root * root) % p === value ? concat(octets(x), octets(root)) : undefined;
      };
      let x = 0n;
      let small = lift(x);
      while (small === undefined) small = lift(++x);
      expect(provider.ecdhSharedSecret(name, octets(1n), small)).toEqual(octets(x));
      const unreduced = concat(octets(x + p), small.subarray(length));
      const swapped = concat(base.subarray(length), base.subarray(0, length));
      for (const point of [
        unreduced,
        swapped,
        new Uint8Array(length * 2),
        concat(octets(0n), octets(1n)),
        concat(octets(p - 1n), octets(p - 1n)),
        concat(base.subarray(0, length), octets(0n)),
      ]) {
        expect(faultOf(() => provider.ecdhSharedSecret(name, key, point))).toBe("bad-public-key");
        expect(faultOf(() => provider.ecdsaVerify(name, point, key, concat(key, key)))).toBe("bad-public-key");
      }
    });

    it("verifies s and n − s, no r or s outside of 1 to n − 1, and the empty message", () => {
      const message = new Uint8Array(0);
      const signature = provider.ecdsaSign(name, key, message);
      const [r, s] = [signature.subarray(0, length), signature.subarray(length)];
      const verify = (one: Uint8Array, two: Uint8Array) =>
        provider.ecdsaVerify(name, publicKey, message, concat(one, two));
      expect(verify(r, s)).toBe(true);
      expect(verify(r, octets(n - BigInt(`0x${toHex(s)}`)))).toBe(true);
      for (const out of [0n, n, n + 1n, 2n ** BigInt(length * 8) - 1n]) {
        expect(verify(octets(out), s)).toBe(false);
        expect(verify(r, octets(out))).toBe(false);
        expect(verify(octets(out), octets(out))).toBe(false);
      }
      for (const edge of [1n, 2n, n - 1n, n - 2n, p % n]) expect(verify(octets(edge), octets(edge))).toBe(false);
      expect(verify(s, r)).toBe(false);
      expect(provider.ecdsaVerify(name, negative(publicKey), message, signature)).toBe(false);
    });
  });
});

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let [value, left] = [base % modulus, exponent]; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * value) % modulus;
    value = (value * value) % modulus;
  }
  return result;
}

describe.each([noble, node])("edges of key wrap with $name", (provider) => {
  const kek = Uint8Array.from({ length: 16 }, (_, at) => at * 3);
  const ecb = (block: Uint8Array) => {
    const cipher = createCipheriv("aes-128-ecb", kek, null).setAutoPadding(false);
    return new Uint8Array(Buffer.concat([cipher.update(block), cipher.final()]));
  };
  /** RFC 3394 with another initial value. */
  const wrap = (initial: string, key: Uint8Array) => {
    let a = fromHex(initial);
    const r = [key.slice(0, 8), key.slice(8, 16)];
    for (let step = 1; step <= 12; step++) {
      const at = (step - 1) % 2;
      const out = ecb(concat(a, r[at] as Uint8Array));
      a = out.slice(0, 8);
      a[7] = (a[7] as number) ^ step;
      r[at] = out.slice(8);
    }
    return concat(a, ...r);
  };
  const key = Uint8Array.from({ length: 16 }, (_, at) => at * 5 + 1);

  it("unwraps under the initial value of RFC 3394, and no other", () => {
    expect(provider.unwrapKey(kek, wrap("a6a6a6a6a6a6a6a6", key))).toEqual(key);
    // RFC 5649 (with padding), zeros, one bit.
    for (const initial of ["a65959a600000010", "0000000000000000", "a6a6a6a6a6a6a6a7", "26a6a6a6a6a6a6a6"]) {
      expect(faultOf(() => provider.unwrapKey(kek, wrap(initial, key)))).toBe("bad-key-wrap");
    }
  });
});

describe.each([noble, node])("edges of AES-GCM with $name", (provider) => {
  const none = new Uint8Array(0);

  it("tags nothing, long additional data, and every length about a block, as the other does", () => {
    const other = provider === noble ? node : noble;
    for (const length of [16, 32]) {
      const key = new Uint8Array(length).fill(0xff);
      for (const iv of [new Uint8Array(12), new Uint8Array(12).fill(0xff)]) {
        for (const size of [0, 1, 15, 16, 17, 31, 32, 33, 4096]) {
          const text = new Uint8Array(size).fill(0xff);
          for (const additional of [none, text, new Uint8Array(70_000)]) {
            const sealed = provider.aesGcm(key).seal(iv, text, additional);
            expect(other.aesGcm(key).open(iv, sealed, additional)).toEqual(text);
          }
        }
      }
    }
  });

  it("tags the additional data of this call, whatever those of the last call were, in the same memory too", () => {
    const other = provider === noble ? node : noble;
    const key = new Uint8Array(16).fill(3);
    const aes = provider.aesGcm(key);
    const iv = new Uint8Array(12);
    const text = new Uint8Array(20);
    const additional = new Uint8Array(17);
    for (const [first, last] of [
      [0x30, 1],
      [0x30, 1],
      [0x20, 1],
      [0x20, 2],
      [0x30, 1],
    ] as const) {
      additional[0] = first;
      additional[16] = last;
      const sealed = aes.seal(iv, text, additional);
      expect(sealed).toEqual(other.aesGcm(key).seal(iv, text, additional));
      expect(aes.open(iv, sealed, additional)).toEqual(text);
    }
  });

  it("does not take what moves between additional data and plaintext", () => {
    const aes = provider.aesGcm(new Uint8Array(16).fill(7));
    const iv = new Uint8Array(12);
    const sealed = aes.seal(iv, none, fromHex("0102"));
    expect(aes.open(iv, concat(fromHex("0102"), sealed), none)).toBeUndefined();
    expect(aes.open(iv, sealed, fromHex("010200"))).toBeUndefined();
  });
});
