import { Fault, fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import {
  type CryptoProvider,
  deriveKey,
  KeyAlgorithm,
  newKeyPair,
  noble,
  securitySuite,
  securitySuites,
} from "../src/index.ts";
import { node } from "../src/node.ts";
import { faultOf } from "./fault-of.ts";
import { keyOf, vectorsOf } from "./vectors.ts";

const kdf = vectorsOf("keywrap-ecc").filter((vector) => vector.kind === "kdf");

describe.each([noble, node])("key derivation with $name", (provider) => {
  it.each(kdf)("$id", (vector) => {
    const { hash, algorithmId, partyUInfo, partyVInfo, algorithm } = vector.decoded;
    const derived = deriveKey({
      provider,
      hash: hash === "SHA-384" ? "sha384" : "sha256",
      sharedSecret: keyOf(vector, "z"),
      algorithmId: fromHex(algorithmId),
      partyUInfo: fromHex(partyUInfo),
      partyVInfo: fromHex(partyVInfo),
      length: vector.hex.length / 2,
    });
    expect(toHex(derived)).toBe(vector.hex);
    const known = KeyAlgorithm[algorithm as keyof typeof KeyAlgorithm];
    if (known !== undefined) {
      expect(toHex(known.id)).toBe(algorithmId);
      expect(known.length).toBe(derived.length);
    }
  });

  it("goes on with the next round where one hash is too short", () => {
    const none = new Uint8Array(0);
    const given = {
      provider,
      hash: "sha256",
      sharedSecret: none,
      algorithmId: none,
      partyUInfo: none,
      partyVInfo: none,
    } as const;
    const key = deriveKey({ ...given, length: 40 });
    expect(key.subarray(0, 32)).toEqual(provider.hash("sha256", fromHex("00000001")));
    expect(key.subarray(32)).toEqual(provider.hash("sha256", fromHex("00000002")).subarray(0, 8));
  });
});

describe("a new key pair", () => {
  it("is that of the octets drawn", () => {
    const random = (count: number) => new Uint8Array(count).map((_, at) => at + 1);
    for (const curve of ["P-256", "P-384"] as const) {
      const { privateKey, publicKey } = newKeyPair(noble, curve, random);
      expect(privateKey).toEqual(random(curve === "P-256" ? 32 : 48));
      expect(publicKey).toEqual(node.publicKey(curve, privateKey));
    }
  });

  it("draws again where the octets are no key, but not for ever", () => {
    const order = fromHex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let drawn = 0;
    const second = (count: number) => (drawn++ === 0 ? order : new Uint8Array(count).map((_, at) => at));
    expect(newKeyPair(noble, "P-256", second).privateKey[31]).toBe(31);
    expect(drawn).toBe(2);
    expect(faultOf(() => newKeyPair(noble, "P-256", () => order))).toBe("bad-random");
  });

  it("hides no other fault", () => {
    const publicKey = () => {
      throw new Fault("other", "something else", { layer: "test" });
    };
    const broken: CryptoProvider = { ...noble, publicKey };
    expect(faultOf(() => newKeyPair(broken, "P-256", (count) => new Uint8Array(count).map((_, at) => at)))).toBe(
      "other",
    );
    const failing: CryptoProvider = {
      ...noble,
      publicKey: () => {
        throw new RangeError("not a fault");
      },
    };
    expect(() => newKeyPair(failing, "P-256", (count) => new Uint8Array(count).map((_, at) => at))).toThrow(RangeError);
  });
});

describe("security suites", () => {
  it("are three", () => {
    expect(securitySuites.map(({ id, keyLength }) => [id, keyLength])).toEqual([
      [0, 16],
      [1, 16],
      [2, 32],
    ]);
    expect(securitySuite(2).curve).toBe("P-384");
    for (const none of [3, -1, 0.5, 15]) expect(faultOf(() => securitySuite(none))).toBe("unknown-suite");
  });
});
