import { encodeApdu } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { CounterGuard, type ReplayGuard } from "@dlmskit/security";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../../test/campaign.ts";
import type { Client } from "../a-client.ts";
import { Case, forger, getOf, how, look, random, reaction, readOf, seal, setOf, sta1, told } from "./case.ts";
import { clientSecurity, clientTitle, counters, keysOf, meterTitle, protectionsOf } from "./parties.ts";

const five = { type: "unsigned", value: 5 };

/** Hears what a client sends. */
function heard(client: Client): Uint8Array[] {
  const sent: Uint8Array[] = [];
  const send = client.pump.send.bind(client.pump);
  client.pump.send = (pdu) => {
    sent.push(pdu);
    send(pdu);
  };
  return sent;
}

describe("2.1 replay", () => {
  it("executes nothing twice, whatever is repeated or comes in another order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(9), { minLength: 10, maxLength: 30 }),
        fc.constantFrom("glo", "general-glo") as fc.Arbitrary<"glo" | "general-glo">,
        async (order, form) => {
          const one = new Case();
          const client = await one.open();
          const by = forger();
          const writes = Array.from({ length: 10 }, (_, at) => seal(setOf(at), [{ ...how, form }], by));
          let highest = -1;
          let rising = 0;
          for (const at of order) {
            const answer = await told(client, writes[at] as Uint8Array);
            expect(/^(cd|db)/.test(answer)).toBe(at > highest);
            if (at > highest) rising++;
            highest = Math.max(highest, at);
          }
          expect(one.writes).toBe(rising);
        },
      ),
      { numRuns: times(40) },
    );
  });

  it("executes nothing twice in the general forms, whose keys come with the APDU", async () => {
    for (const key of ["wrapped-key", "one-pass-diffie-hellman", "static-unified-model"] as const) {
      const one = new Case({ suite: 1 });
      const layer = { form: "general-ciphering", authenticated: true, encrypted: true, key } as const;
      const pdu = seal(setOf(9), [{ ...layer, transactionId: random(8) }], forger(1));
      const client = await one.open();
      expect(await told(client, pdu)).toMatch(/^dd/);
      expect(await told(client, pdu)).toMatch(/^d80106|^d80105/);
      await client.release();
      // Nor in the next association, or on another line.
      const next = await one.open();
      expect(await told(next, pdu)).toMatch(/^d8010[56]/);
      expect(one.writes).toBe(1);
    }
  });
});

describe("2.2 nonce reuse", () => {
  it("counts two associations of one key together", async () => {
    const { meter } = await import("../../src/index.ts");
    const { meterSecrets } = await import("./parties.ts");
    const security = { mechanism: 5, ciphered: true, suite: 0, policy: 3, setupVersion: 0 } as const;
    const secrets = meterSecrets(0);
    const one = new Case();
    const twin = meter({
      ...{ name: "TST0000000000002", systemTitle: meterTitle, objects: [] },
      associations: {
        first: { client: 48, security: { ...security, secrets }, access: "full" },
        second: { client: 49, security: { ...security, secrets }, access: "full" },
      },
      firstCounter: 0,
    });
    const [first, second] = twin.template.associations.map((association) => twin.state(association));
    expect(first?.counters).toBe(second?.counters);
    expect(first?.replay).not.toBe(second?.replay);
    expect(one.state.counters).not.toBe(first?.counters);
  });
});

describe("2.3 HLS-5 as a signing oracle", () => {
  it("makes nothing of a pass 3 that could be executed: its counter is used, and policy wants more than a tag", async () => {
    const method = { classId: 64, instanceId: "0.0.43.0.1.255", methodId: 1 };
    const invoke = { invokeId: 1, priority: "normal", serviceClass: "confirmed" } as const;
    const challenge = encodeApdu({
      apdu: "action-request-normal",
      ...invoke,
      method,
      parameters: { type: "enum", value: 3 },
    });
    // What a rogue meter gets of a client that answers its challenge, and then sends to the real one.
    const forged = seal(challenge, [{ ...how, encrypted: false }], forger(0, { counters: counters(0x2000_0000) }));
    const usual = await new Case().open();
    expect(await told(usual, forged)).toMatch(reaction);
    const weak = new Case({ policy: 1 });
    const client = await weak.open({ encrypted: false, counters: counters(0x3000_0000) });
    expect(await told(client, forged)).toMatch(/^d80106/);
    expect(weak.state.policy).toBe(1);
    const strict = new Case({ association: { strictChallenges: true } });
    expect((await strict.open()).opened).toBe(true);
    expect(clientSecurity(0, { strictChallenges: true }).strictChallenges).toBe(true);
  });
});

describe("2.4 reflection", () => {
  it("lets nobody in who sends everything back", async () => {
    for (const mechanism of [2, 3, 4, 5, 6] as const) {
      const one = new Case({ mechanism, ciphered: mechanism === 5 });
      const client = one.client();
      // The rogue: a line that gives the client its own octets back.
      client.pump.send = (pdu) => client.initiator.receive(pdu, 0);
      await client.open();
      client.drain();
      expect(client.opened).toBe(false);
      const mirrored = await one.open();
      const own = heard(mirrored);
      expect(await readOf(mirrored)).toEqual(five);
      const response = mirrored.received.at(-1) as Uint8Array;
      expect(await told(mirrored, response)).toMatch(reaction);
      expect(own.length).toBeGreaterThan(0);
    }
  });
});

describe("2.5 authentication by state", () => {
  it("is not associated while pending, nor after a wrong pass 3, nor by a lower mechanism", async () => {
    const one = new Case({ mechanism: 3, ciphered: false, server: { limits: { failedAuthentications: 100 } } });
    const pending = one.client();
    const send = pending.pump.send.bind(pending.pump);
    pending.pump.send = (pdu) => {
      if (pdu[0] === 0x60) send(pdu);
    };
    await pending.open();
    expect(await told(pending, getOf())).toBe("");
    pending.pump.send = send;
    expect(await told(pending, getOf())).toMatch(reaction);
    const method = { classId: 15, instanceId: "0.0.40.0.0.255", methodId: 1 };
    const invoke = { invokeId: 1, priority: "normal", serviceClass: "confirmed" } as const;
    const parameters = { type: "octet-string", value: new Uint8Array(16) } as const;
    const wrong = encodeApdu({ apdu: "action-request-normal", ...invoke, method, parameters });
    expect(await told(pending, wrong)).not.toMatch(/00010009/);
    expect(await told(pending, getOf())).toMatch(reaction);
    expect(await told(pending, wrong)).toMatch(reaction);
    for (const mechanism of [0, 1, 2] as const) {
      expect((await one.open({}, { mechanism })).opened, `mechanism ${mechanism}`).toBe(false);
    }
  });
});

describe("2.7 and 2.8 downgrade and malleability", () => {
  it("gives no answer in clear where the request was ciphered, and takes none", async () => {
    const one = new Case({ policy: 0 });
    const client = await one.open();
    expect(look((await client.raw(seal(getOf(), [how]))) as Uint8Array).protection).toMatchObject({ encrypted: true });
    // What is only encrypted can be altered bit by bit on its way: nothing of it is taken, whatever the policy.
    const open = seal(setOf(1), [{ ...how, authenticated: false }]);
    for (const pdu of [open, open.with(open.length - 1, (open.at(-1) as number) ^ 6)]) {
      expect(await told(client, pdu)).toMatch(reaction);
    }
    expect(one.writes).toBe(0);
    const id = client.initiator.request(
      { service: "get", items: [{ classId: sta1[0], instanceId: sta1[1], attributeId: sta1[2] }] },
      {},
      one.bench.clock.now(),
    );
    const before = client.outputs.length;
    client.initiator.receive(fromHex("c401410011 2a".replaceAll(" ", "")), one.bench.clock.now());
    client.drain();
    expect(client.outputs.slice(before)).toMatchObject([{ type: "dropped" }]);
    expect(id).toBeGreaterThan(0);
  });
});

describe("2.9 counter desynchronisation", () => {
  it("is not moved by who has no key", async () => {
    const one = new Case();
    const client = await one.open();
    const keys = { ...keysOf(0), authenticationKey: new Uint8Array(16) };
    for (const from of [0xfffffff0, 0x7fffffff]) {
      expect(await told(client, seal(getOf(), [how], forger(0, { keys, counters: counters(from) })))).toMatch(reaction);
    }
    expect(await readOf(client)).toEqual(five);
    const guard: ReplayGuard = new CounterGuard(0xffffffff);
    expect(guard.check(0xffffffff)).toBe(true);
  });
});

describe("2.10 passwords", () => {
  it("tells no more of a wrong password than that it is wrong, and locks out who tries on", async () => {
    const one = new Case({
      mechanism: 1,
      ciphered: false,
      server: { limits: { failedAuthentications: 3, lockout: 60_000 } },
    });
    const answers = new Set<string>();
    for (const wrong of ["0", "0123456789abcde", "0123456789abcdeg", "0123456789abcdef0"]) {
      const secret = Uint8Array.from(wrong, (letter) => letter.charCodeAt(0));
      const client = await one.open({}, { secret, shortSecrets: true });
      expect(client.opened).toBe(false);
      if (answers.size < 1 || !one.bench.events.some(({ type }) => type === "locked"))
        answers.add(toHex(client.received[0] as Uint8Array));
    }
    expect(answers.size).toBe(1);
    expect((await one.open()).opened).toBe(false);
  });
});

describe("2.13 certificates and what they bind", () => {
  it("takes no signature of one client for another's", async () => {
    const one = new Case({ suite: 1, policy: 0 });
    const client = await one.open();
    const stranger = protectionsOf(1, "client");
    const pdu = seal(setOf(1), [{ form: "general-signing", transactionId: random(8) }], stranger);
    // The originator's title is signed: put another's in its place, and the signature is wrong.
    const at = toHex(pdu).indexOf(toHex(clientTitle)) / 2;
    const altered = pdu.slice();
    altered[at + 7] = 0x39;
    expect(await told(client, altered)).toMatch(reaction);
    expect(one.writes).toBe(0);
  });
});

describe("2.14 octets meant to cost", () => {
  it("answers hostile protection at once and without memory", async () => {
    const one = new Case({ suite: 1, server: { limits: { failedAuthentications: 1_000_000 } } });
    const client = await one.open();
    const bombs = [
      "c8847fffffff300000000100",
      "db084d4d4d0000bc614e84ffffffff30",
      "dd84ffffffff",
      "dd000000000000ff",
      "df0000000000840fffffff",
      `dd${"00".repeat(5)}01020101${"82ffff"}`,
      `${"df0000000000".repeat(100)}`,
      "c800",
      "dc",
      "21",
    ];
    const begun = process.cpuUsage();
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < 50; round++) {
      for (const bomb of bombs) {
        client.received.length = 0;
        client.pump.send(fromHex(bomb));
        await one.bench.settle(1);
        expect(client.received.length === 0 || reaction.test(toHex(client.received[0] as Uint8Array)), bomb).toBe(true);
      }
    }
    // Some ms of this process alone for each, what the test itself does with it.
    expect(process.cpuUsage(begun).user / 1000 / (50 * bombs.length)).toBeLessThan(20);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
    expect(await readOf(client)).toEqual(five);
  });

  it("opens no more than four layers", async () => {
    const client = await new Case({ suite: 1, policy: 0 }).open();
    const by = forger(1);
    let pdu = getOf();
    for (let at = 0; at < 6; at++) pdu = seal(pdu, [{ form: "general-signing", transactionId: random(8) }], by);
    expect(await told(client, pdu)).toMatch(reaction);
  });
});

describe("2.15 traffic analysis", () => {
  it("offers forms that do not tell the service", async () => {
    const client = await new Case().open({ form: "general-glo" });
    const sent = heard(client);
    await readOf(client);
    await client.set(...sta1, { type: "unsigned", value: 6 });
    expect(new Set(sent.map(([tag]) => tag))).toEqual(new Set([0xdb]));
    expect(client.received.slice(-2).map(([tag]) => tag)).toEqual([0xdb, 0xdb]);
  });
});
