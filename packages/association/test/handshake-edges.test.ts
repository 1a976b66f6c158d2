import { type Aare, type Aarq, type ApduLike, decodeApdu, encodeApdu, type InitiateRequest } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { noble } from "@dlmskit/security";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Responder, securityPolicy } from "../src/index.ts";
import {
  Bottle,
  type BottleOptions,
  clientTitle,
  protectedPolicy,
  pseudoRandom,
  secret,
  serverTitle,
} from "./bottle.ts";

const initiate: InitiateRequest = {
  apdu: "initiate-request",
  responseAllowed: true,
  proposedDlmsVersionNumber: 6,
  proposedConformance: ["get", "set", "action"],
  clientMaxReceivePduSize: 1024,
};
const plainAarq: Aarq = {
  apdu: "aarq",
  applicationContextName: "logical-name-referencing-no-ciphering",
  userInformation: encodeApdu(initiate),
};
const low = {
  senderAcseRequirements: { authentication: true },
  mechanismName: "low",
  callingAuthenticationValue: { choice: "charstring", value: secret },
} as const;

function answers(options: BottleOptions, aarq: Partial<Aarq>): { bottle: Bottle; aare: Aare } {
  const bottle = new Bottle(options);
  const [pdu] = bottle.raw(encodeApdu({ ...plainAarq, ...aarq } as ApduLike));
  return { bottle, aare: decodeApdu(pdu as Uint8Array) as Aare };
}

function refusedWith(options: BottleOptions, aarq: Partial<Aarq>, diagnostic: string, information?: string): void {
  const { bottle, aare } = answers(options, aarq);
  expect(aare.result).toBe("rejected-permanent");
  expect(aare.resultSourceDiagnostic.diagnostic).toBe(diagnostic);
  expect(aare.userInformation === undefined ? undefined : toHex(aare.userInformation)).toBe(information);
  expect(bottle.server.state).toBe("idle");
  // Programs go by code and detail, not by the message.
  const code = diagnostic === "authentication-failure" ? "authentication-failed" : "association-refused";
  const told = information === undefined && diagnostic !== "no-reason-given";
  expect(bottle.fromServer).toMatchObject([{ type: "refused", ...(told && { fault: { code, detail: diagnostic } }) }]);
  // A1: nothing is served after a refusal.
  expect(bottle.rawHex("c001c100030100010800ff0200")).toBe("d80101");
  expect(bottle.executed).toEqual([]);
}

const initiated = (more: Partial<InitiateRequest>) => ({ userInformation: encodeApdu({ ...initiate, ...more }) });

describe("how the server's end answers an AARQ", () => {
  it("A1, A14, A16: nothing is served without an association; a release has nobody to answer", () => {
    const bottle = new Bottle();
    expect(bottle.rawHex("c001c100030100010800ff0200")).toBe("d80101");
    expect(bottle.rawHex("6203800100")).toBe("");
    bottle.open();
    expect(bottle.server.state).toBe("associated");
    bottle.client.release(0);
    bottle.run();
    expect(bottle.rawHex("c001c100030100010800ff0200")).toBe("d80101");
    expect(bottle.rawHex("")).toBe("d80101");
  });

  it("W3: a client that may open nothing is refused", () => {
    const responder = new Responder({ provider: noble, random: pseudoRandom(1) });
    responder.receive(encodeApdu(plainAarq), 0);
    expect(responder.poll()).toMatchObject({ type: "refused" });
    const output = responder.poll();
    expect(output?.type === "transmit" && decodeApdu(output.pdu)).toMatchObject({ result: "rejected-permanent" });
  });

  it("A3: users", () => {
    const options = { offer: { users: [3, 4] } };
    const { aare, bottle } = answers(options, { callingAeInvocationId: 4 });
    expect(aare.result).toBe("accepted");
    expect(bottle.server.association?.userId).toBe(4);
    refusedWith(options, { callingAeInvocationId: 5 }, "calling-ae-invocation-identifier-not-recognized");
    refusedWith(options, {}, "calling-ae-invocation-identifier-not-recognized");
  });

  it("A5: protocol version", () => {
    expect(answers({}, { protocolVersion: "100001" }).aare.result).toBe("accepted");
    const { aare } = answers({}, { protocolVersion: "01" });
    expect(aare.resultSourceDiagnostic).toEqual({
      source: "acse-service-provider",
      diagnostic: "no-common-acse-version",
    });
  });

  it("A6: application context", () => {
    for (const applicationContextName of [
      "2.16.756.5.8.2.3",
      "logical-name-referencing-with-ciphering",
      "short-name-referencing-no-ciphering",
    ]) {
      refusedWith({}, { applicationContextName }, "application-context-name-not-supported");
    }
    // The server's log names both contexts.
    const { bottle } = answers({}, { applicationContextName: "logical-name-referencing-with-ciphering" });
    const message =
      "application-context-name-not-supported: the client asks for logical-name-referencing-with-ciphering; this association allows logical-name-referencing-no-ciphering";
    expect(bottle.fromServer).toMatchObject([{ type: "refused", fault: { message } }]);
  });

  it("says that a client without a system title sends none", () => {
    const applicationContextName = "logical-name-referencing-with-ciphering";
    const { bottle } = answers({ ciphered: true }, { applicationContextName });
    const message = expect.stringContaining("the AARQ has no calling-AP-title");
    expect(bottle.fromServer).toMatchObject([{ type: "refused", fault: { message } }]);
  });

  it("A7: titles; unused fields", () => {
    const unused = {
      calledApTitle: Uint8Array.of(1),
      calledAeQualifier: Uint8Array.of(2),
      calledApInvocationId: 1,
      calledAeInvocationId: 2,
      callingApInvocationId: 3,
      callingAeInvocationId: 4,
    };
    expect(answers({}, unused).aare.result).toBe("accepted");
    const ciphered = { applicationContextName: "logical-name-referencing-with-ciphering" };
    for (const title of [undefined, clientTitle.subarray(1), Uint8Array.of(...clientTitle, 0), serverTitle]) {
      refusedWith(
        { ciphered: true },
        { ...ciphered, ...(title === undefined ? {} : { callingApTitle: title }) },
        "calling-ap-title-not-recognized",
      );
    }
    refusedWith(
      { ciphered: true, serverSecurity: { peerSystemTitle: fromHex("0102030405060708") } },
      { ...ciphered, callingApTitle: clientTitle },
      "calling-ap-title-not-recognized",
    );
  });

  it("A8, A19: authentication", () => {
    const lls: BottleOptions = { mechanism: 1 };
    expect(answers(lls, low).aare.result).toBe("accepted");
    refusedWith(lls, { ...low, senderAcseRequirements: { authentication: false } }, "authentication-required");
    refusedWith(lls, {}, "authentication-required");
    const { mechanismName: _name, ...unnamed } = low;
    refusedWith(lls, unnamed, "authentication-mechanism-name-required");
    const { callingAuthenticationValue: _value, ...valueless } = low;
    refusedWith(lls, valueless, "authentication-failure");
    for (const mechanismName of ["lowest", "high-md5", "2.16.756.5.8.2.99"]) {
      refusedWith(lls, { ...low, mechanismName }, "authentication-mechanism-name-not-recognised");
    }
    for (const value of [secret.subarray(1), secret.subarray(0, 15), new Uint8Array(0), new Uint8Array(64)]) {
      refusedWith(
        lls,
        { ...low, callingAuthenticationValue: { choice: "charstring", value } },
        "authentication-failure",
      );
    }
    refusedWith(
      lls,
      { ...low, callingAuthenticationValue: { choice: "bitstring", value: "01" } },
      "authentication-failure",
    );
    refusedWith({ mechanism: 0 }, low, "authentication-mechanism-name-not-recognised");
    expect(answers({ mechanism: 0 }, { mechanismName: "lowest" }).aare.result).toBe("accepted");
  });

  it("S35: challenges", () => {
    const md5: BottleOptions = { mechanism: 3 };
    const hls = (value: Uint8Array) => ({
      senderAcseRequirements: { authentication: true },
      mechanismName: "high-md5",
      callingAuthenticationValue: { choice: "charstring", value } as const,
    });
    for (const length of [0, 7, 65]) refusedWith(md5, hls(new Uint8Array(length)), "authentication-failure");
    for (const length of [8, 64]) {
      const { aare } = answers(md5, hls(new Uint8Array(length).fill(9)));
      expect(aare).toMatchObject({
        result: "accepted",
        resultSourceDiagnostic: { diagnostic: "authentication-required" },
        mechanismName: "high-md5",
      });
      expect(aare.respondingAuthenticationValue?.value).toHaveLength(16);
    }
    refusedWith(md5, hls(pseudoRandom(2)(16)), "authentication-failure");
  });

  it("a source of randomness that does not work opens nothing", () => {
    const responder = new Responder({
      offer: {
        context: "logical-name",
        ciphered: false,
        mechanism: 3,
        secret,
        conformance: ["get"],
        maxReceivePduSize: 512,
      },
      provider: noble,
      random: (count) => new Uint8Array(count),
    });
    responder.receive(
      encodeApdu({
        ...plainAarq,
        ...low,
        mechanismName: "high-md5",
        callingAuthenticationValue: { choice: "charstring", value: secret },
      }),
      0,
    );
    expect(responder.poll()).toMatchObject({ type: "refused", fault: { code: "bad-random" } });
    expect(responder.state).toBe("idle");
  });

  it("A9: dedicated keys", () => {
    const { aare, bottle } = answers({}, initiated({ dedicatedKey: new Uint8Array(16) }));
    expect(aare.result).toBe("accepted");
    expect(bottle.server.association?.dedicatedKey).toBe(false);
    expect(bottle.rawHex("d01e3000000001000102030405060708090a0b0c0d0e0f101112131415161718")).toBe("d80102");
    for (const length of [15, 17]) {
      const made = new Bottle({ ciphered: true, mechanism: 0 });
      const pdu = sealedAarq({ dedicatedKey: new Uint8Array(length).fill(1) });
      expect(decodeApdu(made.raw(pdu)[0] as Uint8Array)).toMatchObject({
        result: "rejected-permanent",
        userInformation: fromHex("0e010600"),
      });
    }
    const same = new Bottle({ ciphered: true, mechanism: 0 });
    expect(decodeApdu(same.raw(sealedAarq({ dedicatedKey: pseudoRandom(11)(16) }))[0] as Uint8Array)).toMatchObject({
      result: "rejected-permanent",
    });
    const unwanted = new Bottle({
      ciphered: true,
      clientSecurity: { dedicatedKey: true },
      serverSecurity: { dedicatedKeys: false },
    }).open();
    expect(unwanted.server.association?.dedicatedKey).toBe(false);
  });

  it("A10 to A13: what is proposed", () => {
    expect(answers({}, initiated({ proposedQualityOfService: 0x7f })).aare.result).toBe("accepted");
    refusedWith({}, initiated({ proposedDlmsVersionNumber: 5 }), "no-reason-given", "0e010601");
    for (const version of [7, 255]) {
      const { aare } = answers({}, initiated({ proposedDlmsVersionNumber: version }));
      expect(decodeApdu(aare.userInformation as Uint8Array)).toMatchObject({
        negotiatedDlmsVersionNumber: 6,
        vaaName: 7,
      });
    }
    refusedWith({}, initiated({ proposedConformance: ["read", "write"] }), "no-reason-given", "0e010602");
    refusedWith(
      { offer: { conformance: ["reserved-zero"] } },
      initiated({ proposedConformance: ["reserved-zero"] }),
      "no-reason-given",
      "0e010602",
    );
    const { aare } = answers(
      { offer: { conformance: ["get", "reserved-seven", "access", "general-protection", "read"] } },
      initiated({ proposedConformance: ["get", "reserved-seven", "access", "general-protection", "read"] }),
    );
    expect(decodeApdu(aare.userInformation as Uint8Array)).toMatchObject({ negotiatedConformance: ["access", "get"] });
    for (const size of [1, 11])
      refusedWith({}, initiated({ clientMaxReceivePduSize: size }), "no-reason-given", "0e010603");
    for (const size of [0, 12, 65535]) {
      expect(answers({}, initiated({ clientMaxReceivePduSize: size })).aare.result).toBe("accepted");
    }
  });

  it("the user information must be an InitiateRequest", () => {
    for (const hex of ["", "0e010600", "0100", "d80101", "210a3000000001"]) {
      const { aare } = answers({}, { userInformation: fromHex(hex) });
      expect(aare.result).toBe("rejected-permanent");
    }
    const { userInformation: _none, ...bare } = plainAarq;
    const bottle = new Bottle();
    expect(decodeApdu(bottle.raw(encodeApdu(bare))[0] as Uint8Array)).toMatchObject({ result: "rejected-permanent" });
  });

  it("A15: an AARQ while associated gives the old association up, a malformed one does not", () => {
    const bottle = new Bottle().open();
    bottle.raw(encodeApdu({ ...plainAarq, applicationContextName: "2.16.756.5.8.1.9" }).subarray(0, 9));
    expect(bottle.server.state).toBe("associated");
    bottle.raw(encodeApdu(plainAarq));
    expect(bottle.fromServer.slice(-2)).toMatchObject([
      { type: "released", why: "reassociated" },
      { type: "associated" },
    ]);
    bottle.raw(encodeApdu({ ...plainAarq, applicationContextName: "2.16.756.5.8.1.9" }));
    expect(bottle.server.state).toBe("idle");
    expect(bottle.fromServer.at(-1)).toMatchObject({ type: "released", why: "reassociated" });
  });

  it("A17: no AARE where none is wanted; unconfirmed services only", () => {
    const bottle = new Bottle();
    expect(bottle.raw(encodeApdu({ ...plainAarq, ...initiated({ responseAllowed: false }) }))).toEqual([]);
    expect(bottle.server.association?.confirmed).toBe(false);
    expect(bottle.rawHex("c101c100030100010800ff02000600000001")).toBe("d80102");
    expect(bottle.rawHex("c1010100030100010800ff02000600000001")).toBe("");
    expect(bottle.executed).toMatchObject([{ confirmed: false }]);
    const hls = new Bottle({ mechanism: 3 });
    hls.raw(
      encodeApdu({
        ...plainAarq,
        ...low,
        mechanismName: "high-md5",
        ...initiated({ responseAllowed: false }),
      }),
    );
    expect(hls.server.state).toBe("idle");
  });

  it("A18: octets that are no AARQ change nothing, and never throw", () => {
    const good = encodeApdu({ ...plainAarq, ...low });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: good.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(3),
        (at, octet, cut) => {
          const bottle = new Bottle({ mechanism: 1 });
          const changed = good.slice(0, good.length - cut);
          changed[Math.min(at, changed.length - 1)] = octet;
          const replies = bottle.raw(changed);
          expect(replies.length).toBeLessThanOrEqual(1);
          const same = toHex(changed) === toHex(good);
          if (cut > 0 && !same) expect(bottle.server.state).toBe("idle");
        },
      ),
    );
  });

  it("A2, O2: after a refusal the same client can try again", () => {
    const bottle = new Bottle({ mechanism: 1 });
    bottle.raw(
      encodeApdu({
        ...plainAarq,
        ...low,
        callingAuthenticationValue: { choice: "charstring", value: Uint8Array.of(1) },
      }),
    );
    expect(bottle.server.state).toBe("idle");
    bottle.raw(encodeApdu({ ...plainAarq, ...low }));
    expect(bottle.server.state).toBe("associated");
    bottle.server.abort(0);
    bottle.replies();
    expect(bottle.fromServer.at(-1)).toEqual({ type: "released", why: "aborted" });
    bottle.server.abort(0);
    expect(bottle.server.poll()).toBeUndefined();
  });
});

/** An AARQ as the client of a bottle would send it, with another InitiateRequest. */
function sealedAarq(more: Partial<InitiateRequest>): Uint8Array {
  const key = pseudoRandom(11)(16);
  const authenticationKey = pseudoRandom(12)(16);
  const header = Uint8Array.of(0x30, 0, 0, 0, 77);
  const iv = Uint8Array.of(...clientTitle, 0, 0, 0, 77);
  const additional = Uint8Array.of(0x30, ...authenticationKey);
  const sealed = noble.aesGcm(key).seal(iv, encodeApdu({ ...initiate, ...more }), additional);
  return encodeApdu({
    ...plainAarq,
    applicationContextName: "logical-name-referencing-with-ciphering",
    callingApTitle: clientTitle,
    userInformation: Uint8Array.of(0x21, header.length + sealed.length, ...header, ...sealed),
  });
}

describe("the four passes", () => {
  const ready = (mechanism: 2 | 3 | 4 | 5 | 6 | 7 = 3) => new Bottle({ mechanism, suite: mechanism === 7 ? 1 : 0 });

  it("A4: nothing but pass 3 is served while pending", () => {
    const bottle = ready();
    bottle.tamper = (to, pdu) => (to === "server" && pdu[0] === 0xc3 ? [] : [pdu]);
    bottle.open();
    expect(bottle.server.state).toBe("pending");
    expect(bottle.server.association).toBeUndefined();
    expect(bottle.rawHex("c001c100030100010800ff0200")).toBe("d80101");
    expect(bottle.rawHex("c301c1000f0000280000ff0200")).toBe("d80101");
    expect(bottle.rawHex("c301c100460000600301ff0100")).toBe("d80101");
    expect(bottle.executed).toEqual([]);
    expect(bottle.server.state).toBe("pending");
    // Even while pending, the client can let go.
    expect(bottle.rawHex("6203800100")).toBe("6303800100");
    expect(bottle.server.state).toBe("idle");
    expect(bottle.fromServer.some(({ type }) => type === "released")).toBe(false);
  });

  it("A4: a wrong answer ends it, for every mechanism", () => {
    for (const mechanism of [2, 3, 4, 5, 6, 7] as const) {
      const bottle = ready(mechanism);
      bottle.tamper = (to, pdu) => {
        if (to !== "server" || pdu[0] !== 0xc3) return [pdu];
        const wrong = pdu.slice();
        wrong[wrong.length - 1] = (wrong[wrong.length - 1] as number) ^ 1;
        return [wrong];
      };
      bottle.open();
      expect(bottle.server.state).toBe("idle");
      expect(bottle.fromServer).toMatchObject([{ type: "refused" }]);
      expect(bottle.fromClient).toMatchObject([
        { type: "failed", fault: { code: "authentication-failed" } },
        { type: "closed" },
      ]);
      expect(bottle.rawHex("c001c100030100010800ff0200")).toBe("d80101");
    }
  });

  it("A4: pass 3 counts once", () => {
    const bottle = ready();
    bottle.open();
    expect(bottle.server.state).toBe("associated");
    const pass3 = bottle.wire.find(({ pdu }) => pdu[0] === 0xc3)?.pdu as Uint8Array;
    expect(bottle.rawHex(pass3)).toBe("c701410300");
    expect(bottle.server.state).toBe("associated");
  });

  it("pass 3 is taken at the association's own name, too, and only with octets", () => {
    const bottle = ready();
    bottle.tamper = (to, pdu) => {
      if (to !== "server" || pdu[0] !== 0xc3) return [pdu];
      const own = pdu.slice();
      own[9] = 3;
      return [own];
    };
    bottle.open();
    expect(bottle.server.state).toBe("associated");
    const bare = ready();
    bare.tamper = (to, pdu) => (to === "server" && pdu[0] === 0xc3 ? [fromHex("c301c1000f0000280000ff0100")] : [pdu]);
    bare.open();
    expect(bare.server.state).toBe("idle");
  });

  it("S36: pass 3 of another association is refused", () => {
    const first = ready();
    first.open();
    const pass3 = first.wire.find(({ pdu }) => pdu[0] === 0xc3)?.pdu as Uint8Array;
    const stranger = new Responder({
      offer: {
        context: "logical-name",
        ciphered: false,
        mechanism: 3,
        secret,
        conformance: ["get"],
        maxReceivePduSize: 512,
      },
      provider: noble,
      random: pseudoRandom(1234),
    });
    stranger.receive(first.wire[0]?.pdu as Uint8Array, 0);
    stranger.receive(pass3, 0);
    expect(stranger.state).toBe("idle");
  });
});

describe("policies and names", () => {
  it("reads both versions of the security policy", () => {
    const [none, one, two, three] = [0, 1, 2, 3].map((value) => securityPolicy(value));
    expect(none).toEqual(securityPolicy(0, 1));
    expect(one).toMatchObject({ authenticatedRequest: true, encryptedRequest: false, authenticatedResponse: true });
    expect(two).toMatchObject({ authenticatedRequest: false, encryptedRequest: true });
    expect(three).toEqual(protectedPolicy);
    expect(securityPolicy(0x04, 1)).toMatchObject({
      authenticatedRequest: true,
      encryptedRequest: false,
      authenticatedResponse: false,
    });
    expect(securityPolicy(0x6c, 1)).toEqual(protectedPolicy);
  });
});
