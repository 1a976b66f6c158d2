import { inspect } from "node:util";
import { concat, Fault, fromHex, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import {
  type CipheredForm,
  CounterGuard,
  CounterLedger,
  type KeySet,
  Keys,
  lastCounter,
  noble,
  Protection,
  type ProtectionOptions,
  protectionOverhead,
  type SealOptions,
} from "../src/index.ts";
import { node } from "../src/node.ts";
import { faultOf } from "./fault-of.ts";
import { keyOf, type Vector, vectorsOf } from "./vectors.ts";

const vectors = vectorsOf("security");
const client = fromHex("4d4d4d0000000001");
const server = fromHex("4d4d4d0000bc614e");
const keys: KeySet = {
  encryptionKey: fromHex("000102030405060708090a0b0c0d0e0f"),
  authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
  broadcastKey: fromHex("0f0e0d0c0b0a09080706050403020100"),
};
const dedicatedKey = fromHex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
const get = fromHex("c001c100080000010000ff0200");
const both: SealOptions = { authenticated: true, encrypted: true, form: "glo" };

function countersFrom(start: number, count = 100): CounterLedger {
  const ledger = new CounterLedger({ start });
  ledger.reserved(Math.min(start + count, lastCounter + 1));
  return ledger;
}

function ends(more: Partial<ProtectionOptions> = {}): {
  from: Protection;
  to: Protection;
  replay: CounterGuard;
  dedicatedReplay: CounterGuard;
  broadcastReplay: CounterGuard;
  counters: CounterLedger;
} {
  const [replay, dedicatedReplay, broadcastReplay] = [new CounterGuard(), new CounterGuard(), new CounterGuard()];
  const counters = countersFrom(1);
  const common = { provider: noble, suite: 0, keys };
  const own = { dedicated: { key: dedicatedKey, counters: countersFrom(50), replay: dedicatedReplay } };
  const from = new Protection({
    ...common,
    counters,
    replay: new CounterGuard(),
    broadcast: { counters: countersFrom(70) },
    ...own,
    ...more,
    systemTitle: client,
    peerSystemTitle: more.peerSystemTitle ?? server,
  });
  const to = new Protection({
    ...common,
    systemTitle: server,
    peerSystemTitle: client,
    counters: countersFrom(1),
    replay,
    broadcast: { replay: broadcastReplay },
    ...own,
    ...more,
  });
  return { from, to, replay, dedicatedReplay, broadcastReplay, counters };
}

const protectedKinds = /^(glo|ded|general-glo|general-ded)-/;

function formOf(kind: string): CipheredForm {
  return (/^(general-glo|general-ded|glo|ded)-/.exec(kind) as RegExpExecArray)[1] as CipheredForm;
}

/** Own and peer's end for a vector: who sent it, and who receives it. */
function endsOf(vector: Vector, provider = noble) {
  const { securityControl, invocationCounter } = vector.decoded;
  const title = keyOf(vector, "systemTitle");
  const other = fromHex("5858585800000000");
  const key = keyOf(vector, "encryptionKey");
  const set: KeySet = {
    encryptionKey: key,
    authenticationKey: keyOf(vector, "authenticationKey"),
    broadcastKey: key,
  };
  const common = { provider, suite: securityControl.suite, keys: set, accept: ["encryption-only"] } as const;
  const sending = { counters: countersFrom(invocationCounter, 1), replay: new CounterGuard() };
  const receiving = { counters: countersFrom(0), replay: new CounterGuard() };
  return {
    from: new Protection({
      ...common,
      ...sending,
      systemTitle: title,
      dedicated: { key, ...sending },
      broadcast: sending,
    }),
    to: new Protection({
      ...common,
      ...receiving,
      systemTitle: other,
      peerSystemTitle: title,
      dedicated: { key, ...receiving },
      broadcast: receiving,
    }),
  };
}

describe.each([noble, node])("published APDUs with $name", (provider) => {
  const valid = vectors.filter((vector) => vector.valid && protectedKinds.test(vector.kind));
  const unprotected = (vector: Vector) => vector.decoded.securityControl.raw === "00";

  it.each(valid.filter((vector) => !unprotected(vector)))("$id $notes, both ways", (vector) => {
    const { securityControl, invocationCounter, plaintext, systemTitle } = vector.decoded;
    const { authenticated, encrypted, keySet } = securityControl;
    const how = { authenticated, encrypted, broadcast: keySet === "broadcast", form: formOf(vector.kind) };
    const { from, to } = endsOf(vector, provider);
    const { apdu, protection } = to.open(fromHex(vector.hex));
    expect(toHex(apdu)).toBe(plaintext);
    expect(protection).toEqual({ ...how, counter: invocationCounter, lowest: 0 });
    const sealed = from.seal(fromHex(plaintext), how);
    // Ours always tells its title in a general form.
    if (systemTitle !== "") expect(toHex(sealed)).toBe(vector.hex);
    expect(faultOf(() => to.open(fromHex(vector.hex)))).toBe("invocation-counter");
  });

  it.each(valid.filter(unprotected))("refuses $id: $notes", (vector) => {
    expect(faultOf(() => endsOf(vector, provider).to.open(fromHex(vector.hex)))).toBe("bad-security-control");
  });

  const refusedAs: { readonly [id: string]: string } = {
    "sec-bad-005": "bad-security-control",
    "sec-bad-010": "too-short-for-tag",
    "sec-bad-011": "truncated",
  };
  it.each(vectors.filter((vector) => !vector.valid))("refuses $id: $notes", (vector) => {
    const replay = new CounterGuard();
    const to = new Protection({
      provider,
      suite: 0,
      keys: { encryptionKey: keyOf(vector, "encryptionKey"), authenticationKey: keyOf(vector, "authenticationKey") },
      systemTitle: client,
      peerSystemTitle: keyOf(vector, "systemTitle"),
      counters: countersFrom(0),
      replay,
    });
    expect(faultOf(() => to.open(fromHex(vector.hex)))).toBe(refusedAs[vector.id] ?? "bad-tag");
    expect(replay.lowest).toBe(0);
  });
});

describe("seal and open", () => {
  const forms: CipheredForm[] = ["glo", "ded", "general-glo", "general-ded"];
  const plain = fc
    .tuple(fc.constantFrom(0xc0, 0xc1, 0xc3, 0xc4, 0xc5, 0xc7), fc.uint8Array({ maxLength: 400 }))
    .map(([tag, rest]) => concat(Uint8Array.of(tag), rest));
  const levels = fc.constantFrom([true, true], [true, false], [false, true]);

  it.each([0, 1, 2])("give back every APDU in every form, suite %d", (suite) => {
    const long = new Uint8Array(32).fill(5);
    const given = suite < 2 ? keys : { encryptionKey: long, authenticationKey: long.map((octet) => octet + 1) };
    const key = suite < 2 ? dedicatedKey : long.map((octet) => octet + 2);
    fc.assert(
      fc.property(
        plain,
        levels,
        fc.constantFrom(...forms),
        fc.constantFrom(noble, node),
        (apdu, level, form, provider) => {
          const [authenticated, encrypted] = level as [boolean, boolean];
          const own = { counters: countersFrom(9), replay: new CounterGuard() };
          const { from, to } = ends({
            provider,
            suite,
            keys: given,
            accept: ["encryption-only"],
            dedicated: { key, ...own },
          });
          const how = { authenticated, encrypted, form };
          const sealed = from.seal(apdu, how);
          expect(sealed.length - apdu.length).toBe(protectionOverhead(apdu.length, how));
          const opened = to.open(sealed);
          expect(opened.apdu).toEqual(apdu);
          expect(opened.protection).toMatchObject(how);
        },
      ),
    );
  });

  it.each([100, 200, 300, 70_000, 0x1000000])("say beforehand how long %d octets become", (length) => {
    for (const form of ["glo", "general-glo"] as const) {
      const apdu = new Uint8Array(length);
      apdu[0] = 0xc4;
      const how = { authenticated: true, encrypted: false, form };
      const sealed = ends({ provider: node }).from.seal(apdu, how);
      expect(sealed.length - length).toBe(protectionOverhead(length, how));
    }
  });

  it("open nothing with any bit changed, and the counter stays", () => {
    for (const how of [both, { ...both, encrypted: false }, { ...both, form: "general-glo" } as const]) {
      const sealed = ends().from.seal(get, how);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const { to, replay } = ends();
        const other = sealed.slice();
        other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
        // The outer tag is the one octet that the authentication tag does not cover: the APDU within finds it out.
        if (faultOf(() => to.open(other)) === "inner-tag-mismatch") expect(bit).toBeLessThan(8);
        else expect(replay.lowest).toBe(0);
      }
    }
  });

  it("never throw anything but a Fault, whatever comes", () => {
    const { to } = ends({ accept: ["encryption-only"] });
    const tags = fc.constantFrom(0xc8, 0xd0, 0xdb, 0xdc, 0x21, 0x28);
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(tags, fc.uint8Array({ maxLength: 64 })).map(([tag, rest]) => concat(Uint8Array.of(tag), rest)),
    );
    fc.assert(
      fc.property(octets, (given) => {
        try {
          to.open(given);
        } catch (caught) {
          expect(caught).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: times(200) },
    );
  });
});

describe("the counter", () => {
  it("is taken once: again, lower and 0 are refused, the next one works", () => {
    const { from, to } = ends();
    const [first, second, third] = [1, 2, 3].map(() => from.seal(get, both)) as [Uint8Array, Uint8Array, Uint8Array];
    expect(to.open(second).protection).toMatchObject({ counter: 2, lowest: 0 });
    for (const old of [first, second]) {
      try {
        to.open(old);
        expect.unreachable();
      } catch (caught) {
        expect(caught).toMatchObject({ code: "invocation-counter", expected: 3 });
      }
    }
    expect(to.open(third).protection).toMatchObject({ counter: 3, lowest: 3 });
  });

  it("is not moved by a wrong tag, however high it says", () => {
    const { from, to, replay } = ends();
    const forged = ends({ counters: countersFrom(1_000_000) }).from.seal(get, both);
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
    expect(faultOf(() => to.open(forged))).toBe("bad-tag");
    expect(replay.lowest).toBe(0);
    expect(to.open(from.seal(get, both)).protection.counter).toBe(1);
  });

  it("is what any guard says, before it is told of it", () => {
    const accepted: number[] = [];
    const replay = {
      lowest: 2,
      check: (counter: number) => counter >= 2,
      accept: (counter: number) => accepted.push(counter),
    };
    const { from } = ends();
    const { to } = ends({ replay });
    expect(faultOf(() => to.open(from.seal(get, both)))).toBe("invocation-counter");
    expect(accepted).toEqual([]);
    to.open(from.seal(get, both));
    expect(accepted).toEqual([2]);
  });

  it("is used up at the end: sent once, accepted once, then a new key", () => {
    const { from } = ends({ counters: countersFrom(lastCounter) });
    const { to } = ends();
    const last = from.seal(get, both);
    expect(to.open(last).protection.counter).toBe(lastCounter);
    expect(faultOf(() => to.open(last))).toBe("invocation-counter");
    expect(faultOf(() => from.seal(get, both))).toBe("counter-exhausted");
    expect(faultOf(() => to.open(ends().from.seal(get, both)))).toBe("invocation-counter");
  });

  it("is not used where the APDU cannot be sealed", () => {
    const { from, counters } = ends();
    const before = counters.remaining;
    expect(faultOf(() => from.seal(get, { ...both, authenticated: false, encrypted: false }))).toBe(
      "bad-security-control",
    );
    for (const [apdu, form] of [
      ["d901", "glo"],
      ["0f00", "ded"],
      ["0100", "ded"],
      ["", "glo"],
      ["", "general-glo"],
      ["c81e30", "general-glo"],
      ["db08", "general-ded"],
    ] as const) {
      expect(faultOf(() => from.seal(fromHex(apdu), { ...both, form }))).toBe("no-ciphered-form");
    }
    expect(counters.remaining).toBe(before);
  });

  it("is its own for the global, the dedicated and the broadcast key", () => {
    const { from, to, replay, dedicatedReplay, broadcastReplay } = ends();
    expect(to.open(from.seal(get, { ...both, form: "ded" })).protection.counter).toBe(50);
    expect(to.open(from.seal(get, { ...both, form: "general-ded" })).protection.counter).toBe(51);
    expect(to.open(from.seal(get, { ...both, broadcast: true })).protection).toMatchObject({
      counter: 70,
      broadcast: true,
    });
    expect([replay.lowest, dedicatedReplay.lowest, broadcastReplay.lowest]).toEqual([0, 52, 71]);
    expect(to.open(from.seal(get, both)).protection.counter).toBe(1);
  });

  it("executes nothing twice, however the line duplicates and reorders", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }), (order) => {
        const { from, to } = ends();
        const sent = Array.from({ length: 10 }, () => from.seal(get, both));
        const executed: number[] = [];
        for (const which of order) {
          try {
            executed.push(to.open(sent[which] as Uint8Array).protection.counter);
          } catch (caught) {
            expect((caught as Fault).code).toBe("invocation-counter");
          }
        }
        expect(executed).toEqual([...new Set(executed)].sort((a, b) => a - b));
      }),
    );
  });
});

describe("the security control", () => {
  function withControl(control: number): Uint8Array {
    const sealed = ends().from.seal(get, both);
    sealed[2] = control;
    return sealed;
  }

  it("must be of the suite in use", () => {
    for (const control of [0x31, 0x32, 0x3f]) {
      expect(faultOf(() => ends().to.open(withControl(control)))).toBe("bad-security-control");
    }
  });

  it("must not say compressed, nor unprotected", () => {
    expect(faultOf(() => ends().to.open(withControl(0xb0)))).toBe("bad-security-control");
    expect(faultOf(() => ends().to.open(withControl(0x00)))).toBe("bad-security-control");
  });

  it("may say encrypted alone only where that was accepted", () => {
    const how = { ...both, authenticated: false };
    expect(faultOf(() => ends().to.open(ends().from.seal(get, how)))).toBe("bad-security-control");
    expect(faultOf(() => ends({ accept: [] }).to.open(ends().from.seal(get, how)))).toBe("bad-security-control");
    expect(ends({ accept: ["encryption-only"] }).to.open(ends().from.seal(get, how)).apdu).toEqual(get);
  });

  it("may say broadcast only where there is a broadcast key, and not with a dedicated form", () => {
    const { from, to } = ends();
    const sealed = from.seal(get, { ...both, broadcast: true });
    const { broadcastKey: _, ...unicast } = keys;
    expect(faultOf(() => ends({ keys: unicast }).to.open(sealed))).toBe("no-broadcast-key");
    // The sender has counters for the broadcast key and no guard, the receiver a guard and no counters.
    expect(faultOf(() => from.open(sealed))).toBe("no-broadcast-key");
    expect(faultOf(() => to.seal(get, { ...both, broadcast: true }))).toBe("no-broadcast-key");
    expect(faultOf(() => from.seal(get, { ...both, form: "ded", broadcast: true }))).toBe("bad-security-control");
    const dedicated = from.seal(get, { ...both, form: "ded" });
    dedicated[2] = 0x70;
    expect(faultOf(() => to.open(dedicated))).toBe("bad-security-control");
    // The unicast key under the broadcast bit.
    expect(faultOf(() => to.open(withControl(0x70)))).toBe("bad-tag");
  });
});

describe("system titles", () => {
  it("are those of the association", () => {
    const { from, to } = ends();
    const other = ends({ peerSystemTitle: fromHex("4d4d4d0000000003") });
    const general = { ...both, form: "general-glo" } as const;
    expect(faultOf(() => other.to.open(from.seal(get, general)))).toBe("unknown-system-title");
    expect(faultOf(() => to.open(ends().to.seal(get, general)))).toBe("own-system-title");
    expect(faultOf(() => to.open(concat(fromHex("db0101"), from.seal(get, both).subarray(1))))).toBe(
      "bad-system-title",
    );
    // A mirrored APDU of a form that tells no title has the wrong initialization vector.
    expect(faultOf(() => from.open(from.seal(get, both)))).toBe("bad-tag");
  });

  it("can be told later, once, and not as the own one", () => {
    const { from } = ends();
    const { peerSystemTitle: _, ...options } = {
      provider: noble,
      suite: 0,
      keys,
      systemTitle: server,
      peerSystemTitle: client,
      counters: countersFrom(1),
      replay: new CounterGuard(),
    };
    const to = new Protection(options);
    expect(to.peerSystemTitle).toBeUndefined();
    const sealed = from.seal(get, { ...both, form: "general-glo" });
    expect(faultOf(() => to.open(sealed))).toBe("unknown-system-title");
    expect(faultOf(() => to.open(from.seal(get, both)))).toBe("unknown-system-title");
    expect(faultOf(() => to.meet(server))).toBe("own-system-title");
    expect(faultOf(() => to.meet(new Uint8Array(7)))).toBe("bad-system-title");
    to.meet(client);
    to.meet(client.slice());
    expect(to.peerSystemTitle).toEqual(client);
    expect(faultOf(() => to.meet(fromHex("4d4d4d0000000002")))).toBe("unknown-system-title");
    expect(to.open(sealed).apdu).toEqual(get);
    expect(faultOf(() => new Protection({ ...options, systemTitle: new Uint8Array(0) }))).toBe("bad-system-title");
  });
});

describe("the dedicated key", () => {
  it("must be there, and be the right one", () => {
    const { from } = ends();
    const sealed = from.seal(get, { ...both, form: "ded" });
    const bare = new Protection({
      provider: noble,
      suite: 0,
      keys,
      systemTitle: server,
      peerSystemTitle: client,
      counters: countersFrom(1),
      replay: new CounterGuard(),
    });
    expect(faultOf(() => bare.open(sealed))).toBe("no-dedicated-key");
    const own = { counters: countersFrom(1), replay: new CounterGuard() };
    expect(faultOf(() => bare.dedicate({ key: new Uint8Array(15), ...own }))).toBe("bad-key-length");
    bare.dedicate({ key: new Uint8Array(16), ...own });
    expect(faultOf(() => bare.open(sealed))).toBe("bad-tag");
    bare.dedicate({ key: dedicatedKey, ...own });
    expect(bare.open(sealed).apdu).toEqual(get);
  });
});

describe("the APDU within", () => {
  it("must be what the ciphered tag says", () => {
    const { from, to } = ends();
    const set = from.seal(fromHex("c101c1"), both);
    set[0] = 0xc8;
    expect(faultOf(() => to.open(set))).toBe("inner-tag-mismatch");
    // The counter was right and is used.
    expect(faultOf(() => to.open(set))).toBe("invocation-counter");
  });

  it("is not empty, nor ciphered again", () => {
    // Made with the key itself, since seal refuses to.
    const counters = countersFrom(30);
    for (const inner of ["", "c81e30", "db0800"]) {
      const counter = counters.next();
      const iv = concat(client, Uint8Array.of(0, 0, 0, counter));
      const aad = concat(Uint8Array.of(0x30), keys.authenticationKey);
      const sealed = noble.aesGcm(keys.encryptionKey).seal(iv, fromHex(inner), aad);
      const apdu = concat(fromHex("db00"), Uint8Array.of(5 + sealed.length, 0x30, 0, 0, 0, counter), sealed);
      expect(faultOf(() => ends().to.open(apdu))).toBe("inner-tag-mismatch");
    }
  });
});

describe("what is no ciphered APDU", () => {
  it.each([
    ["", "truncated"],
    ["c001c100080000010000ff0200", "not-ciphered"],
    ["dd00", "not-ciphered"],
    ["c8", "truncated"],
    ["c880", "bad-length"],
    ["c87f30", "bad-length"],
    ["c8853000000000", "bad-length"],
    ["dbff", "bad-length"],
    ["db094d4d4d000000000100", "bad-system-title"],
  ])("%s is %s", (hex, code) => {
    expect(faultOf(() => ends().to.open(fromHex(hex)))).toBe(code);
  });

  it("has octets behind the end", () => {
    const { from, to, replay } = ends();
    expect(faultOf(() => to.open(concat(from.seal(get, both), Uint8Array.of(0))))).toBe("trailing-octets");
    expect(replay.lowest).toBe(0);
  });
});

describe("keys", () => {
  it("have the length of the suite", () => {
    const short = new Uint8Array(15);
    for (const wrong of [{ encryptionKey: short }, { authenticationKey: short }, { broadcastKey: short }]) {
      expect(faultOf(() => ends({ keys: { ...keys, ...wrong } }))).toBe("bad-key-length");
    }
    expect(faultOf(() => ends({ suite: 2 }))).toBe("bad-key-length");
    expect(faultOf(() => ends({ suite: 3 }))).toBe("unknown-suite");
  });

  it("are shown by nothing: not printed, not in JSON, not in a message", () => {
    const secret = new Uint8Array(16).fill(0xab);
    const given = { encryptionKey: secret, authenticationKey: secret, broadcastKey: secret };
    const holders = [noble, node].flatMap((provider) => {
      const { from } = ends({
        provider,
        keys: new Keys(given),
        dedicated: { key: secret, counters: countersFrom(0), replay: new CounterGuard() },
      });
      return [from, new Keys(given), provider.aesGcm(secret), provider.aesEcb(secret)];
    });
    for (const holder of holders) {
      const seen = inspect(holder, { depth: 20, showHidden: true, getters: false }) + JSON.stringify(holder);
      expect(seen).not.toMatch(/171|abab|ab ab/i);
      expect(Object.keys(holder)).toEqual([]);
    }
    try {
      ends({ keys: { ...given, encryptionKey: secret.subarray(1) } });
      expect.unreachable();
    } catch (caught) {
      expect(inspect(caught) + JSON.stringify(caught)).not.toMatch(/171|abab/i);
    }
  });

  it("are copied, so that changing what was given changes nothing", () => {
    const given = { encryptionKey: new Uint8Array(16), authenticationKey: new Uint8Array(16) };
    const held = new Keys(given);
    given.encryptionKey.fill(1);
    expect(held.encryptionKey).toEqual(new Uint8Array(16));
    expect(held.broadcastKey).toBeUndefined();
    expect(new Keys(keys).broadcastKey).toEqual(keys.broadcastKey);
  });
});
