import { encodeApdu } from "@dlmskit/apdu";
import { fromAscii, fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { type InitiatorOptions, undecodedData } from "../src/index.ts";
import { Alone, hls, initiate } from "./alone.ts";
import { Bottle, clientTitle, energy, secret, serverTitle } from "./bottle.ts";

const opened = (options: Partial<InitiatorOptions> = {}): Alone => {
  const alone = new Alone(options);
  alone.open();
  return alone;
};
const md5 = { mechanism: 3, secret } as const;

describe("a client and what is no answer", () => {
  it("F33: what is no APDU is shown as what it is", () => {
    const alone = new Alone();
    alone.client.open(0);
    alone.outputs();
    const octets = toHex(fromAscii("NEXERRORNO-1"));
    const [dropped] = alone.receive(octets);
    expect(dropped).toMatchObject({ type: "dropped", fault: { code: "unexpected-apdu" } });
    const message = `received octets that are not an expected APDU: ${octets} "NEXERRORNO-1"`;
    expect(alone.expire(1000)[0]).toMatchObject({
      fault: { code: "timeout", hint: `an answer was dropped: ${message}` },
    });
    // The same once the association is open.
    const open = opened();
    open.ask();
    expect(open.receive(octets)).toMatchObject([{ type: "dropped", fault: { message } }]);
  });

  it("a response that cannot be decoded fails its request at once, with its octets", () => {
    const alone = opened();
    alone.ask();
    expect(alone.receive("c4014100fe")).toMatchObject([{ type: "failed", fault: { detail: "c4014100fe" } }]);
    alone.ask();
    // That of another request is none.
    expect(alone.receive("c4014100fe")).toMatchObject([{ type: "dropped" }]);
    expect(alone.receive("c40142000101")).toMatchObject([{ type: "failed", fault: { code: "bad-length" } }]);
    alone.ask();
    expect(alone.receive("d8")).toMatchObject([{ type: "failed", fault: { code: "truncated" } }]);
    // In blocks.
    alone.ask();
    const [failed] = alone.receive("c402440100000001000201" + "fe");
    expect(failed).toMatchObject({ type: "failed" });
    // The association goes on.
    alone.ask();
    expect(alone.receive("c401450000")).toMatchObject([{ type: "response" }]);
  });

  it("F44: the octets of the data that cannot be decoded are kept", () => {
    const alone = opened();
    for (const answer of ["c4014100010311051106", "c40242010000000100" + "06010311051106"]) {
      alone.ask();
      const [failed] = alone.receive(answer);
      if (failed?.type !== "failed") throw new Error("not failed");
      expect(toHex(undecodedData(failed.fault) ?? new Uint8Array(0))).toBe("010311051106");
    }
  });

  it("pass 4 that cannot be decoded ends the attempt at once", () => {
    const alone = new Alone(md5);
    alone.open(hls);
    expect(alone.receive("c701410001")).toMatchObject([{ type: "failed" }, { type: "closed" }]);
  });

  it("an answer whose protection is wrong ends its request as that, when no better one comes", () => {
    const bottle = new Bottle({ ciphered: true, mechanism: 5 }).open();
    bottle.tamper = (to, pdu) => {
      const changed = pdu.slice();
      if (to === "client") changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
      return [changed];
    };
    bottle.client.request({ service: "get", items: [energy] }, {}, 0);
    bottle.run();
    bottle.client.expire(1000);
    bottle.run();
    expect(bottle.fromClient.slice(-2)).toMatchObject([
      { type: "dropped", fault: { code: "bad-tag" } },
      { type: "failed", fault: { code: "bad-tag" } },
    ]);
  });

  it("a release ends with anything that has the tag of an RLRE", () => {
    const alone = opened();
    alone.client.release(0);
    alone.outputs();
    expect(alone.receive("6311800100be0f040d08000006")).toEqual([{ type: "released" }]);
  });
});

describe("the time of a request", () => {
  it("is for all its blocks, and what waits before it", () => {
    const alone = opened();
    const block = (number: number) => `c40241000000000${number}000101`;
    alone.ask(undefined, { within: 1500 });
    alone.ask(undefined, { within: 1200 });
    expect(alone.receive(block(1))).toEqual([]);
    alone.now = 900;
    expect(alone.receive(block(2))).toEqual([]);
    expect(alone.client.deadline).toBe(1500);
    expect(alone.expire(600)).toMatchObject([
      { type: "failed", id: 1, fault: { code: "timeout" } },
      { type: "failed", id: 2, fault: { code: "timeout" } },
    ]);
  });
});

describe("quirks of an AARE", () => {
  it("aare-without-mechanism: jDLMS names no mechanism and says null", () => {
    const { mechanismName: _name, ...unnamed } = hls;
    const aare = { ...unnamed, resultSourceDiagnostic: { source: "acse-service-user", diagnostic: "null" } } as const;
    const [failed] = new Alone(md5).open(aare);
    expect(failed).toMatchObject({ fault: { code: "authentication-skipped", hint: /aare-without-mechanism/ } });
    const tolerant = new Alone({ ...md5, quirks: ["aare-without-mechanism"] });
    expect(tolerant.open(aare)).toEqual([]);
    expect(tolerant.client.state).toBe("authenticating");
    // Without a challenge there is no authentication.
    const { respondingAuthenticationValue: _value, ...skipped } = aare;
    const [still] = new Alone({ ...md5, quirks: ["aare-without-mechanism"] }).open(skipped);
    expect(still).toMatchObject({ fault: { code: "authentication-skipped" } });
  });

  it("conformance-not-proposed: jDLMS agrees to more, what both have is taken", () => {
    const userInformation = encodeApdu({ ...initiate, negotiatedConformance: ["get", "set", "access"] });
    const [failed] = new Alone({ conformance: ["get"] }).open({ userInformation });
    expect(failed).toMatchObject({ fault: { code: "bad-negotiation", hint: /conformance-not-proposed/ } });
    const quirks = ["conformance-not-proposed"] as const;
    expect(new Alone({ conformance: ["get"], quirks }).open({ userInformation })).toMatchObject([
      { type: "associated", association: { conformance: ["get"] } },
    ]);
    const [none] = new Alone({ conformance: ["action"], quirks }).open({ userInformation });
    expect(none).toMatchObject({ fault: { code: "bad-negotiation" } });
  });
});

describe("an AARE of jDLMS 1.7", () => {
  const lls = { mechanism: 1, secret: fromAscii("12345678") } as const;
  // Captures of the jDLMS 1.7.0 server on loopback.
  const toLls = "612d80020780a109060760857405080103a203020100a305a103020100be10040e0800065f1f040018123dffff0007";
  const toShortNames = "612d80020780a109060760857405080102a203020100a305a103020100be10040e0800065f1f040018123dffff0007";

  it("aare-other-context: the association is not ciphered, the AARE says that it is", () => {
    const quirks = ["conformance-not-proposed"] as const;
    const [failed] = new Alone({ ...lls, quirks }).open(toLls);
    expect(failed).toMatchObject({ fault: { code: "context-mismatch", hint: /aare-other-context/ } });
    const tolerant = new Alone({ ...lls, quirks: [...quirks, "aare-other-context"] });
    expect(tolerant.open(toLls)).toMatchObject([
      { type: "associated", association: { ciphered: false, mechanism: 1 } },
    ]);
  });

  it("aare-other-context: what is ciphered stays so", () => {
    const bottle = new Bottle({ ciphered: true, mechanism: 5, client: { quirks: ["aare-other-context"] } });
    // Only the context of the AARE is changed: without ciphering.
    bottle.tamper = (to, pdu) => {
      const changed = pdu.slice();
      if (to === "client" && pdu[0] === 0x61) changed[12] = 1;
      return [changed];
    };
    expect(bottle.open().client.state).toBe("associated");
    bottle.client.request({ service: "get", items: [energy] }, {}, 0);
    bottle.run();
    expect(bottle.wire.at(-1)?.pdu[0]).toBe(0xcc);
  });

  it("other-vaa-name: 0007 with short names", () => {
    const short = { context: "short-name", conformance: ["read", "write", "multiple-references"] } as const;
    const quirks = ["conformance-not-proposed"] as const;
    const [failed] = new Alone({ ...short, quirks }).open(toShortNames);
    expect(failed).toMatchObject({ fault: { code: "bad-negotiation", hint: /other-vaa-name/ } });
    const tolerant = new Alone({ ...short, quirks: [...quirks, "other-vaa-name"] });
    expect(tolerant.open(toShortNames)).toMatchObject([
      { type: "associated", association: { conformance: ["read", "write", "multiple-references"] } },
    ]);
  });
});

describe("pass 3", () => {
  it("F34: goes to the Association LN object that is named", () => {
    const bottle = new Bottle({ ...md5, client: { association: "0-0:40.0.3.255" } }).open();
    expect(bottle.client.state).toBe("associated");
    const pass3 = bottle.wire.find(({ to, pdu }) => to === "server" && pdu[0] === 0xc3)?.pdu as Uint8Array;
    expect(toHex(pass3.subarray(3, 12))).toBe("000f0000280003ff01");
    expect(() => new Alone({ association: "0.0.40" })).toThrow();
  });
});

describe("secrets", () => {
  it("that are empty or short are not used, unless told so", () => {
    for (const [mechanism, length] of [
      [1, 3],
      [1, 0],
      [3, 7],
      [4, 7],
      [2, 0],
    ] as const) {
      const short = { mechanism, secret: new Uint8Array(length).fill(0x31) };
      expect(() => new Alone(short)).toThrow(expect.objectContaining({ code: "secret-too-short" }));
      new Alone({ ...short, shortSecrets: true });
    }
    new Alone({ mechanism: 1, secret: fromHex("31323334") });
    const short = fromAscii("abc");
    const refused = new Bottle({
      mechanism: 1,
      offer: { secret: short },
      client: { secret: short, shortSecrets: true },
    });
    refused.open();
    expect(refused.fromServer).toMatchObject([{ type: "refused", fault: { code: "authentication-failed" } }]);
    const taken = new Bottle({
      mechanism: 1,
      offer: { secret: short, shortSecrets: true },
      client: { secret: short, shortSecrets: true },
    });
    expect(taken.open().client.state).toBe("associated");
  });
});

describe("encryption without authentication", () => {
  const options = {
    ciphered: true,
    policy: {
      ...{ authenticatedRequest: false, encryptedRequest: true, signedRequest: false },
      ...{ authenticatedResponse: false, encryptedResponse: true, signedResponse: false },
    },
    clientSecurity: { authenticated: false, accept: ["encryption-only"] },
  } as const;
  it("policy 2 of version 0 works where both ends accept it", () => {
    const bottle = new Bottle({ ...options, serverSecurity: { accept: ["encryption-only"] } }).open();
    expect(bottle.ask({ service: "get", items: [energy] })).toMatchObject({ type: "response" });
    // glo-get-request and its response, security control 0x20
    expect(bottle.wire.slice(-2).map(({ pdu }) => [pdu[0], pdu[2]])).toEqual([
      [0xc8, 0x20],
      [0xcc, 0x20],
    ]);
    expect(new Bottle(options).open().client.state).toBe("closed");
  });
});

describe("a ciphered APDU longer than the server takes", () => {
  const set = (countedPduSize: "sealed" | "plain", length: number) => {
    const bottle = new Bottle({
      ciphered: true,
      offer: { preEstablished: { clientSystemTitle: clientTitle }, maxReceivePduSize: 64, countedPduSize },
      // The client counts nothing.
      client: { preEstablished: {} },
      clientSecurity: { serverSystemTitle: serverTitle },
    }).open();
    const value = { type: "octet-string", value: new Uint8Array(length) } as const;
    return bottle.ask({ service: "set", items: [{ attribute: energy, value }] });
  };

  it("only by its ciphering is taken where the offer counts the plain one", () => {
    expect(set("sealed", 30)).toMatchObject({ type: "response" });
    expect(set("sealed", 45)).toMatchObject({ type: "failed", fault: { detail: "pdu-too-long" } });
    expect(set("plain", 45)).toMatchObject({ type: "response" });
    expect(set("plain", 55)).toMatchObject({ type: "failed", fault: { detail: "pdu-too-long" } });
    expect(set("plain", 700)).toMatchObject({ type: "failed", fault: { detail: "pdu-too-long" } });
  });
});
