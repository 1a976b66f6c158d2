import { encodeApdu } from "@dlmskit/apdu";
import { fromHex } from "@dlmskit/core";
import {
  type Compression,
  CounterGuard,
  type GeneralKey,
  GeneralProtection,
  noble,
  Protection,
} from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { securityPolicy } from "../src/index.ts";
import { Bottle, type BottleOptions, clientTitle, energy, ledger, pseudoRandom, serverTitle } from "./bottle.ts";

const get = { service: "get", items: [energy] } as const;
const masterKey = (suite: number) => pseudoRandom(31)(suite === 2 ? 32 : 16);

function open(suite: 0 | 1 | 2, client: BottleOptions["clientSecurity"], more: BottleOptions = {}): Bottle {
  return new Bottle({
    ciphered: true,
    mechanism: suite === 0 ? 5 : 7,
    suite,
    ...more,
    clientSecurity: { serverSystemTitle: serverTitle, masterKey: masterKey(suite), ...client },
    serverSecurity: { masterKey: masterKey(suite), ...more.serverSecurity },
  }).open();
}

const protectionsOf = (signed: boolean) => ({ authenticated: true, encrypted: true, signed });
const generalKeys = [
  "global-unicast-encryption-key",
  "wrapped-key",
  "one-pass-diffie-hellman",
  "static-unified-model",
] as const satisfies readonly GeneralKey[];

describe("general-ciphering and general-signing", () => {
  for (const suite of [0, 1, 2] as const) {
    for (const generalKey of generalKeys) {
      if (suite === 0 && generalKey !== "global-unicast-encryption-key" && generalKey !== "wrapped-key") continue;
      it(`suite ${suite}, ${generalKey}: request and response`, () => {
        const bottle = open(suite, { form: "general-ciphering", generalKey });
        expect(bottle.fromClient).toMatchObject([{ type: "associated" }]);
        expect(bottle.ask(get)).toMatchObject({ type: "response", results: [{ data: { value: "1.0.1.8.0.255:2" } }] });
        expect(bottle.executed[0]?.protection).toEqual(protectionsOf(false));
        const [request, response] = bottle.wire.slice(-2).map(({ pdu }) => pdu) as [Uint8Array, Uint8Array];
        expect([request[0], response[0]]).toEqual([0xdd, 0xdd]);
        // The response belongs to its request: it has its transaction-id.
        expect(response.subarray(1, 10)).toEqual(request.subarray(1, 10));
        bottle.client.release(0);
        bottle.run();
        expect(bottle.fromServer.at(-1)).toEqual({ type: "released", why: "rlrq" });
      });
    }
  }

  for (const suite of [1, 2] as const) {
    for (const form of ["glo", "general-glo", "general-ciphering"] as const) {
      for (const signed of ["inside", "outside"] as const) {
        it(`suite ${suite}, ${form}, signed ${signed}`, () => {
          const bottle = open(suite, { form, signed }, { policy: securityPolicy(0xfc, 1) });
          expect(bottle.fromClient).toMatchObject([{ type: "associated" }]);
          expect(bottle.ask(get)).toMatchObject({ type: "response" });
          expect(bottle.executed[0]?.protection).toEqual(protectionsOf(true));
          const tag = { glo: 0xdb, "general-glo": 0xdb, "general-ciphering": 0xdd }[form];
          expect(bottle.wire.at(-2)?.pdu[0]).toBe(signed === "outside" ? 0xdf : tag);
        });
      }
    }
    it(`suite ${suite}, signed alone: nothing twice`, () => {
      const bottle = open(suite, { authenticated: false, encrypted: false, signed: "inside" });
      expect(bottle.ask(get)).toMatchObject({ type: "response" });
      expect(bottle.executed[0]?.protection).toEqual({ authenticated: false, encrypted: false, signed: true });
      const heard = bottle.wire.at(-2)?.pdu as Uint8Array;
      expect(heard[0]).toBe(0xdf);
      expect(bottle.rawHex(heard)).toBe("d80105");
      expect(bottle.executed).toHaveLength(1);
      const response = bottle.wire.at(-1)?.pdu as Uint8Array;
      bottle.client.receive(response, 0);
      expect(bottle.run().fromClient.at(-1)).toMatchObject({ type: "dropped", fault: { code: "replayed" } });
    });
  }

  it("answers signed where only the policy asks for it, and ciphered", () => {
    const bottle = open(1, {}, { policy: securityPolicy(0x80, 1) });
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
    const response = bottle.wire.at(-1)?.pdu as Uint8Array;
    expect(response[0]).toBe(0xdb);
    expect(open(1, {}, { policy: securityPolicy(0x10, 1) }).fromClient).toMatchObject([
      { type: "failed", fault: { code: "association-refused" } },
      {},
    ]);
  });

  it("refuses a response that is not signed as its request was", () => {
    const bottle = open(1, { signed: "inside", form: "general-glo" });
    const keys = { encryptionKey: pseudoRandom(11)(16), authenticationKey: pseudoRandom(12)(16) };
    const server = new Protection({
      ...{ provider: noble, suite: 1, keys, systemTitle: serverTitle, peerSystemTitle: clientTitle },
      ...{ counters: ledger(5000), replay: new CounterGuard() },
    });
    const unsigned = fromHex("c401c200090101");
    bottle.tamper = (to, pdu) =>
      to === "server"
        ? [pdu]
        : [server.seal(unsigned.with(2, 0x42), { authenticated: true, encrypted: true, form: "general-glo" })];
    bottle.client.request(get, {}, 0);
    expect(bottle.run().fromClient.at(-1)).toMatchObject({ type: "dropped", fault: { code: "protection-too-weak" } });
  });

  it("fits what it seals into the size that the peer takes, exactly", () => {
    for (const suite of [0, 1, 2] as const) {
      for (const generalKey of generalKeys) {
        if (suite === 0 && generalKey !== "global-unicast-encryption-key" && generalKey !== "wrapped-key") continue;
        for (const signed of suite === 0 ? [undefined] : ([undefined, "inside", "outside"] as const)) {
          for (const size of [600, 1000].slice(0, times(1))) {
            const value = new Uint8Array(1500).fill(7);
            const bottle = open(
              suite,
              { form: "general-ciphering", generalKey, ...(signed === undefined ? {} : { signed }) },
              {
                // What it seals is as long with either provider, and this one is much faster on the curves.
                provider: node,
                client: { maxReceivePduSize: size },
                answer: () => [{ data: { type: "octet-string", value } }],
              },
            );
            expect(bottle.ask(get)).toMatchObject({ type: "response", results: [{ data: { value } }] });
            const sizes = bottle.wire.filter(({ to }) => to === "client").map(({ pdu }) => pdu.length);
            // Not an octet too much, and none left unused.
            expect(Math.max(...sizes), `${suite} ${generalKey} ${signed} ${size}`).toBeLessThanOrEqual(size);
            expect(Math.max(...sizes)).toBeGreaterThan(size - 4);
          }
        }
      }
    }
  });

  it("S27: an empty transaction-id gives no static key; general protection must be negotiated", () => {
    const forged = (transactionId: Uint8Array) =>
      new GeneralProtection({
        provider: noble,
        suite: 1,
        systemTitle: clientTitle,
        peerSystemTitle: serverTitle,
        keys: { encryptionKey: pseudoRandom(11)(16), authenticationKey: pseudoRandom(12)(16) },
        counters: ledger(1000),
        replay: new CounterGuard(),
        privateKeys: { keyAgreement: new Uint8Array(32).fill(3) },
        peerKeys: { publicKey: () => noble.publicKey("P-256", new Uint8Array(32).fill(5)) },
      }).seal(
        encodeApdu({
          apdu: "get-request-normal",
          invokeId: 1,
          priority: "normal",
          serviceClass: "confirmed",
          attribute: energy,
        }),
        { form: "general-ciphering", authenticated: true, encrypted: true, key: "static-unified-model", transactionId },
      );
    const bottle = open(1, {});
    expect(bottle.rawHex(forged(Uint8Array.of(1)))).toMatch(/^dd/);
    expect(() => forged(new Uint8Array(0))).toThrow("transaction-id");
    const without = open(1, {}, { offer: { conformance: ["get"] } });
    expect(without.rawHex(forged(Uint8Array.of(1)))).toBe("d80102");
  });
});

describe("compression", () => {
  // Not V.44: any that both ends have.
  const compression: Compression = {
    compress: (octets) => Uint8Array.of(0xfe, ...octets),
    decompress: (octets, most) => {
      if (octets[0] !== 0xfe) throw new Error("not compressed");
      return octets[1] === 0xee ? new Uint8Array(most + 1) : octets.slice(1);
    },
  };

  it("passes where both ends have it, and is refused by name where they have not", () => {
    const bottle = open(0, { compression, compressed: true }, { serverSecurity: { compression } });
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
    for (const { pdu } of bottle.wire.slice(-2)) expect((pdu[2] as number) & 0x80).toBe(0x80);
    const refused = open(0, { compression, compressed: true });
    expect(refused.fromServer).toMatchObject([{ type: "refused", fault: { code: "bad-security-control" } }]);
  });
});
