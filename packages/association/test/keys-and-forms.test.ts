import { type ApduLike, decodeApdu, encodeApdu } from "@dlmskit/apdu";
import { fromHex } from "@dlmskit/core";
import { CounterGuard, noble, Protection } from "@dlmskit/security";
import { describe, expect, it } from "vitest";
import { securityPolicy } from "../src/index.ts";
import { answer, Bottle, clientTitle, energy, ledger, protectedPolicy, pseudoRandom, serverTitle } from "./bottle.ts";

const keys = { encryptionKey: pseudoRandom(11)(16), authenticationKey: pseudoRandom(12)(16) };
const broadcastKey = pseudoRandom(13)(16);
const newKeys = { ...keys, encryptionKey: pseudoRandom(21)(16) };
const get = { service: "get", items: [energy] } as const;
const set = { service: "set", items: [{ attribute: energy, value: { type: "unsigned", value: 1 } }] } as const;

describe("keys that change while the association is open", () => {
  function changeable(more: object = {}) {
    const now = { keys, counters: ledger(), replay: new CounterGuard(), keyVersion: 1 };
    const serverSecurity = {
      get keys() {
        return now.keys;
      },
      get counters() {
        return now.counters;
      },
      get replay() {
        return now.replay;
      },
      get keyVersion() {
        return now.keyVersion;
      },
      suite: 0,
      policy: protectedPolicy,
      systemTitle: serverTitle,
    };
    const bottle = new Bottle({
      ciphered: true,
      mechanism: 5,
      offer: { security: serverSecurity },
      answer(incoming) {
        // As key_transfer does it: the keys are new, the answer is still under the old ones.
        if (incoming.request.service === "action") {
          Object.assign(now, { keys: newKeys, counters: ledger(), replay: new CounterGuard(), keyVersion: 2 });
        }
        return answer(incoming);
      },
      ...more,
    }).open();
    expect(bottle.server.state).toBe("associated");
    return bottle;
  }
  const transfer = {
    service: "action",
    items: [{ method: { classId: 64, instanceId: "0.0.43.0.0.255", methodId: 2 } }],
  } as const;

  it("answers under the old key, and takes the new one from then on (S4)", () => {
    const bottle = changeable();
    expect(bottle.ask(transfer)).toMatchObject({ type: "response", results: [{ result: "success" }] });
    expect(bottle.ask(get)).toMatchObject({ type: "failed", fault: { code: "exception-response" } });
    expect(bottle.executed).toHaveLength(1);
    bottle.client.changeKeys({ keys: newKeys, counters: ledger(), replay: new CounterGuard() });
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
    bottle.client.release(0);
    bottle.run();
    expect(bottle.fromServer.at(-1)).toEqual({ type: "released", why: "rlrq" });
  });

  it("keeps the dedicated key, which is not one of them", () => {
    const bottle = changeable({ clientSecurity: { dedicatedKey: true } });
    expect(bottle.ask(transfer)).toMatchObject({ type: "response" });
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
    bottle.client.changeKeys({ keys: newKeys, counters: ledger(), replay: new CounterGuard() });
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
  });

  it("changes them at the client's end only where something is open and ciphered", () => {
    const change = { keys: newKeys, counters: ledger(), replay: new CounterGuard() };
    const idle = new Bottle({ ciphered: true });
    expect(() => idle.client.changeKeys(change)).toThrow("idle");
    expect(() => new Bottle().open().client.changeKeys(change)).toThrow("the association is not ciphered");
    const short = { ...change, keys: { ...newKeys, encryptionKey: new Uint8Array(5) } };
    const bottle = changeable();
    expect(() => bottle.client.changeKeys(short)).toThrow("encryption key");
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
  });
});

describe("the broadcast key", () => {
  const options = {
    ciphered: true,
    mechanism: 5,
    policy: protectedPolicy,
    clientSecurity: { keys: { ...keys, broadcastKey }, broadcast: { counters: ledger() } },
    serverSecurity: { keys: { ...keys, broadcastKey }, broadcast: { replay: new CounterGuard() } },
  } as const;
  const fresh = () => ({
    ...options,
    clientSecurity: { ...options.clientSecurity, broadcast: { counters: ledger() } },
    serverSecurity: { ...options.serverSecurity, broadcast: { replay: new CounterGuard() } },
  });

  it("takes what wants no answer, and nothing twice", () => {
    const bottle = new Bottle(fresh()).open();
    expect(bottle.ask(set, { confirmed: false, broadcast: true })).toMatchObject({ type: "response" });
    expect(bottle.executed).toMatchObject([
      { confirmed: false, protection: { authenticated: true, encrypted: true, signed: false } },
    ]);
    const pdu = bottle.wire.at(-1)?.pdu as Uint8Array;
    expect(pdu[2]).toBe(0x70);
    bottle.raw(pdu);
    expect(bottle.executed).toHaveLength(1);
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
  });

  it("S21: refuses what wants an answer, an AARQ, and the bit with another key", () => {
    const bottle = new Bottle(fresh()).open();
    expect(bottle.ask(set, { broadcast: true })).toMatchObject({ type: "failed", fault: { code: "broadcast-key" } });
    const sealed = (key: Uint8Array, apdu: ApduLike, start: number) =>
      new Protection({
        provider: noble,
        suite: 0,
        keys: { ...keys, broadcastKey: key },
        systemTitle: clientTitle,
        peerSystemTitle: serverTitle,
        counters: ledger(start),
        replay: new CounterGuard(),
        broadcast: { counters: ledger(start) },
      }).seal(encodeApdu(apdu), { authenticated: true, encrypted: true, form: "glo", broadcast: true });
    const request: ApduLike = {
      apdu: "get-request-normal",
      invokeId: 1,
      priority: "normal",
      serviceClass: "confirmed",
      attribute: energy,
    };
    expect(bottle.rawHex(sealed(broadcastKey, request, 100))).toBe("d80101");
    expect(bottle.rawHex(sealed(keys.encryptionKey, request, 200))).toBe("d80105");
    expect(new Bottle({ ...options, serverSecurity: {} }).open().rawHex(sealed(broadcastKey, request, 1))).toBe(
      "d80105",
    );
    const initiate = sealed(
      broadcastKey,
      {
        apdu: "initiate-request",
        responseAllowed: true,
        proposedDlmsVersionNumber: 6,
        proposedConformance: ["get"],
        clientMaxReceivePduSize: 0,
      },
      300,
    );
    const aarq = encodeApdu({
      apdu: "aarq",
      applicationContextName: "logical-name-referencing-with-ciphering",
      callingApTitle: clientTitle,
      userInformation: initiate,
    });
    const [aare] = new Bottle({ ...fresh(), mechanism: 0 }).raw(aarq);
    expect(decodeApdu(aare as Uint8Array)).toMatchObject({ apdu: "aare", result: "rejected-permanent" });
    expect(bottle.executed).toEqual([]);
  });
});

describe("an association that nobody opens", () => {
  const established = (ciphered: boolean) =>
    new Bottle({
      ciphered,
      policy: protectedPolicy,
      offer: { preEstablished: ciphered ? { clientSystemTitle: clientTitle } : {} },
      client: { preEstablished: {} },
      clientSecurity: { serverSystemTitle: serverTitle },
    });

  it("serves at once, plain and ciphered", () => {
    for (const ciphered of [false, true]) {
      const bottle = established(ciphered);
      expect(bottle.open().fromClient).toMatchObject([{ type: "associated", association: { ciphered } }]);
      expect(bottle.wire).toEqual([]);
      expect(bottle.ask(get)).toMatchObject({ type: "response", results: [{ data: { value: "1.0.1.8.0.255:2" } }] });
      expect(bottle.fromServer).toMatchObject([{ type: "associated", association: { mechanism: 0, ciphered } }]);
      bottle.client.release(0);
      bottle.run();
      expect(bottle.fromClient.at(-1)).toEqual({ type: "released" });
      expect(bottle.server.state).toBe("associated");
    }
  });

  it("A16: is neither opened nor released", () => {
    const bottle = established(true).open();
    bottle.ask(get);
    const heard = new Bottle({ ciphered: true, policy: protectedPolicy }).open();
    heard.client.release(0);
    heard.run();
    const [aarq, rlrq] = [heard.wire[0]?.pdu, heard.wire[2]?.pdu] as [Uint8Array, Uint8Array];
    const [aare] = bottle.raw(aarq);
    expect(decodeApdu(aare as Uint8Array)).toMatchObject({ result: "rejected-permanent" });
    expect(bottle.raw(rlrq)).toEqual([]);
    expect(bottle.server.state).toBe("associated");
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
    bottle.server.abort(0);
    expect(bottle.server.state).toBe("idle");
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
  });

  it("needs to know who is there", () => {
    const bottle = new Bottle({ ciphered: true, offer: { preEstablished: {} } });
    expect(bottle.rawHex("c001c100030100010800ff0200")).toBe("d80101");
    const client = { preEstablished: {} };
    expect(() => new Bottle({ ciphered: true, client })).toThrow("serverSystemTitle");
    expect(() => new Bottle({ mechanism: 1, client })).toThrow("opened");
    const limited = new Bottle({ client: { preEstablished: { serverMaxReceivePduSize: 20 } } }).open();
    expect(limited.ask({ service: "get", items: [energy, energy, energy] })).toMatchObject({
      type: "failed",
      fault: { code: "pdu-too-long" },
    });
  });
});

describe("what a response must be protected with", () => {
  it("S24: policy, request and rights add up, in every block of it", () => {
    for (const [policy, least, control] of [
      [securityPolicy(0, 1), {}, undefined],
      [securityPolicy(0x20, 1), {}, 0x10],
      [securityPolicy(0x40, 1), { authenticated: true }, 0x30],
      [securityPolicy(0x60, 1), {}, 0x30],
      [securityPolicy(0, 1), { authenticated: true }, 0x10],
      [securityPolicy(0, 1), { authenticated: true, encrypted: true }, 0x30],
    ] as const) {
      const bottle = new Bottle({
        ciphered: true,
        policy,
        serverSecurity: { accept: ["encryption-only"] },
        offer: { maxReceivePduSize: 1024 },
        client: { maxReceivePduSize: 60, quirks: ["plain-initiate-response"] },
        answer: () => undefined,
      }).open();
      // A plain request, as policy 0 lets it pass.
      const long = { type: "octet-string", value: new Uint8Array(100) } as const;
      bottle.raw(fromHex("c001c100030100010800ff0200"));
      bottle.server.respond(bottle.executed[0]?.id as number, [{ data: long }], 0, least);
      const [first] = bottle.replies() as [Uint8Array];
      const [second] = bottle.raw(fromHex("c002c100000001")) as [Uint8Array];
      for (const pdu of [first, second]) {
        expect(pdu[0]).toBe(control === undefined ? 0xc4 : 0xcc);
        if (control !== undefined) expect(pdu[2]).toBe(control);
        expect(pdu.length).toBeLessThanOrEqual(60);
      }
    }
  });
});

it("2.3: a challenge that is an APDU is not answered where strict", () => {
  const challenge = encodeApdu({
    apdu: "action-request-normal",
    invokeId: 1,
    priority: "high",
    serviceClass: "confirmed",
    method: { classId: 70, instanceId: "0.0.96.3.10.255", methodId: 1 },
    parameters: { type: "integer", value: 0 },
  });
  for (const strictChallenges of [false, true]) {
    const client = new Bottle({ ciphered: true, mechanism: 5, clientSecurity: { strictChallenges } });
    client.tamper = (to, pdu) => {
      if (to === "server" || pdu[0] !== 0x61) return [pdu];
      const aare = decodeApdu(pdu) as Extract<ReturnType<typeof decodeApdu>, { apdu: "aare" }>;
      return [encodeApdu({ ...aare, respondingAuthenticationValue: { choice: "charstring", value: challenge } })];
    };
    client.open();
    const pass3 = client.wire.find(({ to, pdu }) => to === "server" && pdu[0] !== 0x60);
    expect(pass3 === undefined).toBe(strictChallenges);
    if (strictChallenges) expect(client.fromClient).toMatchObject([{ fault: { code: "challenge-is-apdu" } }, {}]);
    expect(client.executed).toEqual([]);
  }
  for (const strictChallenges of [false, true]) {
    const server = new Bottle({ ciphered: true, mechanism: 5, serverSecurity: { strictChallenges } });
    server.tamper = (to, pdu) => {
      if (to === "client" || pdu[0] !== 0x60) return [pdu];
      const aarq = decodeApdu(pdu) as Extract<ReturnType<typeof decodeApdu>, { apdu: "aarq" }>;
      return [encodeApdu({ ...aarq, callingAuthenticationValue: { choice: "charstring", value: challenge } })];
    };
    server.open();
    expect(server.fromServer[0]).toMatchObject(
      strictChallenges ? { type: "refused", fault: { code: "challenge-is-apdu" } } : { type: "associated" },
    );
  }
});
