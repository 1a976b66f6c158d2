import { type ApduLike, decodeApdu, encodeApdu } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { CounterGuard, CounterLedger, noble, Protection } from "@dlmskit/security";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { noPolicy, type SecurityPolicy, securityPolicy } from "../src/index.ts";
import {
  Bottle,
  type BottleOptions,
  clientTitle,
  energy,
  ledger,
  protectedPolicy,
  pseudoRandom,
  serverTitle,
} from "./bottle.ts";

const get: ApduLike = {
  apdu: "get-request-normal",
  invokeId: 1,
  priority: "high",
  serviceClass: "confirmed",
  attribute: energy,
};
const plainGet = encodeApdu(get);
const action: ApduLike = {
  apdu: "action-request-normal",
  invokeId: 2,
  priority: "high",
  serviceClass: "confirmed",
  method: { classId: 70, instanceId: "0.0.96.3.10.255", methodId: 1 },
};
const keys = { encryptionKey: pseudoRandom(11)(16), authenticationKey: pseudoRandom(12)(16) };
const sealing = { authenticated: true, encrypted: true, form: "glo" } as const;

/** A client's protection of its own, with counters from `start`. */
function forger(start: number, more: Partial<ConstructorParameters<typeof Protection>[0]> = {}): Protection {
  return new Protection({
    provider: noble,
    suite: 0,
    keys,
    systemTitle: clientTitle,
    peerSystemTitle: serverTitle,
    counters: ledger(start),
    replay: new CounterGuard(),
    ...more,
  });
}

function open(options: BottleOptions = {}): Bottle {
  const bottle = new Bottle({ ciphered: true, mechanism: 5, policy: protectedPolicy, ...options }).open();
  expect(bottle.server.state).toBe("associated");
  return bottle;
}

describe("protected services at the edges", () => {
  it("S2: what was heard before is refused, and the next counter works", () => {
    const bottle = open();
    bottle.ask({ service: "get", items: [energy] });
    const heard = bottle.wire.findLast(({ to, pdu }) => to === "server" && pdu[0] === 0xc8)?.pdu as Uint8Array;
    const [reply] = bottle.raw(heard);
    expect(decodeApdu(reply as Uint8Array)).toMatchObject({
      apdu: "exception-response",
      serviceError: "invocation-counter-error",
      invocationCounter: heard[6] === undefined ? 0 : (heard[6] as number) + 1,
    });
    for (const counter of [0, 1]) {
      expect(bottle.rawHex(forger(counter).seal(plainGet, sealing))).toMatch(/^d80106/);
    }
    expect(bottle.executed).toHaveLength(1);
    expect(bottle.ask({ service: "get", items: [energy] })).toMatchObject({ type: "response" });
    expect(bottle.executed).toHaveLength(2);
  });

  it("S11, S16, S17, S18, S21: whatever is wrong with the protection, nothing is executed and little is said", () => {
    const good = forger(100).seal(plainGet, sealing);
    const changed = (at: number, octet: number): Uint8Array => {
      const octets = good.slice();
      octets[at] = octet;
      return octets;
    };
    const wrong: Uint8Array[] = [
      ...Array.from({ length: 96 }, (_, bit) => {
        const octets = good.slice();
        const at = octets.length - 12 + (bit >> 3);
        octets[at] = (octets[at] as number) ^ (1 << (bit & 7));
        return octets;
      }),
      changed(2, 0x31),
      changed(2, 0x70),
      changed(2, 0xb0),
      changed(2, 0x00),
      changed(2, 0x20),
      forger(100, { keys: { ...keys, encryptionKey: new Uint8Array(16) } }).seal(plainGet, sealing),
      forger(100, { keys: { ...keys, authenticationKey: new Uint8Array(16) } }).seal(plainGet, sealing),
      forger(100, { systemTitle: fromHex("0102030405060708") }).seal(plainGet, { ...sealing, form: "general-glo" }),
      good.subarray(0, good.length - 1),
      good.subarray(0, 5),
      Uint8Array.of(...good, 0),
    ];
    const bottle = open();
    for (const pdu of wrong) {
      expect(bottle.rawHex(pdu)).toBe("d80105");
    }
    expect(bottle.executed).toEqual([]);
    // S20: none of them moved the counter.
    expect(bottle.raw(good)).toHaveLength(1);
    expect(bottle.executed).toHaveLength(1);
  });

  it("S17: a ciphered tag that does not say what is within", () => {
    const bottle = open();
    const octets = forger(100).seal(plainGet, sealing).slice();
    octets[0] = 0xcb;
    expect(bottle.rawHex(octets)).toBe("d80105");
    expect(bottle.executed).toEqual([]);
  });

  it("S9: a dedicated form without dedicated key, and with another one", () => {
    const dedicated = (key: Uint8Array) => {
      const counters = new CounterLedger({ start: 0 });
      counters.reserved(100);
      const protection = forger(100);
      protection.dedicate({ key, counters, replay: new CounterGuard() });
      return protection.seal(plainGet, { ...sealing, form: "ded" });
    };
    expect(open().rawHex(dedicated(new Uint8Array(16)))).toBe("d80105");
    expect(open({ clientSecurity: { dedicatedKey: true } }).rawHex(dedicated(new Uint8Array(16)))).toBe("d80105");
  });

  it("S11 to S15: every protection against every policy", () => {
    for (const authenticatedRequest of [false, true]) {
      for (const encryptedRequest of [false, true]) {
        const policy: SecurityPolicy = {
          ...noPolicy,
          authenticatedRequest,
          encryptedRequest,
        };
        for (const [authenticated, encrypted] of [
          [false, false],
          [true, false],
          [false, true],
          [true, true],
        ] as const) {
          const bottle = open({ policy, serverSecurity: { accept: ["encryption-only"] } });
          const pdu =
            authenticated || encrypted
              ? forger(100).seal(plainGet, { authenticated, encrypted, form: "glo" })
              : plainGet;
          const enough = (authenticated || !authenticatedRequest) && (encrypted || !encryptedRequest);
          const reply = bottle.rawHex(pdu);
          if (enough) {
            expect(bottle.executed).toMatchObject([{ protection: { authenticated, encrypted } }]);
            // The answer is protected as its request was.
            expect(reply.slice(0, 2)).toBe(authenticated || encrypted ? "cc" : "c4");
          } else {
            expect(reply).toBe("d80101");
            expect(bottle.executed).toEqual([]);
          }
        }
      }
    }
  });

  it("S13: a policy that is strengthened holds from the next APDU on", () => {
    const policy = { ...securityPolicy(0) };
    const bottle = open({ policy });
    expect(bottle.rawHex(plainGet)).toMatch(/^c401c100/);
    Object.assign(policy, protectedPolicy);
    expect(bottle.rawHex(plainGet)).toBe("d80101");
  });

  it("S24: a policy for responses protects them, however the request came", () => {
    const policy = { ...protectedPolicy, authenticatedRequest: false, encryptedRequest: false };
    const bottle = open({ policy });
    const [reply] = bottle.raw(plainGet);
    expect(reply?.[0]).toBe(0xcc);
    expect(reply?.[2]).toBe(0x30);
  });

  it("S23: a transfer is protected no better than its weakest block", () => {
    const invoke = { invokeId: 1, priority: "high", serviceClass: "confirmed" } as const;
    const block = (blockNumber: number, lastBlock: boolean) => ({
      blockNumber,
      lastBlock,
      rawData: Uint8Array.of(blockNumber === 1 ? 0x11 : 7),
    });
    const set = [
      encodeApdu({ apdu: "set-request-with-first-datablock", ...invoke, attribute: energy, block: block(1, false) }),
      encodeApdu({ apdu: "set-request-with-datablock", ...invoke, block: block(2, true) }),
    ];
    const act = [
      encodeApdu({
        apdu: "action-request-with-first-pblock",
        ...invoke,
        method: { ...energy, methodId: 1 },
        block: block(1, false),
      }),
      encodeApdu({ apdu: "action-request-with-pblock", ...invoke, block: block(2, true) }),
    ];
    for (const [first, second] of [set, act] as [Uint8Array, Uint8Array][]) {
      for (const weak of [0, 1, 2]) {
        const bottle = open({ policy: securityPolicy(0) });
        const protection = forger(100);
        bottle.raw(weak === 0 ? first : protection.seal(first, sealing));
        bottle.raw(weak === 1 ? second : protection.seal(second, sealing));
        const whole = weak === 2;
        expect(bottle.executed).toMatchObject([{ protection: { authenticated: whole, encrypted: whole } }]);
      }
    }
  });

  it("A9: a dedicated key that came plain is not used", () => {
    const bottle = new Bottle({ ciphered: true });
    bottle.raw(
      encodeApdu({
        apdu: "aarq",
        applicationContextName: "logical-name-referencing-with-ciphering",
        callingApTitle: clientTitle,
        userInformation: encodeApdu({
          apdu: "initiate-request",
          dedicatedKey: new Uint8Array(16).fill(7),
          responseAllowed: true,
          proposedDlmsVersionNumber: 6,
          proposedConformance: ["get"],
          clientMaxReceivePduSize: 0,
        }),
      }),
    );
    expect(bottle.server.association).toMatchObject({ dedicatedKey: false });
  });

  it("S12: a release without protection releases nothing", () => {
    const bottle = open();
    expect(bottle.rawHex("6203800100")).toBe("d80101");
    expect(bottle.rawHex("6206be0404020100")).toMatch(/^d801/);
    expect(bottle.server.state).toBe("associated");
    // Without a policy, an association that was opened with protection asks for it, too.
    const lax = open({ policy: { ...protectedPolicy, authenticatedRequest: false, encryptedRequest: false } });
    expect(lax.rawHex("6203800100")).toBe("d80101");
    expect(bottle.rawHex("62ff")).toMatch(/^d8/);
  });

  it("S3, S19: a counter that is used up stops the association, and is told", () => {
    const counters = new CounterLedger({ start: 0xffffffff });
    counters.reserved(0x100000000);
    const bottle = new Bottle({ ciphered: true, mechanism: 0, serverSecurity: { counters } }).open();
    expect(bottle.server.state).toBe("associated");
    expect(bottle.ask({ service: "get", items: [energy] })).toMatchObject({
      type: "failed",
      fault: { code: "exception-response" },
    });
    expect(bottle.fromServer.at(-1)).toMatchObject({ type: "refused", fault: { code: "counter-exhausted" } });
    const last = open();
    const far = forger(2);
    const ends = new CounterLedger({ start: 0xffffffff });
    ends.reserved(0x100000000);
    expect(last.raw(forger(1, { counters: ends }).seal(plainGet, sealing))).toHaveLength(1);
    expect(last.rawHex(far.seal(plainGet, sealing))).toBe("d80106ffffffff");
  });

  it("general protection only where it was negotiated; plain associations take nothing ciphered", () => {
    const bottle = open({ offer: { conformance: ["get"] } });
    expect(bottle.rawHex(forger(100).seal(plainGet, { ...sealing, form: "general-glo" }))).toBe("d80102");
    const plain = new Bottle().open();
    expect(plain.rawHex(forger(100).seal(plainGet, sealing))).toBe("d80102");
    expect(plain.executed).toEqual([]);
  });

  it("an InitiateRequest with less protection than the policy asks for, or a wrong one, opens nothing", () => {
    const plain = new Bottle({ ciphered: true, policy: protectedPolicy });
    plain.raw(
      encodeApdu({
        apdu: "aarq",
        applicationContextName: "logical-name-referencing-with-ciphering",
        callingApTitle: clientTitle,
        userInformation: fromHex("01000000065f1f0400007e1f04b0"),
      }),
    );
    expect(plain.server.state).toBe("idle");
    const [reply] = new Bottle({ ciphered: true, policy: protectedPolicy }).raw(
      encodeApdu({
        apdu: "aarq",
        applicationContextName: "logical-name-referencing-with-ciphering",
        callingApTitle: clientTitle,
        userInformation: fromHex("01000000065f1f0400007e1f04b0"),
      }),
    );
    expect(decodeApdu(reply as Uint8Array)).toMatchObject({
      result: "rejected-permanent",
      userInformation: fromHex("0e010006"),
    });
    const other = new Bottle({
      ciphered: true,
      clientSecurity: { keys: { ...keys, encryptionKey: new Uint8Array(16) } },
    }).open();
    expect(other.fromClient).toMatchObject([
      { type: "failed", fault: { code: "association-refused", detail: "deciphering-error" } },
      { type: "closed" },
    ]);
  });

  it("S2: an AARQ with a counter that was used before is told which one is expected", () => {
    const replay = new CounterGuard(5000);
    const bottle = new Bottle({ ciphered: true, serverSecurity: { replay } }).open();
    expect(bottle.fromClient).toMatchObject([
      { type: "failed", fault: { code: "invocation-counter-error", expected: 5000 } },
      { type: "closed" },
    ]);
    expect(bottle.server.state).toBe("idle");
    const heard = new Bottle({ ciphered: true }).open();
    expect(heard.rawHex(heard.wire[0]?.pdu as Uint8Array)).toMatch(/^d80106/);
    expect(heard.server.state).toBe("idle");
  });

  it("2.3: the answer of pass 3 is no APDU: what is made of it is refused", () => {
    const bottle = open({ policy: { ...protectedPolicy, encryptedRequest: false } });
    const challenge = encodeApdu(action);
    // SC ‖ IC ‖ tag over the challenge, as mechanism 5 answers it, is the tag of the challenge as an authenticated APDU …
    const sealed = forger(500).seal(challenge, { authenticated: true, encrypted: false, form: "glo" });
    expect(bottle.raw(sealed)).toHaveLength(1);
    expect(bottle.executed).toHaveLength(1);
    // … so its counter is used with it: the same again is a replay.
    expect(bottle.rawHex(sealed)).toMatch(/^d80106/);
    expect(bottle.executed).toHaveLength(1);
  });

  it("2.1: any trace with APDUs lost, repeated or out of order executes nothing twice", () => {
    const fates = fc.array(fc.constantFrom("pass", "lose", "twice", "late"), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fates, fates, (toServer, toClient) => {
        const bottle = open();
        const late: { to: "server" | "client"; pdu: Uint8Array }[] = [];
        const counts = { server: 0, client: 0 };
        bottle.tamper = (to, pdu) => {
          const list = to === "server" ? toServer : toClient;
          const fate = list[counts[to]++ % list.length];
          const held = late
            .splice(0)
            .filter((one) => one.to === to)
            .map((one) => one.pdu);
          if (fate === "lose") return held;
          if (fate === "twice") return [pdu, ...held, pdu];
          if (fate === "late") {
            late.push({ to, pdu });
            return held;
          }
          return [pdu, ...held];
        };
        let asked = 0;
        for (; asked < 12 && bottle.client.state === "associated"; asked++) {
          bottle.client.request(
            { service: "action", items: [{ method: { ...energy, methodId: asked + 1 } }] },
            {},
            bottle.now,
          );
          bottle.run();
          bottle.now += 1000;
          bottle.client.expire(bottle.now);
          bottle.run();
        }
        const executed = bottle.executed.map(({ request }) =>
          request.service === "action" ? request.items[0]?.method.methodId : 0,
        );
        expect(new Set(executed).size).toBe(executed.length);
        const answered = bottle.fromClient.filter(({ type }) => type === "response").length;
        expect(answered).toBeLessThanOrEqual(executed.length);
        const settled = bottle.fromClient.filter(
          (output) => (output.type === "response" || output.type === "failed") && output.id !== undefined,
        );
        expect(settled).toHaveLength(asked);
      }),
      { numRuns: times(60) },
    );
  });

  it("tells nobody a key", () => {
    const bottle = open();
    const text = JSON.stringify([bottle.fromClient, bottle.fromServer], (_key, value) =>
      value instanceof Uint8Array ? toHex(value) : value,
    );
    expect(text).not.toContain(toHex(keys.encryptionKey));
    expect(text).not.toContain(toHex(keys.authenticationKey));
  });
});
