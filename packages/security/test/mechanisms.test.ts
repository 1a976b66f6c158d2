import { concat, fromHex, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AuthenticationContext,
  CounterGuard,
  CounterLedger,
  challengeResponse,
  checkChallenge,
  newChallenge,
  noble,
  type VerifyOptions,
  verifyResponse,
} from "../src/index.ts";
import { node } from "../src/node.ts";
import { faultOf } from "./fault-of.ts";
import { type Vector, vectorsOf } from "./vectors.ts";

const hls = vectorsOf("hls");
const anyTitle = { client: fromHex("4d4d4d00000000ff"), server: fromHex("4d4d4d00000000fe") };
const anyChallenge = { ctos: fromHex("0011223344556677"), stoc: fromHex("7766554433221100") };

function countersFrom(start: number): CounterLedger {
  const ledger = new CounterLedger({ start });
  ledger.reserved(start + 1);
  return ledger;
}

/** What a vector gives, seen by the end that computes it; what it leaves out does not matter and is filled in. */
function contextOf(vector: Vector, provider = noble): AuthenticationContext & { readonly role: "client" | "server" } {
  const key = (name: string) => (vector.keys?.[name] === undefined ? undefined : fromHex(vector.keys[name] as string));
  const role = vector.decoded.computedBy as "client" | "server";
  const titles = {
    client: key("clientSystemTitle") ?? anyTitle.client,
    server: key("serverSystemTitle") ?? anyTitle.server,
  };
  const secret = key("secret");
  const encryptionKey = key("encryptionKey");
  const authenticationKey = key("authenticationKey");
  const suite = vector.decoded.mechanism === 7 ? (vector.keys?.curve === "P-384" ? 2 : 1) : Number(vector.hex[1]);
  return {
    mechanism: vector.decoded.mechanism,
    provider,
    role,
    cToS: key("ctos") ?? anyChallenge.ctos,
    sToC: key("stoc") ?? anyChallenge.stoc,
    ownSystemTitle: titles[role],
    peerSystemTitle: titles[role === "client" ? "server" : "client"],
    ...(vector.decoded.mechanism === 5 || vector.decoded.mechanism === 7 ? { suite } : {}),
    ...(secret === undefined ? {} : { secret }),
    ...(encryptionKey === undefined || authenticationKey === undefined
      ? {}
      : { keys: { encryptionKey, authenticationKey } }),
  };
}

/** The same, seen by the other end, which verifies. */
function verifierOf(vector: Vector, provider = noble): VerifyOptions {
  const context = contextOf(vector, provider);
  const last = vector.keys?.lastInvocationCounter;
  return {
    ...context,
    role: context.role === "client" ? "server" : "client",
    ownSystemTitle: context.peerSystemTitle as Uint8Array,
    peerSystemTitle: context.ownSystemTitle as Uint8Array,
    response: fromHex(vector.hex),
    replay: new CounterGuard(last === undefined ? 0 : Number.parseInt(last, 16) + 1),
    ...(vector.keys?.signingPublicKey === undefined ? {} : { peerPublicKey: fromHex(vector.keys.signingPublicKey) }),
  };
}

describe.each([noble, node])("mechanisms with $name", (provider) => {
  it.each(hls.filter((vector) => vector.valid))("$id $kind, both ways", (vector) => {
    const context = contextOf(vector, provider);
    const privateKey = vector.keys?.signingPrivateKey;
    const response = challengeResponse({
      ...context,
      counters: countersFrom(vector.decoded.invocationCounter ?? 0),
      ...(privateKey === undefined ? {} : { privateKey: fromHex(privateKey) }),
    });
    // A signature is another one each time where the provider draws its own k.
    if (vector.decoded.mechanism !== 7) expect(toHex(response)).toBe(vector.hex);
    expect(verifyResponse(verifierOf(vector, provider))).toBe(true);
    expect(verifyResponse({ ...verifierOf(vector, provider), response })).toBe(true);
  });

  it.each(hls.filter((vector) => !vector.valid))("refuses $id: $notes", (vector) => {
    const options = verifierOf(vector, provider);
    // Its maker had no system title of the client.
    if (vector.keys?.clientSystemTitle === "") expect(faultOf(() => verifyResponse(options))).toBe("bad-system-title");
    else expect(verifyResponse(options)).toBe(false);
  });
});

const base = {
  provider: noble,
  role: "client",
  cToS: anyChallenge.ctos,
  sToC: anyChallenge.stoc,
  secret: fromHex("30313233343536373839414243444546"),
  keys: { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) },
  ownSystemTitle: anyTitle.client,
  peerSystemTitle: anyTitle.server,
} as const;
const privateKey = fromHex(`${"00".repeat(31)}05`);
const publicKey = noble.publicKey("P-256", privateKey);
const mirrored = {
  ...base,
  role: "server",
  ownSystemTitle: anyTitle.server,
  peerSystemTitle: anyTitle.client,
} as const;

function answer(mechanism: number, more: object = {}): Uint8Array {
  return challengeResponse({
    ...base,
    mechanism,
    suite: mechanism === 7 ? 1 : 0,
    counters: countersFrom(9),
    privateKey,
    ...more,
  });
}

function verify(mechanism: number, response: Uint8Array, more: object = {}): boolean {
  const given = {
    mechanism,
    suite: mechanism === 7 ? 1 : 0,
    response,
    replay: new CounterGuard(),
    peerPublicKey: publicKey,
  };
  return verifyResponse({ ...mirrored, ...given, ...more });
}

describe.each([2, 3, 4, 5, 6, 7])("mechanism %d", (mechanism) => {
  it("is right as it is, and wrong with any octet changed, cut or added", () => {
    const response = answer(mechanism);
    expect(verify(mechanism, response)).toBe(true);
    for (let at = 0; at < response.length; at++) {
      const other = response.slice();
      other[at] = (other[at] as number) ^ 1;
      expect(verify(mechanism, other)).toBe(false);
    }
    expect(verify(mechanism, response.subarray(1))).toBe(false);
    expect(verify(mechanism, concat(response, Uint8Array.of(0)))).toBe(false);
    expect(verify(mechanism, new Uint8Array(0))).toBe(false);
  });

  it("refuses a challenge sent back, and one of 7 or 65 octets", () => {
    for (const run of [answer, (m: number, more: object) => verify(m, new Uint8Array(17), more)]) {
      expect(faultOf(() => run(mechanism, { sToC: anyChallenge.ctos.slice() }))).toBe("challenge-reflected");
      expect(faultOf(() => run(mechanism, { sToC: new Uint8Array(7) }))).toBe("bad-challenge");
      expect(faultOf(() => run(mechanism, { cToS: new Uint8Array(65) }))).toBe("bad-challenge");
    }
  });

  it("does not take the answer to one challenge for the answer to the other", () => {
    expect(verify(mechanism, answer(mechanism, { cToS: base.sToC, sToC: base.cToS }))).toBe(false);
  });

  it("says what is missing", () => {
    const bare = { mechanism, provider: noble, role: "client", cToS: base.cToS, sToC: base.sToC } as const;
    expect(faultOf(() => challengeResponse(bare))).toBe("missing-parameter");
    expect(faultOf(() => verifyResponse({ ...bare, response: new Uint8Array(17) }))).toBe("missing-parameter");
  });
});

describe("titles", () => {
  it("are part of mechanisms 5, 6 and 7", () => {
    for (const mechanism of [5, 6, 7]) {
      const response = answer(mechanism);
      expect(verify(mechanism, response, { peerSystemTitle: fromHex("4d4d4d0000000001") })).toBe(false);
      expect(faultOf(() => verify(mechanism, response, { peerSystemTitle: anyTitle.server }))).toBe("own-system-title");
      expect(faultOf(() => verify(mechanism, response, { peerSystemTitle: new Uint8Array(7) }))).toBe(
        "bad-system-title",
      );
      expect(faultOf(() => answer(mechanism, { ownSystemTitle: new Uint8Array(9) }))).toBe("bad-system-title");
      const { peerSystemTitle: _peer, ...noPeer } = {
        ...mirrored,
        mechanism,
        suite: 1,
        response,
        peerPublicKey: publicKey,
      };
      expect(faultOf(() => verifyResponse({ ...noPeer, replay: new CounterGuard() }))).toBe("missing-parameter");
      const { ownSystemTitle: _own, ...noOwn } = {
        ...base,
        mechanism,
        suite: 1,
        counters: countersFrom(1),
        privateKey,
      };
      expect(faultOf(() => challengeResponse(noOwn))).toBe("missing-parameter");
    }
  });
});

describe("mechanism 2", () => {
  it("pads a challenge to whole blocks, and takes no secret longer than the key", () => {
    expect(answer(2, { sToC: new Uint8Array(17).fill(3) }).length).toBe(32);
    expect(answer(2, { secret: new Uint8Array(3) })).toEqual(answer(2, { secret: new Uint8Array(16) }));
    expect(faultOf(() => answer(2, { secret: new Uint8Array(17) }))).toBe("bad-key-length");
  });
});

describe("mechanism 5", () => {
  it("uses one counter, and none where something is missing", () => {
    const counters = countersFrom(3);
    expect(faultOf(() => answer(5, { counters, keys: undefined }))).toBe("missing-parameter");
    expect(faultOf(() => answer(5, { counters, suite: 2 }))).toBe("bad-key-length");
    expect(faultOf(() => answer(5, { counters, suite: 3 }))).toBe("unknown-suite");
    expect(counters.remaining).toBe(1);
    answer(5, { counters });
    expect(counters.remaining).toBe(0);
    expect(faultOf(() => answer(5, { counters }))).toBe("counter-not-reserved");
  });

  it("moves the guard on a right tag only, and takes no counter twice", () => {
    const replay = new CounterGuard(5);
    const response = answer(5);
    const wrong = response.slice();
    wrong[16] = (wrong[16] as number) ^ 0x80;
    expect(verify(5, wrong, { replay })).toBe(false);
    expect(replay.lowest).toBe(5);
    expect(verify(5, response, { replay })).toBe(true);
    expect(replay.lowest).toBe(10);
    expect(verify(5, response, { replay })).toBe(false);
  });

  it("takes the counter drawn before that of the APDU around it", () => {
    const replay = new CounterGuard(5);
    const { lowest } = replay;
    replay.accept(10); // the APDU that carries the response, whose own counter is 9
    expect(verify(5, answer(5), { replay, lowest })).toBe(true);
    expect(replay.lowest).toBe(11);
    expect(verify(5, answer(5), { replay, lowest: 10 })).toBe(false);
  });

  it("is of suite 0 unless told otherwise", () => {
    expect(verify(5, answer(5, { suite: undefined }), { suite: undefined })).toBe(true);
  });

  it("refuses another security control", () => {
    const response = answer(5);
    for (const control of [0x00, 0x11, 0x20, 0x30, 0x50, 0x90]) {
      expect(verify(5, concat(Uint8Array.of(control), response.subarray(1)))).toBe(false);
    }
  });

  it("authenticates no APDU in disguise when strict", () => {
    const apdu = fromHex("c301c100460000600a00ff0300"); // action-request, 13 octets
    expect(faultOf(() => answer(5, { sToC: apdu, strict: true }))).toBe("challenge-is-apdu");
    expect(answer(5, { sToC: apdu }).length).toBe(17);
    expect(answer(5, { strict: true }).length).toBe(17);
  });
});

describe("mechanism 7", () => {
  it("needs a suite with a curve", () => {
    expect(faultOf(() => answer(7, { suite: 0 }))).toBe("missing-parameter");
    expect(faultOf(() => verify(7, answer(7), { suite: 0 }))).toBe("missing-parameter");
    expect(faultOf(() => verify(7, answer(7), { suite: undefined }))).toBe("missing-parameter");
  });
});

describe("other mechanisms", () => {
  it("answer no challenge", () => {
    for (const mechanism of [0, 1, 8]) {
      expect(faultOf(() => answer(mechanism))).toBe("unknown-mechanism");
      expect(faultOf(() => verify(mechanism, new Uint8Array(16)))).toBe("unknown-mechanism");
    }
  });
});

describe("challenges", () => {
  const counting = (count: number) => new Uint8Array(count).map((_, at) => at);

  it("have 8 to 64 octets", () => {
    expect(newChallenge(counting).length).toBe(16);
    for (const length of [8, 64]) expect(newChallenge(counting, length)).toEqual(counting(length));
    for (const length of [0, 7, 65, 1e12]) expect(faultOf(() => newChallenge(counting, length))).toBe("bad-challenge");
    checkChallenge(new Uint8Array(8));
  });

  it("are not made from a source that fails", () => {
    expect(faultOf(() => newChallenge(() => new Uint8Array(0)))).toBe("bad-random");
    expect(faultOf(() => newChallenge((count) => new Uint8Array(count)))).toBe("bad-random");
    expect(faultOf(() => newChallenge((count) => counting(count - 1)))).toBe("bad-random");
  });

  it("with any secret are answered as they are verified", () => {
    const challenge = fc.uint8Array({ minLength: 8, maxLength: 64 });
    fc.assert(
      fc.property(challenge, challenge, fc.constantFrom(2, 3, 4, 5, 6), (cToS, sToC, mechanism) => {
        fc.pre(toHex(cToS) !== toHex(sToC));
        expect(verify(mechanism, answer(mechanism, { cToS, sToC }), { cToS, sToC })).toBe(true);
      }),
    );
  });
});
