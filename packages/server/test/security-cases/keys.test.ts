import type { Data } from "@dlmskit/apdu";
import { dataOf, fromData } from "@dlmskit/apdu";
import { agreeKeys } from "@dlmskit/client";
import { KeyAgreementData, WrappedKeys } from "@dlmskit/cosem-objects";
import { type AgreedKeyId, CounterGuard, offerKey } from "@dlmskit/security";
import { MemoryState } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { type Client, restarted } from "../a-client.ts";
import { Case, countersOf, forger, how, random, reaction, readOf, seal, setOf, setup, told } from "./case.ts";
import {
  clientTitle,
  counters,
  keysOf,
  masterKeyOf,
  meterTitle,
  privateKeysOf,
  provider,
  publicKeysOf,
  type Suite,
} from "./parties.ts";

const five = { type: "unsigned", value: 5 };
const newKey = (suite: Suite, from: number) => Uint8Array.from({ length: suite === 2 ? 32 : 16 }, (_, at) => from + at);

/** key_transfer; the answer comes under the old key. */
async function transfer(client: Client, keys: readonly { keyId: number; wrapped: Uint8Array }[]): Promise<string> {
  const parameters = dataOf(WrappedKeys, [...keys]) as unknown as Data;
  return client.invoke(...setup, 2, parameters);
}
const wrap = (suite: Suite, key: Uint8Array) => provider.wrapKey(masterKeyOf(suite), key);

function change(client: Client, keys: ReturnType<typeof keysOf>, from?: number): void {
  client.initiator.changeKeys({ keys, counters: counters(from), replay: new CounterGuard() });
}

describe("S4 SYMSEC_0_Key_Tx_P1", () => {
  for (const suite of [0, 1, 2] as const) {
    it(`suite ${suite}: a new unicast key holds from the answer on, its counters begin anew; the old one comes back where it was`, async () => {
      const one = new Case({ suite, firstCounter: 0 });
      const client = await one.open();
      const old = keysOf(suite);
      const fresh = { ...old, encryptionKey: newKey(suite, 0x20) };
      const before = countersOf(client).at(-1) as number;
      expect(await transfer(client, [{ keyId: 0, wrapped: wrap(suite, fresh.encryptionKey) }])).toBe("success");
      const answered = countersOf(client).at(-1) as number;
      expect(answered).toBeGreaterThan(before);
      expect(await told(client, seal(setOf(1), [how], forger(suite)))).toMatch(reaction);
      // Both ends count from their first again.
      change(client, fresh, 0);
      expect(await readOf(client)).toEqual(five);
      expect(countersOf(client).at(-1)).toBe(0);
      expect(await transfer(client, [{ keyId: 0, wrapped: wrap(suite, old.encryptionKey) }])).toBe("success");
      change(client, old);
      expect(await readOf(client)).toEqual(five);
      expect(countersOf(client).at(-1)).toBe(answered + 1);
      await client.release();
      const again = await one.open();
      expect(again.opened).toBe(true);
    });
  }
});

describe("S5 SYMSEC_0_Key_Tx_P2", () => {
  it("takes a new authentication key; the counters of the unicast key go on", async () => {
    const one = new Case({ firstCounter: 0 });
    const client = await one.open();
    const fresh = { ...keysOf(0), authenticationKey: newKey(0, 0x30) };
    expect(await transfer(client, [{ keyId: 2, wrapped: wrap(0, fresh.authenticationKey) }])).toBe("success");
    const answered = countersOf(client).at(-1) as number;
    change(client, fresh);
    expect(await readOf(client)).toEqual(five);
    expect(countersOf(client).at(-1)).toBe(answered + 1);
    expect(await transfer(client, [{ keyId: 2, wrapped: wrap(0, keysOf(0).authenticationKey) }])).toBe("success");
    change(client, keysOf(0));
    expect(await readOf(client)).toEqual(five);
  });

  it("repeats no counter of a key whose companion was changed, not even over a restart", async () => {
    const state = new MemoryState();
    const one = new Case({ server: { store: await restarted(state) } });
    const client = await one.open();
    const fresh = { ...keysOf(0), authenticationKey: newKey(0, 0x30) };
    expect(await transfer(client, [{ keyId: 2, wrapped: wrap(0, fresh.authenticationKey) }])).toBe("success");
    change(client, fresh);
    await readOf(client);
    // The row has the keys that were not changed as well.
    const { broadcastKey } = keysOf(0);
    const [row] = [...(state.securitySettings.get("TST0000000000001")?.values() ?? [])];
    expect(row).toMatchObject({ ...fresh, broadcastKey, masterKey: masterKeyOf(0) });
    const seen = countersOf(client);
    const after = new Case({ server: { store: await restarted(state) } });
    const second = await after.open({ keys: fresh });
    await readOf(second);
    for (const counter of countersOf(second)) expect(seen).not.toContain(counter);
  });
});

describe("S6 SYMSEC_0_Key_Tx_P3", () => {
  it("takes two keys at once, or neither", async () => {
    const one = new Case();
    const client = await one.open();
    const fresh = { ...keysOf(0), encryptionKey: newKey(0, 0x20), authenticationKey: newKey(0, 0x30) };
    const first = { keyId: 0, wrapped: wrap(0, fresh.encryptionKey) };
    const bad = wrap(0, fresh.authenticationKey);
    expect(await transfer(client, [first, { keyId: 2, wrapped: bad.with(0, (bad[0] as number) ^ 1) }])).not.toBe(
      "success",
    );
    expect(await readOf(client)).toEqual(five);
    expect(await transfer(client, [first, { keyId: 2, wrapped: bad }])).toBe("success");
    change(client, fresh);
    expect(await readOf(client)).toEqual(five);
  });
});

describe("S7 and S8 SYMSEC_0_Key_Tx_N1, N2", () => {
  for (const suite of [0, 2] as const) {
    it(`suite ${suite}: leaves all keys as they are`, async () => {
      const one = new Case({ suite });
      const client = await one.open();
      const good = wrap(suite, newKey(suite, 0x20));
      const wrong: [string, number, Uint8Array][] = [
        ["S7: key id 99", 99, good],
        ...Array.from({ length: good.length }, (_, at): [string, number, Uint8Array] => [
          `a bit of octet ${at}`,
          0,
          good.with(at, (good[at] as number) ^ 0x10),
        ]),
        ["another key-encryption key", 0, provider.wrapKey(keysOf(suite).encryptionKey, newKey(suite, 0x20))],
        ["one octet less", 0, good.subarray(1)],
        ["eight octets more", 0, new Uint8Array(good.length + 8)],
        ["nothing", 0, new Uint8Array(0)],
        ["a key of the other length", 0, provider.wrapKey(masterKeyOf(suite), newKey(suite === 2 ? 0 : 2, 1))],
      ];
      for (const [name, keyId, wrapped] of wrong) {
        expect(await transfer(client, [{ keyId, wrapped }]), name).toBe("other-reason");
      }
      expect(one.state.keyVersion).toBe(0);
      expect(await readOf(client)).toEqual(five);
    });
  }
});

describe("S13 to S15 SYMSEC_0_SecPol_1..3", () => {
  it("refuses what is weaker from then on; a policy only gets stronger, and stays so over a restart", async () => {
    const state = new MemoryState();
    const one = new Case({ policy: 0, server: { store: await restarted(state) } });
    const client = await one.open();
    const activate = (policy: number) => client.invoke(...setup, 1, { type: "enum", value: policy });
    const weaker = { ...how, encrypted: false };
    expect(await activate(1)).toBe("success");
    expect(await told(client, setOf(1))).toMatch(reaction);
    expect(await told(client, seal(setOf(1), [weaker]))).toMatch(/^cd/);
    const later = await one.open();
    const invoke = (policy: number) => later.invoke(...setup, 1, { type: "enum", value: policy });
    expect(await invoke(0)).toBe("other-reason");
    expect(await invoke(2)).toBe("other-reason");
    expect(await invoke(3)).toBe("success");
    expect(await told(later, seal(setOf(2), [weaker]))).toMatch(reaction);
    for (const lower of [0, 1, 2])
      expect(await (await one.open()).invoke(...setup, 1, { type: "enum", value: lower })).toBe("other-reason");
    expect(one.writes).toBe(1);
    const again = new Case({ policy: 0, server: { store: await restarted(state) } });
    expect((await again.open({ encrypted: false })).opened).toBe(false);
    const reader = await again.open();
    expect((await reader.get([...setup, 2]))[0]).toMatchObject({ data: { type: "enum", value: 3 } });
  });

  it("has bits in version 1, those of signatures only where there is something to sign and verify with (O17)", async () => {
    const strongest = new Case({ suite: 1, policy: 0 });
    const client = await strongest.open({ signed: "inside", form: "general-glo" });
    const activate = (of: Client, policy: number) => of.invoke(...setup, 1, { type: "enum", value: policy });
    for (const policy of [0x01, 0x02, 0x03, 0xff]) expect(await activate(client, policy)).toBe("other-reason");
    expect(await activate(client, 0x10)).toBe("success");
    expect(await activate(client, 0xfc)).toBe("success");
    expect(await readOf(client)).toEqual(five);
    expect(await activate(client, 0x6c)).toBe("other-reason");
    expect((await strongest.open()).opened).toBe(false);
    const without = new Case({ suite: 1, mechanism: 5, policy: 0, secrets: { privateKeys: {}, certificates: [] } });
    const unsigned = await without.open();
    expect(await activate(unsigned, 0x80)).toBe("other-reason");
    expect(await activate(unsigned, 0x10)).toBe("other-reason");
    const old = await new Case({ suite: 0, setupVersion: 1, policy: 0 }).open();
    for (const policy of [0x10, 0x80]) expect(await activate(old, policy)).toBe("other-reason");
  });
});

describe("S32 SEC1_KEYAGR and S33", () => {
  const asked = (suite: Suite, keyIds: readonly AgreedKeyId[]) => ({
    ...{ instanceId: setup[1], suite, keyIds, provider, random },
    signingKey: privateKeysOf(suite, "client").digitalSignature,
    meterPublicKey: publicKeysOf(suite, "meter").publicKey(meterTitle, "digital-signature") as Uint8Array,
    ...{ clientSystemTitle: clientTitle, meterSystemTitle: meterTitle },
  });
  const session = (client: Client) => ({
    async invoke(method: { classId: number; instanceId: string; methodId: number }, parameters: unknown) {
      const [outcome] = (await client.request({
        service: "action",
        items: [{ method, parameters: parameters as Data }],
      })) as [{ result: string; data?: Data }];
      if (outcome.result !== "success") throw new Error(outcome.result);
      return outcome.data;
    },
  });

  for (const suite of [1, 2] as const) {
    it(`suite ${suite}: agrees on keys by method 3, ephemeral unified model`, async () => {
      const one = new Case({ suite });
      const client = await one.open();
      const keys = await agreeKeys(session(client), asked(suite, [0, 2]));
      const fresh = {
        ...keysOf(suite),
        encryptionKey: keys.get(0) as Uint8Array,
        authenticationKey: keys.get(2) as Uint8Array,
      };
      expect(fresh.encryptionKey).not.toEqual(keysOf(suite).encryptionKey);
      change(client, fresh);
      expect(await readOf(client)).toEqual(five);
      // Also the master key: what is wrapped under it is taken.
      const master = (await agreeKeys(session(client), asked(suite, [3]))).get(3) as Uint8Array;
      change(client, fresh);
      const wrapped = provider.wrapKey(master, newKey(suite, 0x70));
      expect(await transfer(client, [{ keyId: 0, wrapped }])).toBe("success");
    });

    it(`suite ${suite}: a wrong signature, point, length or id changes nothing`, async () => {
      const one = new Case({ suite });
      const client = await one.open();
      const signingKey = privateKeysOf(suite, "client").digitalSignature;
      const make = (keyId: AgreedKeyId, key = signingKey) =>
        offerKey({ provider, suite, keyId, signingKey: key, random }).keyData;
      const good = make(0);
      const half = good.length / 2;
      const wrong: [string, { keyId: number; keyData: Uint8Array }[]][] = [
        ["bad signature", [{ keyId: 0, keyData: good.with(good.length - 1, (good.at(-1) as number) ^ 1) }]],
        ["signed for another key id", [{ keyId: 2, keyData: good }]],
        ["another signer", [{ keyId: 0, keyData: make(0, privateKeysOf(suite, "meter").digitalSignature) }]],
        ["off the curve", [{ keyId: 0, keyData: good.with(0, (good[0] as number) ^ 1) }]],
        ["a public key alone", [{ keyId: 0, keyData: good.subarray(0, half) }]],
        ["key id 9", [{ keyId: 9, keyData: good }]],
        [
          "one key twice",
          [
            { keyId: 0, keyData: good },
            { keyId: 0, keyData: make(0) },
          ],
        ],
        [
          "one of two is bad",
          [
            { keyId: 0, keyData: good },
            { keyId: 2, keyData: good },
          ],
        ],
        ["no key", []],
      ];
      for (const [name, offered] of wrong) {
        const result = await client.invoke(...setup, 3, dataOf(KeyAgreementData, offered) as unknown as Data);
        expect(result, name).toBe("other-reason");
      }
      expect(one.state.keyVersion).toBe(0);
      expect(await readOf(client)).toEqual(five);
      expect(fromData(KeyAgreementData, dataOf(KeyAgreementData, [{ keyId: 0, keyData: good }]))).toHaveLength(1);
    });
  }

  it("S33: the suite of a meter is not changed by its clients, up or down", async () => {
    for (const suite of [0, 1, 2] as const) {
      const one = new Case({ suite });
      const client = await one.open();
      for (const other of [0, 1, 2, 15]) {
        expect(await client.set(...setup, 3, { type: "enum", value: other })).toBe("read-write-denied");
      }
      const bad = forger(suite === 0 ? 1 : 0, { keys: keysOf(suite === 0 ? 1 : 0) });
      expect(await told(client, seal(setOf(1), [how], bad))).toMatch(reaction);
      expect((await client.get([...setup, 3]))[0]).toMatchObject({ data: { type: "enum", value: suite } });
    }
  });
});
