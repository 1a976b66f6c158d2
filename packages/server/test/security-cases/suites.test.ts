import { encodeApdu, GeneralCiphering, GeneralSigning } from "@dlmskit/apdu";
import { concat, dateTimeOf, decode, encode } from "@dlmskit/core";
import {
  type CipheringOptions,
  CounterGuard,
  type GeneralKey,
  GeneralProtection,
  type SigningOptions,
} from "@dlmskit/security";
import { describe, expect, it } from "vitest";
import { Case, forger, getOf, how, look, random, reaction, readOf, seal, setOf, told } from "./case.ts";
import {
  clientTitle,
  counters,
  keysOf,
  masterKeyOf,
  meterTitle,
  privateKeysOf,
  provider,
  publicKeysOf,
  type Suite,
} from "./parties.ts";

const five = { type: "unsigned", value: 5 };
const ciphering = (key: GeneralKey, more: Partial<CipheringOptions> = {}): CipheringOptions => ({
  ...{ form: "general-ciphering", authenticated: true, encrypted: true, key, transactionId: random(8) },
  ...more,
});
const signing = (more: Partial<SigningOptions> = {}): SigningOptions => ({
  ...{ form: "general-signing", transactionId: random(8) },
  ...more,
});
type Ciphered = { -readonly [K in keyof GeneralCiphering]: GeneralCiphering[K] };
type Signed = { -readonly [K in keyof GeneralSigning]: GeneralSigning[K] };

/** A general-ciphering APDU with something about it changed. */
function altered(pdu: Uint8Array, change: (apdu: Ciphered) => void): Uint8Array {
  const apdu = { ...decode(GeneralCiphering, pdu) };
  change(apdu);
  return encode(GeneralCiphering, apdu);
}
function resigned(pdu: Uint8Array, change: (apdu: Signed) => void): Uint8Array {
  const apdu = { ...decode(GeneralSigning, pdu) };
  change(apdu);
  return encode(GeneralSigning, apdu);
}

for (const suite of [1, 2] as const) {
  describe(`suite ${suite}${suite === 2 ? " (S33 SEC2)" : ""}`, () => {
    it("S26 SEC1_KA_1e1s and S27 SEC1_KA_0e2s: serves under agreed keys", async () => {
      for (const key of ["one-pass-diffie-hellman", "static-unified-model"] as const) {
        const client = await new Case({ suite }).open();
        const by = forger(suite);
        const request = ciphering(key);
        const { apdu, layers, protection } = look((await client.raw(seal(getOf(), [request], by))) as Uint8Array, by);
        expect(apdu).toMatchObject({ apdu: "get-response-normal", result: { data: five } });
        expect(protection).toEqual({ authenticated: true, encrypted: true, signed: false });
        expect(layers).toMatchObject([
          { form: "general-ciphering", key, header: { transactionId: request.transactionId } },
        ]);
      }
    });

    it("S27, S28 SEC1_KA_N: refuses what is wrong about an agreed key, and executes nothing", async () => {
      const one = new Case({ suite });
      const client = await one.open();
      const by = () => forger(suite);
      const onePass = () => seal(setOf(1), [ciphering("one-pass-diffie-hellman")], by());
      const fixed = () => seal(setOf(1), [ciphering("static-unified-model")], by());
      const half = suite === 1 ? 64 : 96;
      const keyData = (change: (data: Uint8Array) => Uint8Array) =>
        altered(onePass(), (apdu) => {
          if (apdu.keyInfo?.choice !== "agreed-key") throw new Error("no agreed key");
          apdu.keyInfo = { ...apdu.keyInfo, keyCipheredData: change(apdu.keyInfo.keyCipheredData) };
        });
      const parameters = (octets: Uint8Array) =>
        altered(onePass(), (apdu) => {
          if (apdu.keyInfo?.choice !== "agreed-key") throw new Error("no agreed key");
          apdu.keyInfo = { ...apdu.keyInfo, keyParameters: octets };
        });
      const wrong: [string, Uint8Array][] = [
        [
          "S27: an empty transaction-id",
          altered(fixed(), (apdu) => {
            apdu.transactionId = new Uint8Array(0);
          }),
        ],
        [
          "S27: another transaction-id",
          altered(fixed(), (apdu) => {
            apdu.transactionId = random(8);
          }),
        ],
        ["off the curve", keyData((data) => data.with(half - 1, (data[half - 1] as number) ^ 1))],
        ["at infinity", keyData((data) => concat(new Uint8Array(half), data.subarray(half)))],
        ["compressed", keyData((data) => concat(Uint8Array.of(2), data.subarray(0, half / 2), data.subarray(half)))],
        ["uncompressed as SEC 1 has it", keyData((data) => concat(Uint8Array.of(4), data))],
        ["a wrong signature on it", keyData((data) => data.with(data.length - 1, (data.at(-1) as number) ^ 1))],
        ["another's signature on it", seal(setOf(1), [ciphering("one-pass-diffie-hellman")], imposter())],
        ["scheme 0", parameters(Uint8Array.of(0))],
        ["scheme 3", parameters(Uint8Array.of(3))],
        ["no scheme", parameters(new Uint8Array(0))],
        [
          "no key information",
          altered(onePass(), (apdu) => {
            delete apdu.keyInfo;
          }),
        ],
        [
          "another recipient",
          altered(onePass(), (apdu) => {
            apdu.recipientSystemTitle = random(8);
          }),
        ],
        [
          "another originator",
          altered(onePass(), (apdu) => {
            apdu.originatorSystemTitle = random(8);
          }),
        ],
        [
          "other information",
          altered(onePass(), (apdu) => {
            apdu.otherInformation = random(2);
          }),
        ],
      ];
      for (const [name, pdu] of wrong) expect(await told(client, pdu), name).toMatch(reaction);
      expect(one.writes).toBe(0);
      expect(await readOf(client)).toEqual(five);
    });

    it("S29 SEC1_SIGN: takes a right signature, and no other", async () => {
      const one = new Case({ suite, policy: 0 });
      const client = await one.open();
      const by = forger(suite);
      const request = signing();
      const answered = look((await client.raw(seal(getOf(), [request], by))) as Uint8Array, by);
      expect(answered).toMatchObject({
        apdu: { result: { data: five } },
        protection: { signed: true, encrypted: false },
      });
      const someTime = dateTimeOf(Date.UTC(2026, 10, 24));
      const good = () => seal(setOf(1), [signing({ otherInformation: Uint8Array.of(1, 2) })], by);
      const scalar = suite === 1 ? 32 : 48;
      const order =
        suite === 1
          ? 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
          : 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n;
      const wrong: [string, Uint8Array][] = [
        [
          "r = 0",
          resigned(good(), (apdu) => {
            apdu.signature = concat(new Uint8Array(scalar), apdu.signature.subarray(scalar));
          }),
        ],
        [
          "s = 0",
          resigned(good(), (apdu) => {
            apdu.signature = concat(apdu.signature.subarray(0, scalar), new Uint8Array(scalar));
          }),
        ],
        [
          "r + n",
          resigned(good(), (apdu) => {
            apdu.signature = raised(apdu.signature, scalar, order);
          }),
        ],
        [
          "DER",
          resigned(good(), (apdu) => {
            apdu.signature = derOf(apdu.signature, scalar);
          }),
        ],
        [
          "no signature",
          resigned(good(), (apdu) => {
            apdu.signature = new Uint8Array(0);
          }),
        ],
        ["another's key", seal(setOf(1), [signing()], imposter())],
        [
          "other information",
          resigned(good(), (apdu) => {
            apdu.otherInformation = Uint8Array.of(1, 3);
          }),
        ],
        [
          "transaction-id",
          resigned(good(), (apdu) => {
            apdu.transactionId = random(8);
          }),
        ],
        [
          "date-time",
          resigned(good(), (apdu) => {
            apdu.dateTime = someTime;
          }),
        ],
        [
          "content",
          resigned(good(), (apdu) => {
            apdu.content = setOf(2);
          }),
        ],
        [
          "another recipient",
          resigned(good(), (apdu) => {
            apdu.recipientSystemTitle = random(8);
          }),
        ],
      ];
      for (const [name, pdu] of wrong) expect(await told(client, pdu), name).toMatch(reaction);
      expect(one.writes).toBe(0);
      const once = good();
      expect(await told(client, once)).toMatch(/^df/);
      expect(await told(client, once)).toMatch(reaction);
      expect(one.writes).toBe(1);
    });

    it("S30 SEC1_HLS7: opens by signatures; with another key, or titles the wrong way round, it does not", async () => {
      const one = new Case({ suite, server: { limits: { failedAuthentications: 100 } } });
      expect((await one.open()).opened).toBe(true);
      const digitalSignature = privateKeysOf(suite, "meter").digitalSignature;
      expect((await one.open({ privateKeys: { digitalSignature } })).opened).toBe(false);
      // What the client signs with the titles swapped is what the meter would have signed.
      const client = one.client();
      let forged = false;
      const send = client.pump.send.bind(client.pump);
      client.pump.send = (pdu) => {
        if (pdu[0] === 0x60 || forged) return send(pdu);
        forged = true;
        const by = forger(suite, { counters: counters() });
        const swapped = { type: "octet-string", value: new Uint8Array(suite === 1 ? 64 : 96).fill(1) } as const;
        const method = { classId: 15, instanceId: "0.0.40.0.0.255", methodId: 1 };
        const invoke = { invokeId: 1, priority: "normal", serviceClass: "confirmed" } as const;
        const apdu = encodeApdu({ apdu: "action-request-normal", ...invoke, method, parameters: swapped });
        send(seal(apdu, [how], by));
      };
      await client.open();
      expect(client.opened).toBe(false);
    });
  });

  /** The client's titles and global keys, another's key pairs. */
  function imposter() {
    const own = forger(suite);
    const stranger = privateKeysOf(suite, "meter");
    return { ...own, general: strangerWith(suite, stranger) };
  }
}

function strangerWith(suite: Suite, privateKeys: ReturnType<typeof privateKeysOf>): GeneralProtection {
  return new GeneralProtection({
    ...{ provider, suite, keys: keysOf(suite), systemTitle: clientTitle, peerSystemTitle: meterTitle },
    ...{ counters: counters(), replay: new CounterGuard(), masterKey: masterKeyOf(suite), random },
    ...{ privateKeys, peerKeys: publicKeysOf(suite, "meter") },
  });
}

function raised(signature: Uint8Array, scalar: number, order: bigint): Uint8Array {
  const r = BigInt(`0x${Array.from(signature.subarray(0, scalar), (o) => o.toString(16).padStart(2, "0")).join("")}`);
  const more = (r + order) & ((1n << BigInt(scalar * 8)) - 1n);
  const hex = more.toString(16).padStart(scalar * 2, "0");
  return concat(
    Uint8Array.from({ length: scalar }, (_, at) => Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16)),
    signature.subarray(scalar),
  );
}

function derOf(signature: Uint8Array, scalar: number): Uint8Array {
  const integer = (octets: Uint8Array) => concat(Uint8Array.of(2, octets.length + 1, 0), octets);
  const both = concat(integer(signature.subarray(0, scalar)), integer(signature.subarray(scalar)));
  return concat(Uint8Array.of(0x30, both.length), both);
}
