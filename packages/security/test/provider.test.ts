import { inspect } from "node:util";
import { concat, fromHex, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { type Curve, noble } from "../src/index.ts";
import { node, openssl } from "../src/node.ts";
import { faultOf } from "./fault-of.ts";
import { keyOf, vectorsOf } from "./vectors.ts";

const keywrap = vectorsOf("keywrap-ecc");
const ofKind = (kind: string) => keywrap.filter((vector) => vector.kind === kind && vector.valid);
const negative = (error: string) => keywrap.filter((vector) => vector.decoded.error === error);
const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const anyKey = fc.constantFrom(16, 24, 32).chain(octets);
const privateKeys = { "P-256": `${"00".repeat(31)}05`, "P-384": `${"00".repeat(47)}05` };
const groupOrder = {
  "P-256": "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
  "P-384": "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
};

// One suite over every provider.
describe.each([noble, openssl, node])("the crypto provider $name", (provider) => {
  describe("AES-GCM", () => {
    const gcm = vectorsOf("security").filter((vector) => vector.kind === "gcm");

    it.each(gcm)("$id, both ways", ({ hex, decoded }) => {
      const aes = provider.aesGcm(fromHex(decoded.key));
      const [iv, plaintext, aad] = [fromHex(decoded.iv), fromHex(decoded.plaintext), fromHex(decoded.aad)];
      const sealed = hex + decoded.tag.slice(0, 24);
      expect(toHex(aes.seal(iv, plaintext, aad))).toBe(sealed);
      expect(toHex(aes.open(iv, fromHex(sealed), aad) as Uint8Array)).toBe(decoded.plaintext);
      expect(toHex(aes.crypt(iv, plaintext))).toBe(hex);
      expect(toHex(aes.crypt(iv, fromHex(hex)))).toBe(decoded.plaintext);
    });

    it("opens nothing when any bit of tag, ciphertext, vector or additional data is another", () => {
      const aes = provider.aesGcm(new Uint8Array(16).fill(7));
      const iv = new Uint8Array(12).fill(1);
      const aad = new Uint8Array(17).fill(2);
      const sealed = aes.seal(iv, new Uint8Array(20).fill(3), aad);
      const flips = (given: Uint8Array) =>
        Array.from({ length: given.length * 8 }, (_, bit) => {
          const flipped = given.slice();
          flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
          return flipped;
        });
      for (const flipped of flips(sealed)) expect(aes.open(iv, flipped, aad)).toBeUndefined();
      for (const flipped of flips(iv)) expect(aes.open(flipped, sealed, aad)).toBeUndefined();
      for (const flipped of flips(aad)) expect(aes.open(iv, sealed, flipped)).toBeUndefined();
      expect(aes.open(iv, sealed, aad)).toEqual(new Uint8Array(20).fill(3));
    });

    it("refuses every tag that is not 12 octets", () => {
      const aes = provider.aesGcm(new Uint8Array(16));
      const sealed = aes.seal(new Uint8Array(12), new Uint8Array(0), new Uint8Array(0));
      for (const length of [0, 4, 8, 11]) {
        expect(aes.open(new Uint8Array(12), sealed.subarray(0, length), new Uint8Array(0))).toBeUndefined();
      }
      const whole = fromHex("58e2fccefa7e3061367f1d57a4e7455a");
      expect(aes.open(new Uint8Array(12), whole, new Uint8Array(0))).toBeUndefined();
    });

    it("refuses keys and vectors of other lengths", () => {
      for (const length of [0, 15, 17, 31, 33]) {
        expect(faultOf(() => provider.aesGcm(new Uint8Array(length)))).toBe("bad-key-length");
      }
      const aes = provider.aesGcm(new Uint8Array(32));
      const none = new Uint8Array(0);
      expect(faultOf(() => aes.seal(new Uint8Array(11), none, none))).toBe("bad-length");
      expect(faultOf(() => aes.open(new Uint8Array(16), none, none))).toBe("bad-length");
      expect(faultOf(() => aes.crypt(none, none))).toBe("bad-length");
    });

    it("holds its key out of sight, and is not changed with the key given", () => {
      const key = new Uint8Array(16).fill(0xab);
      const aes = provider.aesGcm(key);
      const before = aes.seal(new Uint8Array(12), key, key);
      const seen = inspect(aes, { depth: 9, showHidden: true }) + JSON.stringify(aes);
      expect(seen).not.toMatch(/171|ab, ?ab|abab/);
      key.fill(0);
      expect(aes.seal(new Uint8Array(12), new Uint8Array(16).fill(0xab), new Uint8Array(16).fill(0xab))).toEqual(
        before,
      );
    });
  });

  describe("AES block by block", () => {
    it("is FIPS-197 C.1", () => {
      const ecb = provider.aesEcb(fromHex("000102030405060708090a0b0c0d0e0f"));
      const plain = fromHex("00112233445566778899aabbccddeeff");
      const ciphered = ecb.encrypt(plain);
      expect(toHex(ciphered)).toBe("69c4e0d86a7b0430d8cdb78070b4c55a");
      expect(ecb.decrypt(ciphered)).toEqual(plain);
      expect(ecb.encrypt(concat(plain, plain))).toEqual(concat(ciphered, ciphered));
    });

    it("takes whole blocks only", () => {
      const ecb = provider.aesEcb(new Uint8Array(16));
      expect(faultOf(() => ecb.encrypt(new Uint8Array(15)))).toBe("bad-length");
      expect(faultOf(() => ecb.decrypt(new Uint8Array(17)))).toBe("bad-length");
      expect(faultOf(() => provider.aesEcb(new Uint8Array(8)))).toBe("bad-key-length");
    });
  });

  describe("key wrap", () => {
    it.each(ofKind("key-wrap"))("$id, both ways", (vector) => {
      const kek = keyOf(vector, "kek");
      expect(toHex(provider.wrapKey(kek, fromHex(vector.decoded.key)))).toBe(vector.hex);
      expect(toHex(provider.unwrapKey(kek, fromHex(vector.hex)))).toBe(vector.decoded.key);
    });

    it.each([...negative("unwrap-failed"), ...negative("length")])("refuses $id: $notes", (vector) => {
      expect(faultOf(() => provider.unwrapKey(keyOf(vector, "kek"), fromHex(vector.hex)))).toBe("bad-key-wrap");
    });

    it("looks at the length first: empty, short, long, not in eights", () => {
      for (const length of [0, 8, 16, 23, 25, 41, 48]) {
        expect(faultOf(() => provider.unwrapKey(new Uint8Array(16), new Uint8Array(length)))).toBe("bad-key-wrap");
      }
      expect(faultOf(() => provider.unwrapKey(new Uint8Array(15), new Uint8Array(24)))).toBe("bad-key-length");
      expect(faultOf(() => provider.wrapKey(new Uint8Array(15), new Uint8Array(16)))).toBe("bad-key-length");
      expect(faultOf(() => provider.wrapKey(new Uint8Array(16), new Uint8Array(0)))).toBe("bad-key-length");
    });
  });

  it("hashes", () => {
    const hashes = {
      md5: "900150983cd24fb0d6963f7d28e17f72",
      sha1: "a9993e364706816aba3e25717850c26c9cd0d89d",
      sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      sha384: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    } as const;
    for (const [name, digest] of Object.entries(hashes)) {
      expect(toHex(provider.hash(name as keyof typeof hashes, fromHex("616263")))).toBe(digest);
    }
  });

  describe("elliptic curves", () => {
    it.each(ofKind("ecdh"))("$id", (vector) => {
      const [curve, privateKey] = [vector.decoded.curve, keyOf(vector, "privateKey")];
      expect(toHex(provider.ecdhSharedSecret(curve, privateKey, keyOf(vector, "publicKey")))).toBe(vector.hex);
      expect(toHex(provider.publicKey(curve, privateKey))).toBe(vector.decoded.ownPublicKey);
    });

    it.each(negative("invalid-public-key"))("refuses $id: $notes", (vector) => {
      const { curve } = vector.decoded;
      const point = fromHex(vector.hex);
      expect(faultOf(() => provider.ecdhSharedSecret(curve, keyOf(vector, "privateKey"), point))).toBe(
        "bad-public-key",
      );
      expect(faultOf(() => provider.ecdsaVerify(curve, point, point, point))).toBe("bad-public-key");
    });

    it.each(ofKind("ecdsa"))("$id", (vector) => {
      const { curve } = vector.decoded;
      const [publicKey, privateKey] = [keyOf(vector, "publicKey"), keyOf(vector, "privateKey")];
      const message = fromHex(vector.decoded.message);
      expect(provider.ecdsaVerify(curve, publicKey, message, fromHex(vector.hex))).toBe(true);
      const signature = provider.ecdsaSign(curve, privateKey, message);
      expect(signature.length).toBe(vector.hex.length / 2);
      expect(provider.ecdsaVerify(curve, publicKey, message, signature)).toBe(true);
      expect(toHex(provider.publicKey(curve, privateKey))).toBe(toHex(publicKey));
    });

    it.each(negative("signature-invalid"))("refuses $id: $notes", (vector) => {
      const message = fromHex(vector.decoded.message);
      expect(provider.ecdsaVerify(vector.decoded.curve, keyOf(vector, "publicKey"), message, fromHex(vector.hex))).toBe(
        false,
      );
    });

    it.each(["P-256", "P-384"] as Curve[])("refuses what is no key and no signature of %s", (curve) => {
      const privateKey = fromHex(privateKeys[curve]);
      const publicKey = provider.publicKey(curve, privateKey);
      const size = privateKey.length;
      for (const bad of [
        new Uint8Array(size),
        fromHex(groupOrder[curve]),
        new Uint8Array(0),
        new Uint8Array(size + 1),
      ]) {
        expect(faultOf(() => provider.publicKey(curve, bad))).toBe("bad-private-key");
        expect(faultOf(() => provider.ecdsaSign(curve, bad, publicKey))).toBe("bad-private-key");
        expect(faultOf(() => provider.ecdhSharedSecret(curve, bad, publicKey))).toBe("bad-private-key");
      }
      const compressed = concat(Uint8Array.of(2), publicKey.subarray(0, size));
      for (const bad of [
        new Uint8Array(0),
        compressed,
        concat(Uint8Array.of(4), publicKey),
        new Uint8Array(size * 2),
      ]) {
        expect(faultOf(() => provider.ecdhSharedSecret(curve, privateKey, bad))).toBe("bad-public-key");
        expect(faultOf(() => provider.ecdsaVerify(curve, bad, publicKey, publicKey))).toBe("bad-public-key");
      }
      expect(provider.ecdsaVerify(curve, publicKey, publicKey, new Uint8Array(71))).toBe(false);
      expect(provider.ecdsaVerify(curve, publicKey, publicKey, new Uint8Array(size * 2))).toBe(false);
    });
  });

  it("compares secrets", () => {
    const secret = fromHex("00112233");
    expect(provider.sameSecret(secret, secret.slice())).toBe(true);
    for (const other of ["01112233", "00112232", "001122", "0011223300", ""]) {
      expect(provider.sameSecret(secret, fromHex(other))).toBe(false);
      expect(provider.sameSecret(fromHex(other), secret)).toBe(false);
    }
    expect(provider.sameSecret(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  });
});

describe("both providers", () => {
  it("seal, open and crypt alike, at any length", () => {
    const lengths = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(anyKey, octets(12), lengths, lengths, (key, iv, plaintext, aad) => {
        const [one, other] = [noble.aesGcm(key), node.aesGcm(key)];
        const sealed = one.seal(iv, plaintext, aad);
        expect(toHex(other.seal(iv, plaintext, aad))).toBe(toHex(sealed));
        expect(one.open(iv, sealed, aad)).toEqual(plaintext);
        expect(other.open(iv, sealed, aad)).toEqual(plaintext);
        expect(one.crypt(iv, plaintext)).toEqual(other.crypt(iv, plaintext));
        // The state between calls is the key's alone.
        expect(one.seal(iv, plaintext, aad)).toEqual(sealed);
      }),
      { numRuns: times(100) },
    );
  });

  it("seal a long APDU alike", () => {
    const long = new Uint8Array(65_537).map((_, at) => at * 7);
    const key = new Uint8Array(16).fill(9);
    const iv = new Uint8Array(12).fill(5);
    expect(noble.aesGcm(key).seal(iv, long, long)).toEqual(node.aesGcm(key).seal(iv, long, long));
  });

  it("wrap alike, and undo each other", () => {
    fc.assert(
      fc.property(anyKey, anyKey, (kek, key) => {
        const wrapped = noble.wrapKey(kek, key);
        expect(node.wrapKey(kek, key)).toEqual(wrapped);
        expect(node.unwrapKey(kek, wrapped)).toEqual(key);
        expect(noble.unwrapKey(kek, wrapped)).toEqual(key);
      }),
    );
  });

  it.each(["P-256", "P-384"] as Curve[])("agree and verify each other on %s", (curve) => {
    const one = fromHex(privateKeys[curve]);
    const other = one.map((octet) => octet + 3);
    const message = fromHex("0102");
    const [publicOne, publicOther] = [noble.publicKey(curve, one), node.publicKey(curve, other)];
    expect(noble.ecdhSharedSecret(curve, one, publicOther)).toEqual(node.ecdhSharedSecret(curve, other, publicOne));
    expect(noble.ecdsaVerify(curve, publicOther, message, node.ecdsaSign(curve, other, message))).toBe(true);
    expect(node.ecdsaVerify(curve, publicOne, message, noble.ecdsaSign(curve, one, message))).toBe(true);
  });
});
