import { decodeApdu, encodeApdu, GeneralCiphering, GeneralHeader } from "@dlmskit/apdu";
import { concat, dateTimeOf, decode, encode, fromHex, toHex } from "@dlmskit/core";
import { CounterGuard, deriveKey, type GeneralKey, GeneralProtection, KeyAlgorithm, noble } from "@dlmskit/security";
import { describe, expect, it } from "vitest";
import { securityPolicy } from "../src/index.ts";
import { Bottle, type BottleOptions, clientTitle, energy, ledger, pseudoRandom, serverTitle } from "./bottle.ts";

const get = { service: "get", items: [energy] } as const;
const set = { service: "set", items: [{ attribute: energy, value: { type: "unsigned", value: 1 } }] } as const;
const response = fromHex("c401410009020102");
const keyLength = (suite: number) => (suite === 2 ? 32 : 16);
const masterKey = (suite: number) => pseudoRandom(31)(keyLength(suite));

function open(suite: 0 | 1 | 2, client: BottleOptions["clientSecurity"], more: BottleOptions = {}): Bottle {
  return new Bottle({
    ...{ ciphered: true, mechanism: suite === 0 ? 5 : 7, suite, ...more },
    clientSecurity: { serverSystemTitle: serverTitle, masterKey: masterKey(suite), ...client },
    serverSecurity: { masterKey: masterKey(suite), ...more.serverSecurity },
  }).open();
}

/** The server's end, for responses that our server does not send. */
function serverProtection(suite: number): GeneralProtection {
  const scalar = suite === 2 ? 48 : 32;
  const curve = suite === 2 ? "P-384" : "P-256";
  const own = new Uint8Array(scalar).fill(5);
  return new GeneralProtection({
    ...{ provider: noble, suite, systemTitle: serverTitle, peerSystemTitle: clientTitle, random: pseudoRandom(9) },
    ...{ counters: ledger(5000), replay: new CounterGuard(), masterKey: masterKey(suite) },
    keys: { encryptionKey: pseudoRandom(11)(keyLength(suite)), authenticationKey: pseudoRandom(12)(keyLength(suite)) },
    privateKeys: { digitalSignature: own, keyAgreement: own },
    peerKeys: { publicKey: () => noble.publicKey(curve, new Uint8Array(scalar).fill(3)) },
  });
}

/** The key of a request, as its recipient finds it. */
function keyOf(
  { keyInfo, originatorSystemTitle, recipientSystemTitle, transactionId }: GeneralCiphering,
  suite: number,
) {
  const curve = suite === 2 ? "P-384" : "P-256";
  const scalar = suite === 2 ? 48 : 32;
  if (keyInfo?.choice === "wrapped-key") return noble.unwrapKey(masterKey(suite), keyInfo.keyCipheredData);
  if (keyInfo?.choice !== "agreed-key") return pseudoRandom(11)(keyLength(suite));
  const onePass = keyInfo.keyParameters[0] === 1;
  const peer = onePass
    ? keyInfo.keyCipheredData.subarray(0, scalar * 2)
    : noble.publicKey(curve, new Uint8Array(scalar).fill(3));
  const algorithm = KeyAlgorithm[suite === 2 ? "aes-gcm-256" : "aes-gcm-128"];
  const nonce = onePass ? [] : [transactionId.length, ...transactionId];
  return deriveKey({
    ...{ provider: noble, hash: algorithm.hash, algorithmId: algorithm.id, length: algorithm.length },
    sharedSecret: noble.ecdhSharedSecret(curve, new Uint8Array(scalar).fill(5), peer),
    partyUInfo: Uint8Array.of(...originatorSystemTitle, ...nonce),
    partyVInfo: recipientSystemTitle,
  });
}

/** A response without key-info under the key of the request. */
function withoutKeyInfo(
  request: Uint8Array,
  suite: number,
  invokeId = 2,
  plain: Uint8Array = response.with(2, 0x40 | invokeId),
) {
  const asked = decode(GeneralCiphering, request);
  const { originatorSystemTitle, transactionId } = asked;
  const header = {
    ...{ transactionId, otherInformation: new Uint8Array(0) },
    ...{ originatorSystemTitle: serverTitle, recipientSystemTitle: originatorSystemTitle },
  };
  const counter = 7000;
  const iv = Uint8Array.of(...serverTitle, 0, 0, counter >> 8, counter & 0xff);
  const additional = concat(
    ...[Uint8Array.of(0x30 | suite), pseudoRandom(12)(keyLength(suite)), encode(GeneralHeader, header)],
  );
  return encode(GeneralCiphering, {
    ...{ apdu: "general-ciphering", ...header, invocationCounter: counter },
    securityControl: { suite, authenticated: true, encrypted: true, broadcast: false, compressed: false },
    ciphertext: noble.aesGcm(keyOf(asked, suite)).seal(iv, plain, additional),
  });
}

/** Replaces the next response of the server, and gives what became of the request. */
function answered(bottle: Bottle, make: (request: Uint8Array) => Uint8Array) {
  let request = new Uint8Array(0);
  bottle.tamper = (to, pdu) => {
    if (to === "client") return [make(request)];
    request = pdu.slice();
    return [pdu];
  };
  const from = bottle.fromClient.length;
  bottle.client.request(get, {}, 0);
  bottle.run();
  bottle.tamper = (_to, pdu) => [pdu];
  bottle.client.expire(2000);
  bottle.run();
  return bottle.fromClient.slice(from);
}

describe("a response to a general-ciphering request", () => {
  for (const suite of [0, 1, 2] as const) {
    const keys: readonly GeneralKey[] =
      suite === 0
        ? ["global-unicast-encryption-key", "wrapped-key"]
        : ["global-unicast-encryption-key", "wrapped-key", "one-pass-diffie-hellman", "static-unified-model"];
    for (const generalKey of keys) {
      it(`suite ${suite}, ${generalKey}: may have no key-info, and is ciphered with the key of the request then`, () => {
        const bottle = open(suite, { form: "general-ciphering", generalKey });
        const outcome = answered(bottle, (request) => withoutKeyInfo(request, suite));
        expect(outcome).toMatchObject([{ type: "response", results: [{ data: { type: "octet-string" } }] }]);
        const once = answered(bottle, (request) => {
          const pdu = withoutKeyInfo(request, suite, 3);
          return encode(GeneralCiphering, {
            ...decode(GeneralCiphering, pdu),
            transactionId: fromHex("0102030405060708"),
          });
        });
        expect(once).toMatchObject([
          { type: "dropped", fault: { code: "missing-key-info" } },
          { type: "failed", fault: { code: "missing-key-info" } },
        ]);
      });
    }

    it(`suite ${suite}: has the transaction-id of its request, or is dropped`, () => {
      const other = { form: "general-ciphering", authenticated: true, encrypted: true } as const;
      const forged = () =>
        serverProtection(suite).seal(response.with(2, 0x42), {
          ...{ ...other, key: "wrapped-key", transactionId: fromHex("0102030405060708") },
        });
      const wrapped = { form: "general-ciphering", generalKey: "wrapped-key" } as const;
      expect(answered(open(suite, wrapped), forged)).toMatchObject([
        { type: "dropped", fault: { code: "other-transaction-id" } },
        { type: "failed", fault: { code: "other-transaction-id" } },
      ]);
      const lenient = open(suite, wrapped, { client: { quirks: ["other-transaction-id"] } });
      const second = () =>
        serverProtection(suite).seal(response.with(2, 0x42), {
          ...{ ...other, key: "wrapped-key", transactionId: fromHex("0102030405060708") },
        });
      expect(answered(lenient, second)).toMatchObject([{ type: "response" }]);
    });
  }

  it("that was held back does not answer a later request with the same invoke id", () => {
    const bottle = open(1, { form: "general-ciphering", generalKey: "wrapped-key" });
    let held = new Uint8Array(0);
    bottle.tamper = (to, pdu) => {
      if (to === "client" && held.length === 0) {
        held = pdu.slice();
        return [];
      }
      return [pdu];
    };
    bottle.client.request(get, {}, 0);
    bottle.run();
    bottle.client.expire(1000);
    for (let more = 0; more < 14; more++) expect(bottle.ask(get)).toMatchObject({ type: "response" });
    expect(answered(bottle, () => held)).toMatchObject([
      { type: "dropped", fault: { code: "other-transaction-id" } },
      { type: "failed" },
    ]);
  });
});

const initiateResponse = encodeApdu({
  ...{
    apdu: "initiate-response",
    negotiatedDlmsVersionNumber: 6,
    negotiatedConformance: ["get", "general-protection"],
  },
  ...{ serverMaxReceivePduSize: 1024, vaaName: 7 },
});

describe("the key of a request", () => {
  const wrapped = { form: "general-ciphering", generalKey: "wrapped-key" } as const;

  it("opens an InitiateResponse without key-info: the server's title was not known when it was used", () => {
    const security = { masterKey: masterKey(0) };
    const bottle = new Bottle({
      ciphered: true,
      clientSecurity: { ...wrapped, ...security },
      serverSecurity: security,
    });
    let asked: Uint8Array = new Uint8Array(0);
    bottle.tamper = (to, pdu) => {
      const apdu = decodeApdu(pdu);
      if (to === "server" && apdu.apdu === "aarq") asked = apdu.userInformation as never;
      if (to === "server" || apdu.apdu !== "aare") return [pdu];
      return [encodeApdu({ ...apdu, userInformation: withoutKeyInfo(asked, 0, 0, initiateResponse) })];
    };
    expect(bottle.open().fromClient).toMatchObject([{ type: "associated" }]);
    expect(decode(GeneralCiphering, asked).recipientSystemTitle).toHaveLength(0);
  });

  it.each([
    ["authenticated only", { authenticated: true, encrypted: false }],
    ["encrypted only", { authenticated: false, encrypted: true }],
    ["protected as asked", { authenticated: true, encrypted: true }],
  ])("an InitiateResponse that is %s", (what, protection) => {
    const security = { ...wrapped, masterKey: masterKey(0), accept: ["encryption-only"] as const };
    const bottle = new Bottle({ ciphered: true, clientSecurity: security, serverSecurity: security });
    let transactionId: Uint8Array = new Uint8Array(0);
    bottle.tamper = (to, pdu) => {
      const apdu = decodeApdu(pdu);
      if (apdu.apdu === "aarq") transactionId = decode(GeneralCiphering, apdu.userInformation as never).transactionId;
      if (to === "server" || apdu.apdu !== "aare") return [pdu];
      const key = "global-unicast-encryption-key" as const;
      const how = { form: "general-ciphering", key, ...protection, transactionId } as const;
      return [encodeApdu({ ...apdu, userInformation: serverProtection(0).seal(initiateResponse, how) })];
    };
    expect(bottle.open().fromClient[0]).toMatchObject(
      what === "protected as asked"
        ? { type: "associated" }
        : { type: "failed", fault: { code: "protection-too-weak" } },
    );
  });

  it("stays, while a notification is confirmed under a key of its own", () => {
    const bottle = open(0, wrapped);
    bottle.tamper = () => [];
    bottle.client.request(get, {}, 0);
    bottle.run();
    const request = bottle.wire.at(-1)?.pdu as Uint8Array;
    const notification = encodeApdu({
      ...{ apdu: "data-notification", longInvokeId: 5, selfDescriptive: false, processingOption: "continue-on-error" },
      ...{ serviceClass: "confirmed", priority: "normal", body: { type: "null-data" } },
    } as never);
    const sealed = serverProtection(0).seal(notification, {
      ...{ form: "general-ciphering", authenticated: true, encrypted: true, key: "global-unicast-encryption-key" },
      transactionId: fromHex("0102"),
    });
    bottle.client.receive(sealed, 0);
    bottle.run();
    const confirmation = bottle.wire.at(-1)?.pdu as Uint8Array;
    expect(confirmation).not.toBe(request);
    expect(decode(GeneralCiphering, confirmation).keyInfo?.choice).toBe("wrapped-key");
    bottle.client.receive(withoutKeyInfo(request, 0), 0);
    bottle.run();
    expect(bottle.fromClient.slice(-2)).toMatchObject([{ type: "notification" }, { type: "response" }]);
  });
});

describe("a request with a protection of its own", () => {
  it("is protected so, and so is its response; the others stay as they were", () => {
    const bottle = open(1, {});
    const ask = (protection: NonNullable<Parameters<Bottle["ask"]>[1]>["protection"] & object) => {
      const answer = bottle.ask(get, { protection });
      const [request, reply] = bottle.wire.slice(-2).map(({ pdu }) => pdu) as [Uint8Array, Uint8Array];
      return { answer: answer.type, tags: [request[0], reply[0]], request, seen: bottle.executed.at(-1)?.protection };
    };
    expect(ask({}).tags).toEqual([0xc8, 0xcc]);
    const signed = ask({ signed: "inside" });
    expect(signed).toMatchObject({ tags: [0xdb, 0xdb], seen: { authenticated: true, encrypted: true, signed: true } });
    expect(ask({ signed: "outside", form: "general-ciphering" }).tags).toEqual([0xdf, 0xdf]);
    expect(ask({ authenticated: false, encrypted: false, signed: "inside" })).toMatchObject({
      ...{ tags: [0xdf, 0xdf], seen: { authenticated: false, encrypted: false, signed: true } },
    });
    const transactionId = fromHex("0100000000000003eb");
    const dateTime = dateTimeOf(Date.UTC(2026, 10, 28));
    const agreed = ask({
      ...{ form: "general-ciphering", generalKey: "one-pass-diffie-hellman", transactionId, dateTime },
      otherInformation: fromHex("00c9"),
    });
    expect(agreed).toMatchObject({ answer: "response", tags: [0xdd, 0xdd] });
    expect(decode(GeneralCiphering, agreed.request)).toMatchObject({
      ...{ transactionId, otherInformation: fromHex("00c9"), keyInfo: { choice: "agreed-key" } },
      dateTime: { year: 2026, month: 11, day: 28 },
    });
    expect(ask({}).tags).toEqual([0xc8, 0xcc]);
  });

  it("needs a ciphered association, and some protection", () => {
    expect(new Bottle().open().ask(get, { protection: { signed: "inside" } })).toMatchObject({
      ...{ type: "failed", fault: { code: "wrong-state" } },
    });
    expect(open(0, {}).ask(get, { protection: { authenticated: false, encrypted: false } })).toMatchObject({
      ...{ type: "failed", fault: { code: "missing-parameter" } },
    });
  });

  it("uses a transaction-id once: the further blocks have new ones", () => {
    const transactionId = fromHex("0100000000000003eb");
    const bottle = open(
      1,
      {},
      {
        client: { maxReceivePduSize: 400 },
        answer: () => [{ data: { type: "octet-string", value: new Uint8Array(700) } }],
      },
    );
    const protection = { authenticated: false, encrypted: false, signed: "inside", transactionId } as const;
    expect(bottle.ask(get, { protection })).toMatchObject({ type: "response" });
    const ids = bottle.wire
      .filter(({ to, pdu }) => to === "server" && pdu[0] === 0xdf)
      .map(({ pdu }) => toHex(pdu.subarray(2, 2 + (pdu[1] as number))));
    expect(ids.length).toBeGreaterThan(2);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toBe(toHex(transactionId));
    // Again: refused, and not executed.
    const before = bottle.executed.length;
    expect(bottle.ask(get, { protection })).toMatchObject({ type: "failed", fault: { detail: "deciphering-error" } });
    expect(bottle.executed).toHaveLength(before);
  });

  it("fits what it carries into the server's PDU size, exactly", () => {
    const value = new Uint8Array(600).fill(7);
    const long = { service: "set", items: [{ attribute: energy, value: { type: "octet-string", value } }] } as const;
    const bottle = open(1, {}, { offer: { maxReceivePduSize: 500 } });
    const dateTime = dateTimeOf(Date.UTC(2026, 10, 28));
    for (const signed of ["inside", "outside"] as const) {
      const from = bottle.wire.length;
      const protection = {
        form: "general-ciphering",
        signed,
        dateTime,
        otherInformation: new Uint8Array(130),
      } as const;
      expect(bottle.ask(long, { protection })).toMatchObject({ type: "response", results: ["success"] });
      const sizes = bottle.wire
        .slice(from)
        .filter(({ to }) => to === "server")
        .map(({ pdu }) => pdu.length);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
      expect(Math.max(...sizes)).toBeGreaterThan(495);
    }
  });
});

describe("layers of a request", () => {
  const policy = securityPolicy(0xfc, 1);

  it("the response has the transaction-id of the request in each layer", () => {
    const bottle = open(1, { form: "general-ciphering", signed: "inside" }, { policy });
    const by = clientProtection();
    const inner = by.seal(plainGet(), { form: "general-signing", transactionId: fromHex("0201") });
    const request = by.seal(inner, { ...ciphering, transactionId: fromHex("0101") });
    const [reply] = bottle.raw(request) as [Uint8Array];
    expect(toHex(decode(GeneralCiphering, reply).transactionId)).toBe("0101");
    const opened = by.open(reply);
    expect(toHex(opened.apdu.subarray(0, 4))).toBe("df020201");
  });

  it("swapped, missing, of another signer or doubled: refused, not executed", () => {
    const bottle = open(1, { form: "general-ciphering", signed: "inside" }, { policy });
    const by = clientProtection();
    const id = () => ({ transactionId: pseudoRandom(++seed)(8) });
    const sign = (apdu: Uint8Array, from = by) => from.seal(apdu, { form: "general-signing", ...id() });
    const cipher = (apdu: Uint8Array, from = by) => from.seal(apdu, { ...ciphering, ...id() });
    const before = bottle.executed.length;
    const wrong: { readonly [name: string]: Uint8Array } = {
      "signed only": sign(plainGet()),
      "ciphered only": cipher(plainGet()),
      "another signer inside": cipher(sign(plainGet(), clientProtection(9))),
      "five layers": sign(sign(sign(sign(cipher(plainGet()))))),
      "a tag that is altered inside a right signature": sign(flipped(cipher(plainGet()))),
      "a signature that is altered inside a right tag": cipher(flipped(sign(plainGet()))),
    };
    for (const [name, pdu] of Object.entries(wrong)) {
      expect(bottle.rawHex(pdu), name).toMatch(/^d8010[15]$/);
      expect(bottle.executed.length, name).toBe(before);
    }
    expect(bottle.rawHex(cipher(sign(plainGet())))).toMatch(/^dd/);
    expect(bottle.rawHex(sign(cipher(plainGet())))).toMatch(/^df/);
    expect(bottle.executed.length).toBe(before + 2);
  });

  it("SET is not repeated by an APDU that is sent again, with any key", () => {
    for (const generalKey of ["wrapped-key", "one-pass-diffie-hellman", "static-unified-model"] as const) {
      const bottle = open(1, { form: "general-ciphering", generalKey });
      expect(bottle.ask(set)).toMatchObject({ results: ["success"] });
      const heard = bottle.wire.at(-2)?.pdu as Uint8Array;
      const before = bottle.executed.length;
      expect(bottle.rawHex(heard)).toMatch(/^d8010[56]/);
      expect(bottle.executed).toHaveLength(before);
    }
  });
});

let seed = 400;
const ciphering = { form: "general-ciphering", authenticated: true, encrypted: true, key: "wrapped-key" } as const;
const plainGet = () =>
  encodeApdu({
    apdu: "get-request-normal",
    invokeId: 1,
    priority: "normal",
    serviceClass: "confirmed",
    attribute: energy,
  });
const flipped = (pdu: Uint8Array) => pdu.with(pdu.length - 1, (pdu.at(-1) as number) ^ 1);

/** The client's end, for requests that our client does not send. `own`: its private keys. */
function clientProtection(own = 3): GeneralProtection {
  const key = new Uint8Array(32).fill(own);
  return new GeneralProtection({
    ...{
      provider: noble,
      suite: 1,
      systemTitle: clientTitle,
      peerSystemTitle: serverTitle,
      random: pseudoRandom(++seed),
    },
    ...{ counters: ledger(9000), replay: new CounterGuard(), masterKey: masterKey(1) },
    keys: { encryptionKey: pseudoRandom(11)(16), authenticationKey: pseudoRandom(12)(16) },
    privateKeys: { digitalSignature: key, keyAgreement: key },
    peerKeys: { publicKey: () => noble.publicKey("P-256", new Uint8Array(32).fill(5)) },
  });
}
