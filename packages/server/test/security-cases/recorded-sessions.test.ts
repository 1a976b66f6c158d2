import { MemoryState, type Store, usedKeysKept } from "@dlmskit/storage";
import { failing } from "@dlmskit/storage/testing";
import { describe, expect, it } from "vitest";
import { UsedKeys } from "../../src/security/used-keys.ts";
import { type Client, restarted } from "../a-client.ts";
import { Case, type CaseOptions, forger, random, readOf, seal, setOf, sta1, told } from "./case.ts";
import { clientTitle } from "./parties.ts";

const value = (number: number) => ({ type: "unsigned", value: number }) as const;
const layer = { form: "general-ciphering", authenticated: true, encrypted: true, key: "wrapped-key" } as const;
/** A SET whose key comes with it. */
const wrappedSet = (number: number) => seal(setOf(number), [{ ...layer, transactionId: random(8) }], forger());

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

/** Another party plays what it heard, from the start, in a connection of its own. */
async function play(of: Case, session: readonly Uint8Array[]): Promise<void> {
  const stranger = of.client();
  for (const pdu of session) await stranger.raw(pdu);
}

describe("a recorded session whose keys came with the APDUs", () => {
  const kinds: readonly [string, CaseOptions, Parameters<Case["open"]>[0]][] = [
    ["mechanism 0, wrapped keys", { mechanism: 0 }, { generalKey: "wrapped-key" }],
    ["mechanism 1, wrapped keys", { mechanism: 1 }, { generalKey: "wrapped-key" }],
    ["mechanism 0, one-pass agreement", { mechanism: 0, suite: 1 }, { generalKey: "one-pass-diffie-hellman" }],
    ["mechanism 1, static agreement", { mechanism: 1, suite: 1 }, { generalKey: "static-unified-model" }],
  ];
  for (const [name, options, security] of kinds) {
    it(`opens nothing and writes nothing, in a new connection or after restarts: ${name}`, async () => {
      const state = new MemoryState();
      const start = async () => new Case({ ...options, server: { store: await restarted(state) } });
      const one = await start();
      const client = one.client({ form: "general-ciphering", ...security });
      const session = heard(client);
      await client.open();
      expect(client.opened).toBe(true);
      for (const number of [6, 7]) expect(await client.set(...sta1, value(number))).toBe("success");
      expect(session).toHaveLength(3);
      expect(one.writes).toBe(2);
      await play(one, session);
      expect(one.writes).toBe(2);
      for (let run = 0; run < 2; run++) {
        const after = await start();
        await play(after, session);
        // Whatever it takes to be associated: each APDU is refused by itself.
        const rightful = await after.open({ form: "general-ciphering", ...security });
        for (const pdu of session.slice(1)) expect(await told(rightful, pdu)).toMatch(/^d8/);
        expect(after.writes).toBe(0);
        expect(await readOf(rightful)).toEqual(value(7));
      }
    });
  }

  it("writes nothing in a pre-established association", async () => {
    const state = new MemoryState();
    const start = async () =>
      new Case({
        mechanism: 0,
        association: { preEstablished: { clientSystemTitle: clientTitle } },
        server: { store: await restarted(state) },
      });
    const one = await start();
    const session = [wrappedSet(6), wrappedSet(7)];
    await play(one, session);
    expect(one.writes).toBe(2);
    const after = await start();
    await play(after, session);
    expect(after.writes).toBe(0);
  });

  it("writes nothing where it was signed and no more, however long its transaction-ids", async () => {
    const state = new MemoryState();
    const start = async () =>
      new Case({ mechanism: 0, suite: 1, policy: 0, server: { store: await restarted(state) } });
    const signed = (length: number) =>
      seal(setOf(length), [{ form: "general-signing", transactionId: random(length) }], forger(1));
    const session = [8, 31, 32, 200].map(signed);
    const one = await start();
    const client = await one.open();
    for (const pdu of session) expect(await told(client, pdu)).toMatch(/^df/);
    expect(one.writes).toBe(4);
    const after = await start();
    const again = await after.open();
    for (const pdu of session) expect(await told(again, pdu)).toMatch(/^d8/);
    expect(after.writes).toBe(0);
  });

  it("writes nothing in a later association of its client after a restart, under a fresh challenge too", async () => {
    const state = new MemoryState();
    const start = async () => new Case({ suite: 1, policy: 0, server: { store: await restarted(state) } });
    const by = forger(1);
    const session = [
      seal(setOf(6), [{ ...layer, transactionId: random(8) }], by),
      seal(setOf(7), [{ ...layer, key: "one-pass-diffie-hellman", transactionId: random(8) }], by),
      seal(setOf(8), [{ form: "general-signing", transactionId: random(8) }], by),
    ];
    const one = await start();
    const client = await one.open();
    for (const pdu of session) expect(await told(client, pdu)).toMatch(/^d[df]/);
    expect(one.writes).toBe(3);
    const after = await start();
    const again = await after.open();
    for (const pdu of session) expect(await told(again, pdu)).toMatch(/^d8/);
    expect(after.writes).toBe(0);
    expect(await readOf(again)).toEqual(value(8));
  });

  it("without a store, writes nothing as long as the meter is in memory", async () => {
    const one = new Case({ mechanism: 0 });
    const client = await one.open();
    const session = [wrappedSet(6), ...Array.from({ length: 3 }, () => wrappedSet(7))];
    for (const pdu of session) expect(await told(client, pdu)).toMatch(/^dd/);
    for (const pdu of session) expect(await told(await one.open(), pdu)).toMatch(/^d8/);
    expect(one.writes).toBe(4);
  });
});

describe("what is remembered of keys", () => {
  const keysIn = async (store: Store): Promise<number> => {
    const usedKeys = [{ clientId: 48, instanceId: "0.0.40.0.1.255" }];
    return (await store.keeping.secrets("TST0000000000001", { clients: [], setups: [], usedKeys })).usedKeys.length;
  };
  const start = async (state: MemoryState, options: CaseOptions = {}) => {
    const store = await restarted(state);
    return { store, one: new Case({ mechanism: 0, server: { store }, ...options }) };
  };
  const reading = { form: "general-ciphering", generalKey: "wrapped-key" } as const;

  it("is kept with the write, and now and then for a client that only reads", async () => {
    const { store, one } = await start(new MemoryState());
    const client = await one.open(reading);
    for (let at = 0; at < 3; at++) await readOf(client);
    expect(await keysIn(store)).toBe(0);
    await client.set(...sta1, value(6));
    expect(await keysIn(store)).toBe(one.state.usedKeys?.size);
    const before = await keysIn(store);
    for (let at = 0; at < 70; at++) await readOf(client);
    expect(await keysIn(store)).toBe(before + 64);
    client.pump.close();
    await one.bench.settle();
    expect(await keysIn(store)).toBe(before + 70);
  });

  it("is nothing where the association takes no APDUs with keys of their own", async () => {
    const association = { conformance: ["get", "set", "action"] } as const;
    const { store, one } = await start(new MemoryState(), { mechanism: 5, association });
    const client = await one.open();
    expect(await client.set(...sta1, value(6))).toBe("success");
    expect(await keysIn(store)).toBe(0);
    expect(one.state.usedKeys).toBeUndefined();
  });

  for (const when of ["before", "after"] as const) {
    it(`is kept by the next commit where one fails ${when} its work`, async () => {
      const state = new MemoryState();
      const store = await restarted(state);
      const { store: port, failed } = failing(store, [{ of: "keeping.commit", call: 0, when }]);
      const one = new Case({ mechanism: 0, server: { store: port } });
      const client = await one.open();
      const lost = wrappedSet(6);
      expect(await told(client, lost)).toMatch(/^dd/);
      expect(failed).toHaveLength(1);
      expect(await told(client, lost)).toMatch(/^d8/);
      expect(await told(client, wrappedSet(7))).toMatch(/^dd/);
      expect(await readOf(client)).toEqual(value(7));
      const { one: after } = await start(state);
      expect(await told(await after.open(), lost)).toMatch(/^d8/);
      expect(after.writes).toBe(0);
    });
  }

  it("is bounded in memory, whether it came from a store or from clients", () => {
    const [association] = new Case().meter.template.associations;
    const used = new UsedKeys(association as NonNullable<typeof association>);
    const row = { clientId: 48, instanceId: "0.0.40.0.1.255" };
    expect(used.remember("since")).toBe(true);
    used.load([
      ...Array.from({ length: 100 }, (_, at) => ({ ...row, digest: `kept ${at}` })),
      { ...row, clientId: 49, digest: "x" },
    ]);
    expect(used.size).toBe(101);
    for (let at = 0; at < usedKeysKept; at++) expect(used.remember(`new ${at}`)).toBe(true);
    expect(used.size).toBe(usedKeysKept);
    expect(used.unsaved(false)).toHaveLength(usedKeysKept);
    for (const digest of ["new 0", `new ${usedKeysKept - 1}`]) expect(used.remember(digest)).toBe(false);
    for (const digest of ["kept 99", "since", "x"]) expect(used.remember(digest)).toBe(true);
  });
});
