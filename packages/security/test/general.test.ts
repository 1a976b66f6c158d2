import { ApduTag, decodeApdu, encodeApdu, type GeneralCiphering, type GeneralSigning } from "@dlmskit/apdu";
import { concat, dateTimeOf, fromHex, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import {
  type CipheringOptions,
  CounterGuard,
  CounterLedger,
  type CryptoProvider,
  type GeneralKey,
  type GeneralOptions,
  GeneralProtection,
  MemoryKeyGuards,
  noble,
  OrderedKeyGuards,
} from "../src/index.ts";
import { node } from "../src/node.ts";
import { faultOf } from "./fault-of.ts";
import { clientTitle, counting, end, keysOf, peerKeysOf, scalars, serverTitle } from "./general-fixtures.ts";
import { keyOf, vectorsOf } from "./vectors.ts";

const get = fromHex("c001c100010000600100ff0200");
const transactionId = fromHex("0102030405060708");
const vectors = vectorsOf("security");
const vectorOf = (id: string) => {
  const vector = vectors.find((each) => each.id === id);
  if (vector === undefined) throw new Error(`there is no vector ${id}`);
  return vector;
};

const ciphered = (key: GeneralKey, more: Partial<CipheringOptions> = {}): CipheringOptions => ({
  form: "general-ciphering",
  authenticated: true,
  encrypted: true,
  key,
  transactionId,
  ...more,
});

const every: readonly GeneralKey[] = [
  "global-unicast-encryption-key",
  "global-broadcast-encryption-key",
  "wrapped-key",
  "one-pass-diffie-hellman",
  "static-unified-model",
];

/** The octets with one of them changed. */
function altered(octets: Uint8Array, at: number, by = 1): Uint8Array {
  const other = octets.slice();
  other[at] = (other[at] as number) ^ by;
  return other;
}

/** The APDU with other fields. */
function remade(octets: Uint8Array, change: (apdu: GeneralCiphering) => GeneralCiphering): Uint8Array {
  return encodeApdu(change(decodeApdu(octets) as GeneralCiphering));
}

describe.each([noble, node])("general-ciphering vectors with $name", (provider) => {
  const ends = (suite: 0 | 1, encryptionKey: Uint8Array | undefined, more: Partial<GeneralOptions> = {}) => {
    const keys = { ...keysOf(suite), authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf") };
    const counters = new CounterLedger({ start: 0 });
    counters.reserved(10);
    const both = { keys: encryptionKey === undefined ? keys : { ...keys, encryptionKey }, counters, ...more };
    return { client: end("client", provider, suite, both), server: end("server", provider, suite, both) };
  };

  it("sec-general-ciphering-006: identified key, both ways", () => {
    const vector = vectorOf("sec-general-ciphering-006");
    const { client, server } = ends(0, keyOf(vector, "encryptionKey"));
    const plain = fromHex(vector.decoded.plaintext);
    expect(toHex(client.seal(plain, ciphered("global-unicast-encryption-key")))).toBe(vector.hex);
    const { apdu, protection } = server.open(fromHex(vector.hex));
    expect(apdu).toEqual(plain);
    expect(protection).toMatchObject({
      form: "general-ciphering",
      authenticated: true,
      encrypted: true,
      key: "global-unicast-encryption-key",
      counter: 0,
      header: { transactionId, originatorSystemTitle: clientTitle, recipientSystemTitle: serverTitle },
    });
  });

  it("sec-general-ciphering-008: wrapped key, both ways", () => {
    const vector = vectorOf("sec-general-ciphering-008");
    const wrapped = keyOf(vector, "encryptionKey");
    const masterKey = fromHex("000102030405060708090a0b0c0d0e0f");
    const { client, server } = ends(0, undefined, { masterKey, random: () => wrapped.slice() });
    const plain = fromHex(vector.decoded.plaintext);
    expect(toHex(client.seal(plain, ciphered("wrapped-key")))).toBe(vector.hex);
    expect(server.open(fromHex(vector.hex)).apdu).toEqual(plain);
  });

  // The tags as printed: the initialization vector within what is authenticated. Plaintext and key are right either way.
  const printed = { quirks: ["iv-in-additional-data"] } as const;

  it("sec-general-ciphering-003: one-pass Diffie-Hellman C(1e,1s), as printed", () => {
    const vector = vectorOf("sec-general-ciphering-003");
    const { server } = ends(1, undefined, printed);
    const { apdu, protection } = server.open(fromHex(vector.hex));
    expect(toHex(apdu)).toBe(vector.decoded.plaintext);
    expect(protection).toMatchObject({ key: "one-pass-diffie-hellman", counter: 0 });
    // By the text of the standard, which is what counts without the quirk, that tag is wrong.
    expect(faultOf(() => ends(1, undefined).server.open(fromHex(vector.hex)))).toBe("bad-tag");
  });

  it("sec-general-ciphering-003 from the ephemeral key of the example", () => {
    const vector = vectorOf("sec-general-ciphering-003");
    const random = (count: number) => Uint8Array.from({ length: count }, (_, at) => at + 1);
    const { client, server } = ends(1, undefined, { ...printed, random });
    const plain = fromHex(vector.decoded.plaintext);
    const sealed = client.seal(plain, ciphered("one-pass-diffie-hellman"));
    expect(sealed).toHaveLength(vector.hex.length / 2);
    // What the example's ephemeral scalar and signature are, is not published: all before them is the same.
    expect(toHex(sealed).slice(0, 70)).toBe(vector.hex.slice(0, 70));
    expect(server.open(sealed).apdu).toEqual(plain);
  });

  it("sec-general-ciphering-005: static unified model C(0e,2s), both ways, as printed", () => {
    const vector = vectorOf("sec-general-ciphering-005");
    const { client, server } = ends(1, undefined, printed);
    const plain = fromHex(vector.decoded.plaintext);
    expect(toHex(client.seal(plain, ciphered("static-unified-model")))).toBe(vector.hex);
    expect(server.open(fromHex(vector.hex)).apdu).toEqual(plain);
  });

  it("UK GBCS: the tag is over the empty header, whose key nobody tells", () => {
    for (const id of ["sec-general-ciphering-001", "sec-general-ciphering-002"]) {
      const vector = vectorOf(id);
      const { securityControl, ciphertext, keyInfo, apdu, invocationCounter, ...header } = decodeApdu(
        fromHex(vector.hex),
      ) as GeneralCiphering;
      expect([apdu, keyInfo, invocationCounter, securityControl.suite]).toEqual(["general-ciphering", undefined, 0, 1]);
      expect(header).toMatchObject({ transactionId: new Uint8Array(0), otherInformation: new Uint8Array(0) });
      const information = ciphertext.subarray(0, -12);
      const aes = provider.aesGcm(keyOf(vector, "encryptionKey"));
      const tag = aes.seal(fromHex(vector.decoded.iv), new Uint8Array(0), concat(fromHex("110000000000"), information));
      expect(toHex(tag)).toBe(vector.decoded.tag);
      expect(faultOf(() => end("server", provider, 1).open(fromHex(vector.hex)))).toBe("missing-key-info");
    }
  });

  it("sec-general-signing-002: verified by the published key", () => {
    const vector = vectorOf("sec-general-signing-002");
    const publicKey = keyOf(vector, "signaturePublicKey");
    const signer = fromHex(vector.decoded.originatorSystemTitle);
    const server = new GeneralProtection({
      provider,
      suite: 1,
      systemTitle: fromHex(vector.decoded.recipientSystemTitle),
      keys: keysOf(1),
      counters: new CounterLedger({ start: 0 }),
      replay: new CounterGuard(),
      peerKeys: { publicKey: (title) => (toHex(title) === toHex(signer) ? publicKey : undefined) },
    });
    const { apdu, protection } = server.open(fromHex(vector.hex));
    expect(toHex(apdu)).toBe(vector.decoded.content);
    expect(protection).toMatchObject({ form: "general-signing", header: { originatorSystemTitle: signer } });
    for (let at = 1; at < vector.hex.length / 2; at++) {
      expect(() => server.open(altered(fromHex(vector.hex), at))).toThrow();
    }
  });
});

describe.each([
  [noble, node],
  [node, noble],
])("from one provider to the other ($0.name, $1.name)", (one, other) => {
  it.each([0, 1, 2] as const)("S26, S27, S33: every key in suite %i, both directions", (suite) => {
    const client = end("client", one, suite);
    const server = end("server", other, suite);
    for (const key of every) {
      const [authenticated, encrypted] = [true, key !== "wrapped-key"];
      const how = ciphered(key, { authenticated, encrypted, dateTime: dateTimeOf(1.7e12), otherInformation: get });
      if (suite === 0 && (key === "one-pass-diffie-hellman" || key === "static-unified-model")) {
        expect(faultOf(() => client.seal(get, how))).toBe("suite-without-curve");
        continue;
      }
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        const opened = to.open(from.seal(get, how));
        expect(opened.apdu).toEqual(get);
        expect(opened.protection).toMatchObject({ authenticated, encrypted, key, header: { otherInformation: get } });
      }
    }
  });

  it.each([1, 2] as const)("S29: a signature in suite %i", (suite) => {
    const signed = end("client", one, suite).seal(get, { form: "general-signing", transactionId });
    const { apdu, protection } = end("server", other, suite).open(signed);
    expect(apdu).toEqual(get);
    expect(protection).toMatchObject({ form: "general-signing", header: { originatorSystemTitle: clientTitle } });
  });
});

describe("the static unified model", () => {
  it("S27: refuses an empty transaction-id, at both ends", () => {
    const how = ciphered("static-unified-model", { transactionId: new Uint8Array(0) });
    expect(faultOf(() => end("client", node, 1).seal(get, how))).toBe("missing-transaction-id");
    const sealed = end("client", node, 1).seal(get, ciphered("static-unified-model"));
    const empty = remade(sealed, (apdu) => ({ ...apdu, transactionId: new Uint8Array(0) }));
    expect(faultOf(() => end("server", node, 1).open(empty))).toBe("missing-transaction-id");
    const absent: CipheringOptions = { form: "general-ciphering", authenticated: true, encrypted: true, key: how.key };
    expect(faultOf(() => end("client", node, 1).seal(get, absent))).toBe("missing-transaction-id");
  });

  it("gives another key for another transaction, and another counter for the same", () => {
    const client = end("client", node, 1);
    const seal = (id: string) =>
      decodeApdu(
        client.seal(get, ciphered("static-unified-model", { transactionId: fromHex(id) })),
      ) as GeneralCiphering;
    const [one, again, other] = [seal("01"), seal("01"), seal("02")];
    expect(one.invocationCounter).toBeLessThan(again.invocationCounter);
    expect(new Set([one, again, other].map(({ ciphertext }) => toHex(ciphertext))).size).toBe(3);
  });

  it("refuses a key where none is sent", () => {
    const sealed = remade(end("client", node, 1).seal(get, ciphered("static-unified-model")), (apdu) => ({
      ...apdu,
      keyInfo: { choice: "agreed-key", keyParameters: Uint8Array.of(2), keyCipheredData: get },
    }));
    expect(faultOf(() => end("server", node, 1).open(sealed))).toBe("bad-length");
  });
});

describe.each([noble, node])("S28: the ephemeral key of C(1e,1s) with $name", (provider: CryptoProvider) => {
  const curve = "P-256";
  const signed = (point: Uint8Array) =>
    concat(point, provider.ecdsaSign(curve, scalars[1].client.digitalSignature, point));
  const sealed = end("client", provider, 1).seal(get, ciphered("one-pass-diffie-hellman"));
  const given = (keyCipheredData: Uint8Array, keyParameters: Uint8Array = Uint8Array.of(1)) =>
    faultOf(() =>
      end("server", provider, 1).open(
        remade(sealed, (apdu) => ({ ...apdu, keyInfo: { choice: "agreed-key", keyParameters, keyCipheredData } })),
      ),
    );
  const point = peerKeysOf(provider, 1).publicKey(clientTitle, "key-agreement") as Uint8Array;

  it("must be a point of the curve, not infinity, not compressed, not in SEC 1 form, and signed as it is", () => {
    expect(given(signed(altered(point, 40)))).toBe("bad-public-key");
    expect(given(signed(new Uint8Array(64)))).toBe("bad-public-key");
    expect(given(signed(new Uint8Array(64).fill(0xff)))).toBe("bad-public-key");
    expect(given(signed(concat(Uint8Array.of(2), point.subarray(0, 32))))).toBe("bad-length");
    expect(given(signed(Uint8Array.of(0)))).toBe("bad-length");
    expect(given(signed(concat(Uint8Array.of(4), point)))).toBe("bad-length");
    expect(given(new Uint8Array(0))).toBe("bad-length");
    expect(given(altered(signed(point), 64 + 10))).toBe("bad-signature");
    expect(given(concat(altered(point, 3), signed(point).subarray(64)))).toBe("bad-signature");
    // Signed by the right key, and another one than what was sealed with.
    expect(given(signed(point))).toBe("bad-tag");
    const other = provider.ecdsaSign(curve, scalars[1].server.digitalSignature, point);
    expect(given(concat(point, other))).toBe("bad-signature");
  });

  it("must come with a scheme that is known", () => {
    for (const parameters of ["", "00", "03", "0101", "0201"]) {
      expect(given(signed(point), fromHex(parameters))).toBe("unknown-key-agreement");
    }
  });
});

describe.each([noble, node])("S29: a signature with $name", (provider) => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const signed = end("client", provider, 1).seal(get, {
    form: "general-signing",
    transactionId,
    dateTime: dateTimeOf(1.7e12),
    otherInformation: fromHex("aabb"),
  });
  const apdu = decodeApdu(signed) as GeneralSigning;
  const given = (change: Partial<GeneralSigning>) =>
    faultOf(() => end("server", provider, 1).open(encodeApdu({ ...apdu, ...change })));
  const octets = (value: bigint, length = 32) => fromHex(value.toString(16).padStart(length * 2, "0"));
  const [r, s] = [apdu.signature.subarray(0, 32), apdu.signature.subarray(32)];
  const number = (part: Uint8Array) => BigInt(`0x${toHex(part)}`);

  it("is refused with r or s zero, the order, plus the order, or negative", () => {
    for (const other of [0n, order, 2n ** 256n - 1n]) {
      expect(given({ signature: concat(octets(other), s) })).toBe("bad-signature");
      expect(given({ signature: concat(r, octets(other)) })).toBe("bad-signature");
    }
    expect(given({ signature: concat(octets(number(r) + order, 33), octets(number(s), 33)) })).toBe("bad-signature");
    expect(given({ signature: concat(octets(order - number(r)), s) })).toBe("bad-signature");
  });

  it("is refused as DER, cut, long, empty", () => {
    const der = concat(fromHex("3044022000"), r.subarray(1), fromHex("0220"), s);
    for (const signature of [der, r, concat(r, s, r), new Uint8Array(0), concat(s, r)]) {
      expect(given({ signature })).toBe("bad-signature");
    }
  });

  it("is refused with anything else altered, or by another signer", () => {
    expect(given({ otherInformation: fromHex("aabc") })).toBe("bad-signature");
    expect(given({ otherInformation: new Uint8Array(0) })).toBe("bad-signature");
    expect(given({ dateTime: dateTimeOf(1.7e12 + 1000) })).toBe("bad-signature");
    expect(given({ transactionId: fromHex("01") })).toBe("bad-signature");
    expect(given({ content: altered(get, 5) })).toBe("bad-signature");
    // Not the originator's key: a message that an honest one moved to other fields.
    const privateKeys = scalars[1].server;
    const other = end("client", provider, 1, { privateKeys }).seal(get, { form: "general-signing" });
    expect(faultOf(() => end("server", provider, 1).open(other))).toBe("bad-signature");
  });
});

describe("general-ciphering", () => {
  it("refuses every octet changed", () => {
    for (const key of ["global-unicast-encryption-key", "wrapped-key", "static-unified-model"] as const) {
      const sealed = end("client", node, 1).seal(get, ciphered(key, { otherInformation: fromHex("01") }));
      for (let at = 0; at < sealed.length; at++) {
        expect(() => end("server", node, 1).open(altered(sealed, at)), `octet ${at}`).toThrow(
          expect.objectContaining({ name: "Fault" }),
        );
      }
    }
  });

  it("S29: refuses altered other-information and date-time", () => {
    const sealed = end("client", node, 1).seal(
      get,
      ciphered("one-pass-diffie-hellman", { dateTime: dateTimeOf(1.7e12), otherInformation: fromHex("0102") }),
    );
    const given = (change: Partial<GeneralCiphering>) =>
      faultOf(() =>
        end("server", node, 1).open(remade(sealed, (apdu) => ({ ...apdu, ...change }) as GeneralCiphering)),
      );
    expect(given({ dateTime: dateTimeOf(1.7e12 + 60_000) })).toBe("bad-tag");
    expect(given({ otherInformation: fromHex("0103") })).toBe("bad-tag");
    expect(given({ otherInformation: new Uint8Array(0) })).toBe("bad-tag");
    expect(given({ transactionId: new Uint8Array(0) })).toBe("bad-tag");
  });

  it("takes no APDU a second time, whatever the key", () => {
    const guards = new MemoryKeyGuards();
    expect(guards.size).toBe(0);
    for (const key of every) {
      const sealed = end("client", node, 1).seal(get, ciphered(key));
      const server = end("server", node, 1, { guards });
      server.open(sealed);
      expect(faultOf(() => server.open(sealed))).toBe("invocation-counter");
    }
    // Another object, the same guards: the association was opened anew.
    const sealed = end("client", node, 1, { random: counting() }).seal(get, ciphered("wrapped-key"));
    expect(faultOf(() => end("server", node, 1, { guards }).open(sealed))).toBe("invocation-counter");
    expect(guards.size).toBe(3);
  });

  it("S28: does not take a one-pass APDU again whose signature was made anew", () => {
    // s and n − s both verify: the key information differs, the key does not.
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const sealed = end("client", noble, 1).seal(get, ciphered("one-pass-diffie-hellman"));
    const mirrored = remade(sealed, (apdu) => {
      const { keyInfo } = apdu;
      if (keyInfo?.choice !== "agreed-key") throw new Error("not agreed");
      const data = keyInfo.keyCipheredData.slice();
      const s = BigInt(`0x${toHex(data.subarray(96))}`);
      data.set(fromHex((order - s).toString(16).padStart(64, "0")), 96);
      return { ...apdu, keyInfo: { ...keyInfo, keyCipheredData: data } };
    });
    const server = end("server", noble, 1);
    server.open(sealed);
    expect(faultOf(() => server.open(mirrored))).toBe("invocation-counter");
  });

  it("forgets the oldest key when its window is full, and takes new ones", () => {
    const guards = new MemoryKeyGuards({ window: 2 });
    const client = end("client", node, 0);
    const sealed = Array.from({ length: 5 }, () => client.seal(get, ciphered("wrapped-key")));
    const server = end("server", node, 0, { guards });
    for (const one of sealed) expect(server.open(one).apdu).toEqual(get);
    expect(guards.size).toBe(2);
    for (const one of sealed.slice(3)) expect(faultOf(() => server.open(one))).toBe("invocation-counter");
    // Without a memory, what is behind the window can come again: the limit that docs/decisions/0010 tells.
    expect(server.open(sealed[0] as Uint8Array).apdu).toEqual(get);
  });

  it("asks its memory for what is behind the window, also in another process", () => {
    const set = new Set<string>();
    const memory = { remember: (digest: string) => !set.has(digest) && set.add(digest) !== undefined };
    const client = end("client", node, 0);
    const sealed = Array.from({ length: 5 }, () => client.seal(get, ciphered("wrapped-key")));
    const server = end("server", node, 0, { guards: new MemoryKeyGuards({ window: 2, memory }) });
    for (const one of sealed) server.open(one);
    for (const one of sealed.slice(0, 3)) expect(faultOf(() => server.open(one))).toBe("replayed");
    const again = end("server", node, 0, { guards: new MemoryKeyGuards({ memory }) });
    for (const one of sealed) expect(faultOf(() => again.open(one))).toBe("replayed");
    for (const digest of set) expect(digest.length).toBeLessThanOrEqual(120);
    expect(set.size).toBe(5);
    expect(again.open(client.seal(get, ciphered("wrapped-key"))).apdu).toEqual(get);
  });

  it("remembers no key whose tag is wrong", () => {
    const digests: string[] = [];
    const memory = { remember: (digest: string) => digests.push(digest) > 0 };
    const sealed = end("client", node, 0).seal(get, ciphered("wrapped-key"));
    const server = end("server", node, 0, { guards: new MemoryKeyGuards({ memory }) });
    const broken = sealed.slice();
    broken[broken.length - 1] = (broken.at(-1) as number) ^ 1;
    expect(faultOf(() => server.open(broken))).toBe("bad-tag");
    expect(digests).toEqual([]);
    server.open(sealed);
    expect(digests).toHaveLength(1);
  });

  describe("transaction-ids that are counted", () => {
    const counted = (count: number): CipheringOptions => ({
      ...ciphered("wrapped-key"),
      transactionId: Uint8Array.of(1, 0, 0, count >> 8, count & 0xff),
    });
    const guarded = () => end("server", node, 0, { guards: new OrderedKeyGuards(new MemoryKeyGuards({ window: 2 })) });

    it("hold the peer to it, so that nothing behind the window comes again", () => {
      const [client, server] = [end("client", node, 0), guarded()];
      const sealed = Array.from({ length: 200 }, (_, at) => client.seal(get, counted(at)));
      for (const one of sealed) server.open(one);
      for (const one of sealed.slice(0, -2)) expect(faultOf(() => server.open(one))).toBe("replayed");
      expect(faultOf(() => server.open(sealed.at(-1) as Uint8Array))).toBe("invocation-counter");
      // Not above, of another length, none: neither is what this peer does.
      expect(faultOf(() => server.open(client.seal(get, counted(199))))).toBe("replayed");
      const others = [Uint8Array.of(2, 0, 0, 0), new Uint8Array(0)];
      for (const transactionId of others) {
        expect(faultOf(() => server.open(client.seal(get, { ...counted(0), transactionId })))).toBe("replayed");
      }
      expect(server.open(client.seal(get, counted(1000))).apdu).toEqual(get);
    });

    it("hold nobody to it who does not count, counts anew now and then, or counts short", () => {
      const [client, server] = [end("client", node, 0), guarded()];
      for (let at = 0; at < 300; at++) expect(server.open(client.seal(get, counted(at % 60))).apdu).toEqual(get);
      for (let at = 0; at < 300; at++) {
        const transactionId = Uint8Array.of(at & 0xff);
        expect(server.open(client.seal(get, { ...counted(0), transactionId })).apdu).toEqual(get);
      }
    });
  });

  it("moves no counter for a wrong tag", () => {
    const [client, server] = [end("client", node, 0), end("server", node, 0)];
    const sealed = client.seal(get, ciphered("global-unicast-encryption-key"));
    const late = remade(sealed, (apdu) => ({ ...apdu, invocationCounter: 1_000_000 }));
    expect(faultOf(() => server.open(late))).toBe("bad-tag");
    expect(server.open(sealed).apdu).toEqual(get);
  });

  it("knows who speaks to whom", () => {
    const to = (change: Partial<GeneralCiphering>, options: Partial<GeneralOptions> = {}) =>
      faultOf(() =>
        end("server", node, 0, options).open(
          remade(
            end("client", node, 0).seal(get, ciphered("global-unicast-encryption-key")),
            (apdu) => ({ ...apdu, ...change }) as GeneralCiphering,
          ),
        ),
      );
    expect(to({ recipientSystemTitle: clientTitle })).toBe("wrong-recipient");
    expect(to({ originatorSystemTitle: serverTitle })).toBe("own-system-title");
    expect(to({ originatorSystemTitle: fromHex("4d4d4d0000000002") })).toBe("unknown-system-title");
    expect(to({ originatorSystemTitle: fromHex("4d4d") })).toBe("bad-system-title");
    // Left out, the titles are those that the association knows; here the tag was made with them.
    expect(to({ originatorSystemTitle: new Uint8Array(0), recipientSystemTitle: new Uint8Array(0) })).toBe("bad-tag");
    const open = new GeneralProtection({
      ...{ provider: node, suite: 0, systemTitle: serverTitle, keys: keysOf(0) },
      counters: new CounterLedger({ start: 0 }),
      replay: new CounterGuard(),
    });
    const sealed = end("client", node, 0).seal(get, ciphered("global-unicast-encryption-key"));
    const nobody = remade(sealed, (apdu) => ({ ...apdu, originatorSystemTitle: new Uint8Array(0) }));
    expect(faultOf(() => open.open(nobody))).toBe("unknown-system-title");
    expect(open.open(sealed).apdu).toEqual(get);
    expect(faultOf(() => open.seal(get, ciphered("global-unicast-encryption-key")))).toBe("unknown-system-title");
    expect(faultOf(() => open.seal(get, { form: "general-signing", recipientSystemTitle: serverTitle }))).toBe(
      "suite-without-curve",
    );
  });

  it("opens what leaves the titles out, when the tag was made so", () => {
    const iv = fromHex("4d4d4d0000bc614e00000007");
    const keys = keysOf(0);
    const additional = concat(fromHex("30"), keys.authenticationKey, fromHex("0000000000"));
    const ciphertext = node.aesGcm(keys.encryptionKey).seal(iv, get, additional);
    const none = new Uint8Array(0);
    const sealed = encodeApdu({
      apdu: "general-ciphering",
      transactionId: none,
      originatorSystemTitle: none,
      recipientSystemTitle: none,
      otherInformation: none,
      keyInfo: { choice: "identified-key", keyId: "global-unicast-encryption-key" },
      securityControl: { suite: 0, authenticated: true, encrypted: true, broadcast: false, compressed: false },
      invocationCounter: 7,
      ciphertext,
    });
    expect(end("server", node, 0).open(sealed).protection).toMatchObject({
      header: { originatorSystemTitle: clientTitle, recipientSystemTitle: serverTitle },
    });
  });

  it("refuses a security control that is not its own", () => {
    const sealed = end("client", node, 0).seal(get, ciphered("global-unicast-encryption-key"));
    const given = (change: Partial<GeneralCiphering["securityControl"]>, options: Partial<GeneralOptions> = {}) =>
      faultOf(() =>
        end("server", node, 0, options).open(
          remade(sealed, (apdu) => ({ ...apdu, securityControl: { ...apdu.securityControl, ...change } })),
        ),
      );
    expect(given({ suite: 1 })).toBe("bad-security-control");
    expect(given({ broadcast: true })).toBe("bad-security-control");
    expect(given({ compressed: true })).toBe("bad-security-control");
    expect(given({ authenticated: false, encrypted: false })).toBe("bad-security-control");
    expect(given({ authenticated: false })).toBe("bad-security-control");
    const plain = { authenticated: false, encrypted: false };
    const client = end("client", node, 0);
    expect(faultOf(() => client.seal(get, ciphered("wrapped-key", plain)))).toBe("bad-security-control");
  });

  it("opens encryption alone where that is accepted", () => {
    const how = ciphered("global-unicast-encryption-key", { authenticated: false });
    const server = end("server", node, 0, { accept: ["encryption-only"] });
    const { apdu, protection } = server.open(end("client", node, 0).seal(get, how));
    expect(apdu).toEqual(get);
    expect(protection).toMatchObject({ authenticated: false, encrypted: true });
  });

  it("says which key is missing", () => {
    const bare = (role: "client" | "server", provider = node) =>
      new GeneralProtection({
        ...{ provider, suite: 1, keys: { ...keysOf(1) } },
        systemTitle: role === "client" ? clientTitle : serverTitle,
        peerSystemTitle: role === "client" ? serverTitle : clientTitle,
        counters: new CounterLedger({ start: 0 }),
        replay: new CounterGuard(),
      });
    const sealing = (key: GeneralKey, options: Partial<GeneralOptions> = {}) =>
      faultOf(() => end("client", node, 1, options).seal(get, ciphered(key)));
    const bareSealing = (key: GeneralKey) => faultOf(() => bare("client").seal(get, ciphered(key)));
    expect(bareSealing("global-unicast-encryption-key")).toBe("counter-not-reserved");
    expect(bareSealing("global-broadcast-encryption-key")).toBe("no-broadcast-key");
    expect(bareSealing("wrapped-key")).toBe("missing-parameter");
    expect(sealing("one-pass-diffie-hellman", { privateKeys: {} })).toBe("no-private-key");
    expect(sealing("static-unified-model", { privateKeys: {} })).toBe("no-private-key");
    expect(sealing("static-unified-model", { peerKeys: { publicKey: () => undefined } })).toBe("unknown-public-key");
    const { encryptionKey, authenticationKey } = keysOf(1);
    expect(sealing("global-broadcast-encryption-key", { keys: { encryptionKey, authenticationKey } })).toBe(
      "no-broadcast-key",
    );
    const opening = (key: GeneralKey) =>
      faultOf(() => bare("server").open(end("client", node, 1).seal(get, ciphered(key))));
    expect(opening("global-broadcast-encryption-key")).toBe("no-broadcast-key");
    expect(opening("wrapped-key")).toBe("no-master-key");
    expect(opening("one-pass-diffie-hellman")).toBe("unknown-public-key");
    expect(opening("static-unified-model")).toBe("no-private-key");
    const masterless = new GeneralProtection({
      ...{ provider: node, suite: 0, systemTitle: clientTitle, peerSystemTitle: serverTitle, keys: keysOf(0) },
      ...{ counters: new CounterLedger({ start: 0 }), replay: new CounterGuard(), random: counting() },
    });
    expect(faultOf(() => masterless.seal(get, ciphered("wrapped-key")))).toBe("no-master-key");
    expect(faultOf(() => bare("client").open(get))).toBe("not-ciphered");
    expect(faultOf(() => bare("client").open(new Uint8Array(0)))).toBe("not-ciphered");
  });

  it("refuses a wrapped key of another suite's length, and one wrapped by another", () => {
    const sealed = end("client", node, 0).seal(get, ciphered("wrapped-key"));
    const wrapping = (kek: Uint8Array, key: Uint8Array) =>
      faultOf(() =>
        end("server", node, 0, { masterKey: keysOf(0).encryptionKey }).open(
          remade(sealed, (apdu) => ({
            ...apdu,
            keyInfo: { choice: "wrapped-key", kekId: "master-key", keyCipheredData: node.wrapKey(kek, key) },
          })),
        ),
      );
    expect(wrapping(keysOf(0).encryptionKey, new Uint8Array(32))).toBe("bad-key-length");
    expect(wrapping(keysOf(0).authenticationKey, new Uint8Array(16))).toBe("bad-key-wrap");
  });

  it("refuses nothing within, once the tag was right", () => {
    const empty = end("client", node, 1).seal(new Uint8Array(0), ciphered("wrapped-key"));
    expect(faultOf(() => end("server", node, 1).open(empty))).toBe("inner-tag-mismatch");
    const unsigned = end("client", node, 1).seal(new Uint8Array(0), { form: "general-signing" });
    expect(faultOf(() => end("server", node, 1).open(unsigned))).toBe("inner-tag-mismatch");
  });

  it("keeps what it was given at first, and shows none of it", () => {
    const keys = keysOf(0);
    const client = end("client", node, 0, { keys });
    keys.encryptionKey.fill(0);
    keys.authenticationKey.fill(0);
    const sealed = client.seal(get, ciphered("global-unicast-encryption-key"));
    expect(end("server", node, 0).open(sealed).apdu).toEqual(get);
    expect(JSON.stringify(client)).toBe("{}");
  });

  it("gives a Fault or an APDU for any octets", () => {
    const sealed = end("client", node, 1).seal(get, ciphered("one-pass-diffie-hellman"));
    const server = end("server", node, 1);
    const total = (octets: Uint8Array) => {
      try {
        server.open(octets);
      } catch (caught) {
        expect(caught).toMatchObject({ name: "Fault" });
      }
    };
    const tag = fc.constantFrom(ApduTag["general-ciphering"], ApduTag["general-signing"]);
    fc.assert(
      fc.property(tag, fc.uint8Array({ maxLength: 300 }), (first, rest) => total(concat(Uint8Array.of(first), rest))),
      { numRuns: times(100) },
    );
    for (let length = 0; length < sealed.length; length++) total(sealed.subarray(0, length));
  });
});

describe("a transaction guard", () => {
  it("refuses what was signed once and comes again, after the signature was right", () => {
    const seen = new Set<string>();
    const transactions = {
      check: (originator: Uint8Array, id: Uint8Array) => !seen.has(toHex(concat(originator, id))),
      accept: (originator: Uint8Array, id: Uint8Array) => void seen.add(toHex(concat(originator, id))),
    };
    const server = end("server", node, 1, { transactions });
    const signed = end("client", node, 1).seal(get, { form: "general-signing", transactionId });
    expect(faultOf(() => server.open(altered(signed, signed.length - 1)))).toBe("bad-signature");
    expect(seen.size).toBe(0);
    server.open(signed);
    expect(faultOf(() => server.open(signed))).toBe("replayed");
  });
});
