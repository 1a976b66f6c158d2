import { readFileSync } from "node:fs";
import { encodeApdu, GeneralCiphering, GeneralSigning } from "@dlmskit/apdu";
import { decode, encode, fromHex, type Json } from "@dlmskit/core";
import {
  CounterGuard,
  CounterLedger,
  type GeneralKey,
  GeneralProtection,
  type Layer,
  noble,
  type PeerKeys,
  sealLayers,
} from "@dlmskit/security";
import { describe, expect, it } from "vitest";
import { Decoder, type DecoderOptions } from "../src/index.ts";

interface Vector {
  readonly id: string;
  readonly hex: string;
  readonly keys: {
    readonly authenticationKey?: string;
    readonly encryptionKey?: string;
    readonly systemTitle?: string;
    readonly signaturePublicKey?: string;
  };
  readonly decoded: { readonly originatorSystemTitle: string };
}

const { vectors } = JSON.parse(
  readFileSync(new URL("../../../test-vectors/security.json", import.meta.url), "utf8"),
) as { vectors: Vector[] };
const published = (kind: string) => vectors.filter(({ id }) => id.startsWith(`sec-${kind}-`));
const anyone = (key: Uint8Array): PeerKeys => ({ publicKey: () => key });

/** The document of an APDU and its Fault. */
function decoded(octets: Uint8Array, options: Omit<DecoderOptions, "layer">) {
  const [item] = new Decoder({ layer: "apdu", ...options }).decode(octets);
  return { pdu: (item?.json ?? {}) as { readonly [key: string]: Json }, fault: (item?.fault ?? item?.pduFault)?.code };
}

describe("published octets", () => {
  it("general-signing: the signature is right, and wrong when an octet of any part is another", () => {
    const signed = published("general-signing").filter(({ keys }) => keys.signaturePublicKey !== undefined);
    expect(signed.length).toBeGreaterThan(0);
    for (const { hex, keys } of signed) {
      const peerKeys = anyone(fromHex(keys.signaturePublicKey as string));
      const octets = fromHex(hex);
      expect(decoded(octets, { keys: { peerKeys } })).toMatchObject({ pdu: { verified: true }, fault: undefined });
      for (const at of [5, octets.length - 70, octets.length - 1]) {
        const altered = octets.with(at, (octets[at] as number) ^ 1);
        expect(decoded(altered, { keys: { peerKeys } })).toMatchObject({
          pdu: { verified: false },
          fault: "bad-signature",
        });
        expect(decoded(altered, { keys: { peerKeys }, unverified: true })).toMatchObject({
          ...{ pdu: { verified: false, notVerified: "the signature is wrong" }, fault: undefined },
        });
      }
      expect(decoded(octets, {})).toMatchObject({
        pdu: { verified: false, notVerified: expect.stringContaining("there is no certificate of") },
      });
    }
  });

  it("general-ciphering: the MAC of GBCS, with an empty authentication key, around a signed or plain command", () => {
    const ciphered = published("general-ciphering").filter(({ keys }) => keys.authenticationKey === "");
    expect(ciphered.length).toBeGreaterThan(1);
    for (const { hex, keys } of ciphered) {
      const own = { encryptionKey: fromHex(keys.encryptionKey as string) };
      const systemTitles = [fromHex(keys.systemTitle as string)];
      const { pdu, fault } = decoded(fromHex(hex), { keys: { ...own, systemTitles } });
      expect(fault).toBeUndefined();
      expect(pdu).toMatchObject({ verified: true, plaintext: { apdu: "general-signing", contentPdu: {} } });
      const octets = fromHex(hex);
      const altered = octets.with(octets.length - 1, (octets.at(-1) as number) ^ 1);
      expect(decoded(altered, { keys: { ...own, systemTitles } }).fault).toBe("missing-key");
      expect(decoded(altered, { keys: { ...own, systemTitles }, unverified: true }).pdu).toMatchObject({
        ...{ verified: false, notVerified: "there is no authentication key" },
      });
    }
  });
});

describe("derived octets of the test vectors", () => {
  const vector = (number: string) => published("general-ciphering").find(({ id }) => id.endsWith(number)) as Vector;

  it("an identified key, and a key wrapped under the master key 000102…0f", () => {
    for (const [number, key] of [
      ["006", "encryptionKey"],
      ["008", "masterKey"],
    ] as const) {
      const { hex, keys } = vector(number);
      const authenticationKey = fromHex(keys.authenticationKey as string);
      const own = { authenticationKey, [key]: fromHex("000102030405060708090a0b0c0d0e0f") };
      expect(decoded(fromHex(hex), { keys: own })).toMatchObject({
        ...{ fault: undefined, pdu: { verified: true, plaintext: { apdu: expect.any(String) } } },
      });
    }
  });
});

const clientTitle = fromHex("4d4d4d0000000001");
const serverTitle = fromHex("4d4d4d0000bc614e");
const length = (suite: number) => (suite === 2 ? 32 : 16);
const keysOf = (suite: number) => ({
  encryptionKey: new Uint8Array(length(suite)).fill(1),
  authenticationKey: new Uint8Array(length(suite)).fill(2),
});
const masterKey = (suite: number) => new Uint8Array(length(suite)).fill(3);
const scalar = (suite: number, party: "client" | "server") =>
  new Uint8Array(suite === 2 ? 48 : 32).fill(party === "client" ? 5 : 7);
const publicKeys = (suite: number): PeerKeys => ({
  publicKey: (title) =>
    noble.publicKey(suite === 2 ? "P-384" : "P-256", scalar(suite, title[7] === 1 ? "client" : "server")),
});
let seed = 1;
const random = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, at) => (++seed * 7 + at * 13) & 0xff);

function end(suite: number, party: "client" | "server"): GeneralProtection {
  const counters = new CounterLedger({ start: 1 });
  counters.reserved(100);
  const [own, peer] = party === "client" ? [clientTitle, serverTitle] : [serverTitle, clientTitle];
  return new GeneralProtection({
    ...{ provider: noble, suite, systemTitle: own, peerSystemTitle: peer, keys: keysOf(suite), counters },
    ...{
      replay: new CounterGuard(),
      masterKey: masterKey(suite),
      random,
    },
    ...(suite === 0
      ? {}
      : {
          privateKeys: { digitalSignature: scalar(suite, party), keyAgreement: scalar(suite, party) },
          peerKeys: publicKeys(suite),
        }),
  });
}

const attribute = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const request = encodeApdu({
  ...{ apdu: "get-request-normal", invokeId: 1, priority: "normal", serviceClass: "confirmed", attribute },
});
const ciphering = (key: GeneralKey): Layer => ({
  ...{ form: "general-ciphering", authenticated: true, encrypted: true, key, transactionId: fromHex("0102030405") },
});
const signing: Layer = { form: "general-signing", transactionId: fromHex("0102030405") };
const sealed = (suite: number, layers: readonly Layer[], party: "client" | "server" = "client") =>
  sealLayers(request, layers, { general: end(suite, party) });

describe("general-ciphering with each key", () => {
  for (const suite of [0, 1, 2] as const) {
    const ways: readonly (readonly [GeneralKey, DecoderOptions["keys"]])[] = [
      ["global-unicast-encryption-key", keysOf(suite)],
      ["wrapped-key", { authenticationKey: keysOf(suite).authenticationKey, masterKey: masterKey(suite) }],
      ...(suite === 0
        ? []
        : ([
            [
              "one-pass-diffie-hellman",
              { ...keysOf(suite), agreementKeys: [scalar(suite, "server")], peerKeys: publicKeys(suite) },
            ],
            [
              "static-unified-model",
              { ...keysOf(suite), agreementKeys: [scalar(suite, "client")], peerKeys: publicKeys(suite) },
            ],
          ] as const)),
    ];
    for (const [key, keys] of ways) {
      it(`suite ${suite}, ${key}: opened and verified; not without the key, and marked with --unverified`, () => {
        const octets = sealed(suite, [ciphering(key)]);
        expect(decoded(octets, { keys })).toEqual({
          ...{ fault: undefined },
          pdu: expect.objectContaining({ verified: true, plaintext: expect.objectContaining({ attribute }) }),
        });
        expect(decoded(octets, {}).pdu).not.toHaveProperty("plaintext");
        const altered = octets.with(octets.length - 1, (octets.at(-1) as number) ^ 1);
        expect(decoded(altered, { keys })).toMatchObject({ fault: "bad-tag" });
        expect(decoded(altered, { keys }).pdu).not.toHaveProperty("plaintext");
        expect(decoded(altered, { keys, unverified: true })).toMatchObject({
          ...{ fault: undefined, pdu: { verified: false, notVerified: "the authentication tag is wrong" } },
          ...{},
        });
        const wrong = { ...keys, authenticationKey: new Uint8Array(length(suite)).fill(9) };
        expect(decoded(octets, { keys: wrong }).fault).toBe("bad-tag");
      });
    }
  }

  it("a response without key-info is opened with the key of its request", () => {
    const decoder = new Decoder({
      ...{ layer: "apdu", keys: { authenticationKey: keysOf(0).authenticationKey, masterKey: masterKey(0) } },
    });
    const first = sealed(0, [ciphering("wrapped-key")]);
    // Its own key-info removed: the same octets, since key-info is not authenticated.
    const second = encode(GeneralCiphering, withoutKeyInfo(first));
    const verified = (octets: Uint8Array) => Object(decoder.decode(octets)[0]?.json).verified as boolean | undefined;
    expect(verified(second)).toBeUndefined();
    expect(verified(first)).toBe(true);
    expect(verified(second)).toBe(true);
  });
});

function withoutKeyInfo(octets: Uint8Array): GeneralCiphering {
  const { keyInfo: _, ...rest } = decode(GeneralCiphering, octets);
  return rest;
}

describe("layers", () => {
  const keys = { ...keysOf(1), masterKey: masterKey(1), peerKeys: publicKeys(1) };

  it("are opened from the outside to the inside, each with its mark, in either order", () => {
    const inside = decoded(sealed(1, [signing, ciphering("wrapped-key")]), { keys });
    expect(inside).toMatchObject({
      pdu: { verified: true, plaintext: { apdu: "general-signing", verified: true, contentPdu: { attribute } } },
    });
    const outside = decoded(sealed(1, [ciphering("wrapped-key"), signing]), { keys });
    expect(outside).toMatchObject({
      pdu: { apdu: "general-signing", verified: true, contentPdu: { verified: true, plaintext: { attribute } } },
    });
  });

  it("a wrong layer inside a right one is told where it is", () => {
    const general = end(1, "client");
    const inner = {
      ...decode(GeneralSigning, general.seal(request, signing as never)),
      otherInformation: fromHex("01"),
    };
    const octets = general.seal(encode(GeneralSigning, inner), ciphering("wrapped-key") as never);
    const [item] = new Decoder({ layer: "apdu", keys }).decode(octets);
    const fault = item?.fault ?? item?.pduFault;
    expect(fault).toMatchObject({ code: "bad-signature", path: ["plaintext"] });
    expect(item?.json).toMatchObject({ verified: true, plaintext: { verified: false } });
  });

  it("a key-info that lies, and an ephemeral key off the curve or signed by another, give no plaintext", () => {
    const own = { ...keys, agreementKeys: [scalar(1, "server")] };
    const lying = (change: (data: Uint8Array) => Uint8Array, key: GeneralKey = "one-pass-diffie-hellman") => {
      const apdu = decode(GeneralCiphering, sealed(1, [ciphering(key)]));
      if (apdu.keyInfo === undefined || apdu.keyInfo.choice === "identified-key") throw new Error("no key");
      const keyInfo = { ...apdu.keyInfo, keyCipheredData: change(apdu.keyInfo.keyCipheredData) };
      return decoded(encode(GeneralCiphering, { ...apdu, keyInfo }), { keys: own });
    };
    expect(lying((data) => data.with(63, (data[63] as number) ^ 1)).fault).toBe("bad-public-key");
    expect(lying((data) => data.with(100, (data[100] as number) ^ 1)).fault).toBe("bad-signature");
    expect(lying((data) => data.with(3, (data[3] as number) ^ 1), "wrapped-key").fault).toBe("bad-key-wrap");
    const apdu = decode(GeneralCiphering, sealed(1, [ciphering("wrapped-key")]));
    const keyInfo = { choice: "identified-key", keyId: "global-unicast-encryption-key" } as const;
    expect(decoded(encode(GeneralCiphering, { ...apdu, keyInfo }), { keys: own }).fault).toBe("bad-tag");
  });
});
