import { createCipheriv } from "node:crypto";
import { T } from "@dlmskit/apdu";
import { fromAscii, fromHex, toHex } from "@dlmskit/core";
import { dataObject } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { hls, meter, none } from "../../src/index.ts";
import { Bench, type Client } from "../a-client.ts";
import { aMeter } from "../a-meter.ts";
import {
  asked,
  asksForAuthentication,
  contextField,
  initiateRequest,
  mechanismField,
  outcome,
  type RawAarq,
  type RawInitiate,
  rawAarq,
  say,
  tlv,
  valueField,
} from "./raw-aarq.ts";

// Each case is played to a served meter over the wrapper, in octets.

const getName = "c001c1000f0000280000ff0100";
const ownName = "c401c10009060000280000ff";
const getEnergy = "c001c100030100010800ff0200";
const energy = "c401c10006000004d2";
const notAllowed = "d80101";
const secret = toHex(fromAscii("reader-secret"));
const lls = { requirements: asksForAuthentication, mechanism: mechanismField("01"), value: valueField(secret) };
const initiated = (more: RawInitiate): RawAarq => ({ userInformation: initiateRequest(more) });

const clientOf = (sap = 1): Client => new Bench(aMeter().meter).client({ client: sap });
const outcomeOf = (aarq: RawAarq, sap = 1): Promise<string> => outcome(clientOf(sap), rawAarq(aarq));

/** A refusal changes nothing: what comes after it is answered as before any association. */
async function refused(aarq: RawAarq, diagnostic: string, sap = 1): Promise<void> {
  const client = clientOf(sap);
  const facts = await asked(client, rawAarq(aarq));
  expect([facts?.result, facts?.diagnostic]).toEqual(["rejected-permanent", diagnostic]);
  expect(await say(client, getEnergy)).toBe(notAllowed);
}

/** A meter whose client 16 is read by short names, too. */
const eitherWay = () =>
  meter({
    name: "SHO0000000000001",
    objects: [dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 7 })],
    baseNames: { "0.0.96.1.0.255": 0x3000 },
    referencing: "either",
    associations: { open: { client: 16, security: none(), access: "full" } },
  });
const shortNames: RawAarq = { context: "02", ...initiated({ conformance: "1c0320" }) };

describe("opening and ending an association, in octets", () => {
  it("A1: a GET or a Read before an AARQ gives no data", async () => {
    const client = clientOf();
    expect(await say(client, getEnergy)).toBe(notAllowed);
    expect(await say(client, "c101c100010000600 10bff02001109".replaceAll(" ", ""))).toBe(notAllowed);
    const named = new Bench(eitherWay()).client({ client: 16 });
    expect(["0e010302", notAllowed, ""]).toContain(await say(named, "0501023008"));
  });

  it("A2, A14: accepted with diagnostic 0, current association, released with reason 0, then as before", async () => {
    const client = clientOf();
    const facts = await asked(client, rawAarq());
    expect(facts).toMatchObject({ result: "accepted", source: "acse-service-user", diagnostic: "null" });
    expect(await say(client, getName)).toBe(ownName);
    expect(await say(client, "6203800100")).toBe("6303800100");
    expect(await say(client, getName)).toBe(notAllowed);
  });

  it("A3: a user of the list, one that is not in it, none", async () => {
    const open = { client: 16, security: none(), access: "full", version: 2 } as const;
    const made = (users?: { userId: number; userName: string }[]) =>
      new Bench(
        meter({ name: "USR1", objects: [], associations: { open: users === undefined ? open : { ...open, users } } }),
      ).client({ client: 16 });
    const user = (id: string): RawAarq => ({ titles: tlv("a9", tlv("02", id)) });
    const five = [{ userId: 5, userName: "five" }];
    const listed = made(five);
    expect(await outcome(listed, rawAarq(user("05")))).toBe("accepted");
    // current_user: { 5, "five" }
    expect(await say(listed, "c001c1000f0000280000ff0b00")).toBe("c401c10002021105 0a0466697665".replace(" ", ""));
    const unknown = "calling-ae-invocation-identifier-not-recognized";
    expect(await outcome(made(five), rawAarq(user("09")))).toBe(unknown);
    expect(await outcome(made(five), rawAarq())).toBe(unknown);
    expect([await outcome(made(), rawAarq()), await outcome(made(), rawAarq(user("09")))]).toEqual([
      ...["accepted", "accepted"],
    ]);
  });

  it("A4: HLS: nothing is served before pass 3, a wrong pass 3 ends it, a second one is refused", async () => {
    const challenge = "0102030405060708090a0b0c0d0e0f10";
    const key = "0123456789abcdef";
    const aes = (value: Uint8Array): Uint8Array =>
      createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(value);
    const aarq = rawAarq({
      ...{ requirements: asksForAuthentication, mechanism: mechanismField("02"), value: valueField(challenge) },
    });
    const associations = { secured: { client: 49, security: hls(2, key), access: "full" } } as const;
    const begin = async () => {
      const client = new Bench(aMeter({ associations }).meter).client({ client: 49 });
      const facts = await asked(client, aarq);
      expect(facts).toMatchObject({ result: "accepted", diagnostic: "authentication-required" });
      const toServer = facts?.aare.respondingAuthenticationValue?.value as Uint8Array;
      expect(await say(client, getEnergy)).toMatch(/^d801/);
      return { client, toServer };
    };
    const pass3 = (value: Uint8Array): string => `c301c1000f0000280000ff010109${tlv("", toHex(value))}`;
    const { client, toServer } = await begin();
    const answer = await say(client, pass3(aes(toServer)));
    expect(answer).toBe(`c701c10001000910${toHex(aes(fromHex(challenge)))}`);
    expect(await say(client, getEnergy)).toBe(energy);
    expect(await say(client, pass3(aes(toServer)))).toMatch(/^c701c1(?!00)/);
    expect(await say(client, getEnergy)).toBe(energy);
    const wrong = await begin();
    expect(await say(wrong.client, pass3(aes(fromHex(challenge))))).toMatch(/^c701c1(?!00)/);
    expect(await say(wrong.client, pass3(aes(wrong.toServer)))).toMatch(/^d801/);
    expect(await say(wrong.client, getEnergy)).toBe(notAllowed);
  });

  it("A5: protocol versions: with version1, without it", async () => {
    expect(await outcomeOf({ before: "80020284" })).toBe("accepted");
    const facts = await asked(clientOf(), rawAarq({ before: "80020640" }));
    expect(facts).toMatchObject({
      ...{ result: "rejected-permanent", source: "acse-service-provider", diagnostic: "no-common-acse-version" },
    });
  });

  it("A6: contexts: unknown, and known but not declared", async () => {
    for (const context of ["60857504070203", "02", "03", "04"]) {
      const facts = await asked(clientOf(), rawAarq({ context }));
      expect(facts).toMatchObject({
        ...{ result: "rejected-permanent", diagnostic: "application-context-name-not-supported" },
      });
      expect(facts?.context).toMatch(/.+/);
    }
  });

  it("A7: fields that are not used, titles of a wrong length", async () => {
    const unused = [
      ...[tlv("a2", tlv("04", "4d")), tlv("a3", tlv("04", "01")), tlv("a4", "020101"), tlv("a5", "020102")],
      ...[tlv("a8", "020103"), tlv("a9", "020104")],
    ].join("");
    expect(await outcomeOf({ titles: unused })).toBe("accepted");
    for (const title of ["4d4d4d00000001", "4d4d4d000000000100"]) {
      await refused({ context: "03", titles: tlv("a6", tlv("04", title)) }, "calling-ap-title-not-recognized", 48);
    }
  });

  it("A8: authentication: its parts left out, of another kind, wrong", async () => {
    expect(await outcomeOf(lls, 32)).toBe("accepted");
    const { requirements: _requirements, ...unasked } = lls;
    const { mechanism: _mechanism, ...unnamed } = lls;
    const { value: _value, ...valueless } = lls;
    await refused({ ...lls, requirements: "8a020700" }, "authentication-required", 32);
    await refused(unnamed, "authentication-mechanism-name-required", 32);
    await refused(valueless, "authentication-failure", 32);
    for (const number of ["63", "00", "02", "05"]) {
      await refused({ ...lls, mechanism: mechanismField(number) }, "authentication-mechanism-name-not-recognised", 32);
    }
    await refused({ ...lls, value: valueField(toHex(fromAscii("Reader-secret"))) }, "authentication-failure", 32);
    await refused({ ...lls, value: tlv("ac", tlv("81", "0780")) }, "authentication-failure", 32);
    expect(["authentication-required", "accepted"]).toContain(await outcomeOf(unasked, 32));
    await refused({}, "authentication-required", 32);
  });

  it("A9: a dedicated key where nothing is ciphered is not usable", async () => {
    const client = clientOf();
    const answer = await outcome(client, rawAarq(initiated({ dedicatedKey: "00112233445566778899aabbccddeeff" })));
    expect(["accepted", "no-reason-given"]).toContain(answer);
    // A ded-get-request, which could only be opened with that key.
    expect(await say(client, "d01e3000000001000102030405060708090a0b0c0d0e0f101112131415161718")).toMatch(/^d8/);
    for (const dedicatedKey of ["00".repeat(15)]) {
      const odd = clientOf();
      expect(await outcome(odd, rawAarq(initiated({ dedicatedKey })))).not.toBe("no AARE");
    }
  });

  it("A10: any quality of service", async () => {
    for (const qualityOfService of ["01", "7f"]) {
      expect(await outcomeOf(initiated({ qualityOfService }))).toBe("accepted");
    }
  });

  it("A11: DLMS version 5 is refused with its reason, 7 and 255 become 6", async () => {
    const facts = await asked(clientOf(), rawAarq(initiated({ version: 5 })));
    expect(facts).toMatchObject({
      ...{ result: "rejected-permanent", diagnostic: "no-reason-given", userInformation: "0e010601" },
    });
    for (const version of [6, 7, 255]) {
      const answer = await asked(clientOf(), rawAarq(initiated({ version })));
      expect(answer?.userInformation).toMatch(/^080006/);
    }
  });

  it("A12: the conformance is what both have, reserved bits never; nothing in common is refused", async () => {
    const all = await asked(clientOf(), rawAarq(initiated({ conformance: "ffffff" })));
    const bits = Number.parseInt(all?.userInformation.slice(14, 20) as string, 16);
    // Bits 0, 6 and 7 are reserved; bit 0 is the first of the first octet.
    expect(bits & 0x830000).toBe(0);
    expect(bits & 0x000019).toBe(0x000019);
    const one = await asked(clientOf(), rawAarq(initiated({ conformance: "000010" })));
    expect(one?.userInformation.slice(6, 20)).toBe("5f1f0400000010");
    for (const conformance of ["000000", "1c0000"]) {
      const facts = await asked(clientOf(), rawAarq(initiated({ conformance })));
      expect(facts).toMatchObject({ result: "rejected-permanent", userInformation: "0e010602" });
    }
  });

  it("A13: no APDU is longer than the client takes", async () => {
    const small = await asked(clientOf(), rawAarq(initiated({ pduSize: 11 })));
    expect(small).toMatchObject({ result: "rejected-permanent", userInformation: "0e010603" });
    for (const pduSize of [12, 64, 0xffff, 0]) {
      const client = clientOf();
      expect(await outcome(client, rawAarq(initiated({ pduSize })))).toBe("accepted");
      await say(client, "c001c1000f0000280000ff0200");
      for (let block = 1; block < 4; block++) await say(client, `c002c10000000${block}`);
      const longest = Math.max(...client.received.slice(1).map(({ length }) => length));
      if (pduSize > 0) expect(longest).toBeLessThanOrEqual(pduSize);
      if (pduSize === 64) expect(longest).toBe(64);
    }
  });

  it("A15: another AARQ while associated leaves one context, the new one", async () => {
    const bench = new Bench(eitherWay());
    const client = bench.client({ client: 16 });
    expect(await outcome(client, rawAarq())).toBe("accepted");
    expect(await say(client, "c001c100010000600100ff0200")).toBe("c401c1001107");
    expect(await outcome(client, rawAarq(shortNames))).toBe("accepted");
    expect(await say(client, "0501023008")).toBe("0c01001107");
    expect(await say(client, "c001c100010000600100ff0200")).toMatch(/^(d8|0e)/);
    expect(await outcome(client, rawAarq({ context: "60857504070203" }))).toBe(
      "application-context-name-not-supported",
    );
    expect(await say(client, "0501023008")).not.toMatch(/^0c/);
  });

  it("A16: a release without an association; a pre-established association stays", async () => {
    const client = clientOf();
    expect(["", notAllowed]).toContain(await say(client, "6203800100"));
    expect(await outcome(client, rawAarq())).toBe("accepted");
    const preEstablished = { clientMaxReceivePduSize: 512 };
    const made = meter({
      ...{ name: "PRE1", objects: [dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 7 })] },
      associations: { open: { client: 16, security: none(), access: "read", preEstablished } },
    });
    const there = new Bench(made).client({ client: 16 });
    const get = "c001c100010000600100ff0200";
    expect(await say(there, get)).toBe("c401c1001107");
    await say(there, "6203800100");
    expect(await say(there, get)).toBe("c401c1001107");
  });

  it("A17: an unconfirmed AARQ has no AARE, and only unconfirmed services after it", async () => {
    const { meter: made, limit } = aMeter();
    const client = new Bench(made).client({ client: 1 });
    expect(await say(client, rawAarq(initiated({ responseAllowed: false })))).toBe("");
    expect(await say(client, getEnergy)).not.toMatch(/^c4/);
    expect(await say(client, "c101c10001000060010bff02001109")).not.toBe("c501c100");
    expect(limit.values.value).toBe(5);
    expect(await say(client, "c1018100010000600 10bff02001109".replaceAll(" ", ""))).toBe("");
    expect(limit.values.value).toBe(9);
  });

  it("A18: lengths in the long form; other octets open nothing and end nothing", async () => {
    const aarq = rawAarq(lls);
    const body = aarq.slice(4);
    const length = aarq.slice(2, 4);
    for (const form of [`81${length}`, `8200${length}`, `83000 0${length}`.replace(" ", "")]) {
      expect(await outcome(clientOf(32), `60${form}${body}`)).toBe("accepted");
    }
    const context = contextField("01");
    const rest = body.slice(context.length);
    const broken = [
      `6080${body}0000`,
      `60${(Number.parseInt(length, 16) + 1).toString(16)}${body}`,
      `607f${body}`,
      `${aarq.slice(0, -2)}`,
      `${aarq}00`,
      tlv("60", context, context, rest),
      tlv("60", rest, context),
      tlv("60", context, asksForAuthentication, rest),
      "60",
      "6000",
    ];
    for (const hex of broken) {
      const client = clientOf(32);
      expect(await say(client, hex), hex).not.toMatch(/a203020100/);
      expect(await say(client, getEnergy), hex).toBe(notAllowed);
      // In an open association it changes nothing either.
      const open = clientOf(32);
      expect(await outcome(open, aarq)).toBe("accepted");
      await say(open, hex);
      expect(await say(open, getEnergy), hex).toBe(energy);
    }
  });

  it("A19: secrets that are almost right", async () => {
    for (const value of [secret.slice(0, -2), `${secret}00`, "", "00".repeat(64), `00${secret}`]) {
      await refused({ ...lls, value: valueField(value) }, "authentication-failure", 32);
    }
  });

  it("A20: a hundred failures: the source waits longer and longer, and is told nothing of it", async () => {
    const limits = { failedAuthentications: 5, lockout: 1000, longestLockout: 60_000 };
    const bench = new Bench(aMeter().meter, { limits });
    const wrong = rawAarq({ ...lls, value: valueField("00") });
    const answers = new Set<string>();
    for (let at = 0; at < 100; at++) {
      const client = bench.client({ client: 32 });
      answers.add(await outcome(client, wrong));
      client.pump.destroy();
      // Every ten seconds: after each lock-out of less than that, one is looked at again.
      bench.clock.advance(10_000);
    }
    expect([...answers]).toEqual(["authentication-failure"]);
    const looked = bench.server.counts["refused:authentication-failed"] ?? 0;
    expect(looked).toBeLessThan(40);
    expect(bench.server.counts["refused:locked-out"]).toBe(100 - looked);
    const lockouts = bench.events.filter((event) => event.type === "locked");
    expect(lockouts).toHaveLength(bench.server.counts.locked as number);
    expect(lockouts.length).toBe(looked - 4);
    // The right secret does not count either now; when the source has waited, it does.
    expect(await outcome(bench.client({ client: 32 }), rawAarq(lls))).toBe("authentication-failure");
    bench.clock.advance(61_000);
    expect(await outcome(bench.client({ client: 32 }), rawAarq(lls))).toBe("accepted");
    // Another client of the meter is not touched by it.
    expect(await outcome(bench.client({ client: 1 }), rawAarq())).toBe("accepted");
  });

  it("A21: the vaa-name is 0007 for logical names, FA00 for short names", async () => {
    const bench = new Bench(eitherWay());
    const byLogicalName = await asked(bench.client({ client: 16 }), rawAarq());
    expect(byLogicalName?.userInformation).toMatch(/0007$/);
    const byShortName = await asked(bench.client({ client: 16 }), rawAarq(shortNames));
    expect(byShortName).toMatchObject({ result: "accepted" });
    expect(byShortName?.userInformation).toMatch(/fa00$/);
  });
});
