import { encodeApdu } from "@dlmskit/apdu";
import { concat, fromAscii, toHex } from "@dlmskit/core";
import { CounterGuard } from "@dlmskit/security";
import { MemoryState } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { restarted } from "../a-client.ts";
import { Case, countersOf, forger, getOf, how, look, reaction, readOf, seal, setOf, sta1, sta2, told } from "./case.ts";
import { clientTitle, counters, keysOf, meterTitle } from "./parties.ts";

const five = { type: "unsigned", value: 5 };

describe("S1 SYMSEC_0_BasicCap_1", () => {
  it("serves each security control that is declared, the answer protected as policy and request ask", async () => {
    for (const [policy, authenticated, encrypted, control] of [
      [1, true, false, 0x10],
      [3, true, true, 0x30],
      [1, true, true, 0x30],
      [0, true, false, 0x10],
    ] as const) {
      const client = await new Case({ policy }).open({ authenticated, encrypted });
      expect(await readOf(client)).toEqual(five);
      const response = client.received.at(-1) as Uint8Array;
      expect([response[0], response[2]]).toEqual([0xcc, control]);
    }
  });
});

describe("S2 SYMSEC_0_FraCount_1", () => {
  it("refuses what was heard, lower counters and 0; tells the lowest left; the next one works", async () => {
    const one = new Case();
    const client = await one.open();
    const sent: Uint8Array[] = [];
    const send = client.pump.send.bind(client.pump);
    client.pump.send = (pdu) => {
      sent.push(pdu);
      send(pdu);
    };
    expect(await client.set(...sta1, { type: "unsigned", value: 9 })).toBe("success");
    const heard = sent[0] as Uint8Array;
    const counter = new DataView(heard.buffer, heard.byteOffset).getUint32(3);
    const lowest = (counter + 1).toString(16).padStart(8, "0");
    expect(await told(client, heard)).toBe(`d80106${lowest}`);
    for (const old of [counter, counter - 1, 0]) {
      const by = forger(0, { counters: counters(old) });
      expect(await told(client, seal(getOf(), [how], by))).toBe(`d80106${lowest}`);
    }
    expect(one.writes).toBe(1);
    expect(await readOf(client)).toEqual({ type: "unsigned", value: 9 });
  });
});

describe("S3 SYMSEC_0_FraCount_3", () => {
  it("counts strictly up over responses, associations and restarts; the dedicated key has counters of its own", async () => {
    const state = new MemoryState();
    const seen: number[] = [];
    for (let boot = 0; boot < 3; boot++) {
      const one = new Case({ server: { store: await restarted(state) } });
      for (let association = 0; association < 2; association++) {
        const client = await one.open();
        for (let at = 0; at < 10; at++) await readOf(client);
        seen.push(...countersOf(client));
        await client.release();
      }
    }
    expect(seen.length).toBeGreaterThan(60);
    expect(seen.every((counter, at) => at === 0 || counter > (seen[at - 1] as number))).toBe(true);
    const dedicated = await new Case({ firstCounter: 500 }).open({ dedicatedKey: true });
    for (let at = 0; at < 3; at++) await readOf(dedicated);
    expect(countersOf(dedicated, 0xd0, 0xd7)).toEqual([500, 501, 502]);
    expect(Math.min(...countersOf(dedicated))).toBeGreaterThanOrEqual(500);
  });
});

describe("S9 SYMSEC_0_DedKey_N1", () => {
  it("refuses a dedicated form without dedicated key, with another, and after the release", async () => {
    const dedicated = (key: Uint8Array) =>
      forger(0, { dedicated: { key, counters: counters(50), replay: new CounterGuard() } });
    const ded = { ...how, form: "ded" } as const;
    const without = await new Case().open();
    expect(await told(without, seal(getOf(), [ded], dedicated(new Uint8Array(16))))).toMatch(reaction);
    const one = new Case();
    const client = await one.open({ dedicatedKey: true });
    expect(await told(client, seal(getOf(), [ded], dedicated(new Uint8Array(16))))).toMatch(reaction);
    expect(await readOf(client)).toEqual(five);
    const sent: Uint8Array[] = [];
    const send = client.pump.send.bind(client.pump);
    client.pump.send = (pdu) => {
      sent.push(pdu);
      send(pdu);
    };
    await readOf(client);
    await client.release();
    expect(await told(client, sent[0] as Uint8Array)).toMatch(reaction);
  });
});

describe("S10 SYMSEC_0_SecDataX_P1", () => {
  it("writes and reads both values under the global and the dedicated key", async () => {
    for (const dedicatedKey of [false, true]) {
      const client = await new Case().open({ dedicatedKey });
      for (const [at, item] of ([sta1, sta2] as const).entries()) {
        expect(await client.set(item[0], item[1], item[2], { type: "unsigned", value: 20 + at })).toBe("success");
        expect(await readOf(client, item)).toEqual({ type: "unsigned", value: 20 + at });
      }
      const response = client.received.at(-1) as Uint8Array;
      expect([response[0], response[2]]).toEqual([dedicatedKey ? 0xd4 : 0xcc, 0x30]);
    }
  });
});

describe("S11 SYMSEC_0_SecDataX_N1 and S16", () => {
  it("refuses every wrong protection of a write, and writes nothing", { timeout: 60_000 }, async () => {
    const one = new Case({ server: { limits: { failedAuthentications: 10_000 } } });
    const client = await one.open();
    const write = setOf(99);
    const keys = keysOf(0);
    const flipped = (pdu: Uint8Array, at: number, bits: number) => pdu.with(at, (pdu[at] as number) ^ bits);
    const good = () => seal(write, [how]);
    const wrong: [string, Uint8Array][] = [
      ["plain", write],
      ["wrong EK", seal(write, [how], forger(0, { keys: { ...keys, encryptionKey: new Uint8Array(16) } }))],
      ["wrong AK", seal(write, [how], forger(0, { keys: { ...keys, authenticationKey: new Uint8Array(16) } }))],
      ["authenticated alone", seal(write, [{ ...how, encrypted: false }])],
      ["encrypted alone", seal(write, [{ ...how, authenticated: false }])],
      ...Array.from({ length: 96 }, (_, bit): [string, Uint8Array] => {
        const pdu = good();
        return [`tag bit ${bit}`, flipped(pdu, pdu.length - 12 + (bit >> 3), 1 << (bit & 7))];
      }),
      ...Array.from({ length: 15 }, (_, at): [string, Uint8Array] => [`suite ${at + 1}`, flipped(good(), 2, at + 1)]),
      ["no protection bits", flipped(good(), 2, 0x30)],
      ["S16: no tag", shorter(good(), 12)],
      ["S16: 11 octets", shorter(good(), 1)],
      ["S16: 8 octets", shorter(good(), 4)],
      ["S16: 4 octets", shorter(good(), 8)],
      ["S16: 16 octets", longer(good(), 4)],
      ["nothing within", Uint8Array.of(0xc9, 5, 0x30, 0, 0, 0xff, 0xff)],
    ];
    for (const [name, pdu] of wrong) expect(await told(client, pdu), name).toMatch(reaction);
    expect(one.writes).toBe(0);
    expect(await told(client, good())).toMatch(/^cd/);
    expect(one.writes).toBe(1);
  });

  const shorter = (pdu: Uint8Array, by: number) =>
    concat(Uint8Array.of(pdu[0] as number, (pdu[1] as number) - by), pdu.subarray(2, pdu.length - by));
  const longer = (pdu: Uint8Array, by: number) =>
    concat(Uint8Array.of(pdu[0] as number, (pdu[1] as number) + by), pdu.subarray(2), new Uint8Array(by));
});

describe("S12 SYMSEC_REL_N1", () => {
  it("does not release on a request that is not protected", async () => {
    const client = await new Case().open();
    expect(await told(client, encodeApdu({ apdu: "rlrq", reason: "normal" }))).toMatch(reaction);
    expect(await readOf(client)).toEqual(five);
    const initiate = encodeApdu({
      apdu: "initiate-request",
      responseAllowed: true,
      proposedDlmsVersionNumber: 6,
      proposedConformance: ["get"],
      clientMaxReceivePduSize: 0,
    });
    const plain = encodeApdu({ apdu: "rlrq", reason: "normal", userInformation: initiate });
    expect(await told(client, plain)).toMatch(reaction);
    expect(await readOf(client)).toEqual(five);
  });
});

describe("S17", () => {
  it("refuses a ciphered tag that is not that of the APDU within", async () => {
    const one = new Case();
    const client = await one.open();
    const pdu = seal(setOf(77), [how]);
    expect(pdu[0]).toBe(0xc9);
    expect(await told(client, pdu.with(0, 0xc8))).toMatch(reaction);
    expect(one.writes).toBe(0);
  });
});

describe("S18", () => {
  it("knows its client by the system title: its own, unknown ones and others within are refused", async () => {
    const one = new Case({ server: { limits: { failedAuthentications: 10_000 } } });
    const mirrored = await one.client({ systemTitle: meterTitle, serverSystemTitle: clientTitle }).open();
    expect(mirrored.opened).toBe(false);
    const client = await one.open();
    const general = { ...how, form: "general-glo" } as const;
    for (const [systemTitle, peerSystemTitle] of [
      [meterTitle, clientTitle],
      [fromAscii("CLI00002"), meterTitle],
    ] as const) {
      expect(await told(client, seal(getOf(), [general], forger(0, { systemTitle, peerSystemTitle })))).toMatch(
        reaction,
      );
    }
    expect(await told(client, seal(getOf(), [general]))).toMatch(/^db/);
    // Another client of the same keys gets an association of its own, and is then the only one in it.
    const second = await one.open({ systemTitle: fromAscii("CLI00002"), counters: counters() });
    expect(second.opened).toBe(true);
    expect(await told(second, seal(getOf(), [general]))).toMatch(reaction);
  });
});

describe("S19", () => {
  it("takes the last counter once, and sends none after its own last", async () => {
    const client = await new Case().open();
    const last = forger(0, { counters: counters(0xffffffff) });
    const pdu = seal(getOf(), [how], last);
    expect(() => seal(getOf(), [how], last)).toThrow("no invocation counter left");
    expect(await told(client, pdu)).toMatch(/^cc/);
    expect(await told(client, pdu)).toBe("d80106ffffffff");
    expect(await told(client, seal(getOf(), [how], forger(0, { counters: counters(0x10) })))).toBe("d80106ffffffff");
    // The meter's own: AARE, pass 4 and its GMAC, one response; then there is none, and it says nothing in clear.
    const worn = new Case({ firstCounter: 0xffffffff - 3 });
    const other = await worn.open();
    expect(await readOf(other)).toEqual(five);
    await expect(readOf(other)).rejects.toThrow();
    expect(toHex(other.received.at(-1) as Uint8Array)).toMatch(reaction);
  });
});

describe("S20", () => {
  it("moves the counter on a right tag only", async () => {
    const client = await new Case().open();
    const far = seal(getOf(), [how], forger(0, { counters: counters(1_000_000_000) }));
    expect(await told(client, far.with(far.length - 1, (far.at(-1) as number) ^ 1))).toMatch(reaction);
    expect(await readOf(client)).toEqual(five);
  });
});

describe("S21", () => {
  it("refuses the broadcast bit with the unicast key, and the broadcast key for what wants an answer", async () => {
    const one = new Case();
    const client = await one.open();
    const broadcast = { counters: counters(5) };
    const all = { ...how, broadcast: true } as const;
    const { encryptionKey } = keysOf(0);
    const wrongKey = forger(0, { broadcast, keys: { ...keysOf(0), broadcastKey: encryptionKey } });
    expect(await told(client, seal(setOf(1), [all], wrongKey))).toMatch(reaction);
    expect(await told(client, seal(setOf(1), [all], forger(0, { broadcast })))).toMatch(reaction);
    expect(one.writes).toBe(0);
    const unconfirmed = setOf(33).with(2, 0x02);
    expect(await told(client, seal(unconfirmed, [all], forger(0, { broadcast })))).toBe("");
    expect(one.writes).toBe(1);
    expect(await readOf(client)).toEqual({ type: "unsigned", value: 33 });
  });
});

describe("S22", () => {
  it("refuses what is compressed, by name: nothing of it is unpacked", async () => {
    const one = new Case();
    const client = await one.open();
    const bomb = forger(0, { compression: { compress: () => new Uint8Array(64), decompress: (octets) => octets } });
    expect(await told(client, seal(getOf(), [{ ...how, compressed: true }], bomb))).toMatch(reaction);
    const refused = one.bench.events.findLast(({ type }) => type === "refused");
    expect(refused).toMatchObject({
      fault: { code: "bad-security-control", hint: expect.stringContaining("compression") },
    });
  });
});

describe("S23", () => {
  it("answers scope-of-access-violated where the right wants protection that the policy does not", async () => {
    const client = await new Case({ policy: 0, association: { access: authenticatedOnly } }).open();
    expect(await told(client, getOf())).toBe("c40141010d");
    expect(look((await client.raw(seal(getOf(), [how]))) as Uint8Array).apdu).toMatchObject({ result: { data: five } });
  });
  const authenticatedOnly = { attribute: () => 0x27, method: () => 0 };
});

describe("S24", () => {
  it("protects the answer to a plain request where policy bits 5 to 7 ask for it", async () => {
    for (const [policy, protection] of [
      [0x20, { authenticated: true, encrypted: false, signed: false }],
      [0x60, { authenticated: true, encrypted: true, signed: false }],
      [0x80, { authenticated: false, encrypted: false, signed: true }],
      [0xe0, { authenticated: true, encrypted: true, signed: true }],
    ] as const) {
      const client = await new Case({ suite: 1, policy }).open();
      const pdu = (await client.raw(getOf())) as Uint8Array;
      expect(look(pdu, forger(1)).protection, policy.toString(16)).toEqual(protection);
    }
  });
});

describe("S25", () => {
  it("never repeats a counter, whenever it is cut off", async () => {
    const state = new MemoryState();
    const seen = new Set<number>();
    for (let run = 0; run < 20; run++) {
      const one = new Case({ server: { store: await restarted(state) } });
      const client = await one.open();
      for (let at = 0; at < run % 7; at++) await readOf(client);
      for (const counter of countersOf(client)) {
        expect(seen.has(counter), `counter ${counter} in run ${run}`).toBe(false);
        seen.add(counter);
      }
    }
    expect(seen.size).toBeGreaterThan(70);
  });
});
