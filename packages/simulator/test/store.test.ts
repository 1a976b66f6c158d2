import { Fault, fromAscii } from "@dlmskit/core";
import { MemoryState, maskOf, type openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { type ClientIdentity, type KeysFile, parseKeysFile } from "../src/index.ts";
import { associate, bottled, listed, now0, readBy } from "./bottle.ts";

const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const caught = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(caught).toBeInstanceOf(Fault);
  return caught as Fault;
}

describe("a store", () => {
  it("gives the same meters again: identity, keys, history, counters above all used", async () => {
    const state = new MemoryState();
    const first = await bottled({ meters: 3 }, state);
    const known = await listed(first.simulator.identities());
    const session = await associate(first.simulator, first.clock, 48);
    const wh = await session.get(energy);
    await session.set(
      { classId: 1, instanceId: "0.0.96.13.0.255", attributeId: 2 },
      { type: "visible-string", value: "hello" },
    );
    const association = first.simulator.meterTemplate.associations.find(({ client }) => client === 48);
    const used = first.simulator
      .meter(0)
      .state(association as never)
      .counters.next() as number;
    await session.release();
    await first.store.close();

    // Another seed and other random numbers change nothing of meters that are there.
    const second = await bottled({ meters: 4, seed: "other" }, state);
    const again = await listed(second.simulator.identities());
    expect(again.slice(0, 3)).toEqual(known);
    expect(new Set(again.map(({ systemTitle }) => systemTitle)).size).toBe(4);
    const reopened = await associate(second.simulator, second.clock, 48);
    expect(await reopened.get(energy)).toEqual(wh);
    expect(await reopened.get({ classId: 1, instanceId: "0.0.96.13.0.255", attributeId: 2 })).toEqual({
      type: "visible-string",
      value: "hello",
    });
    expect(
      second.simulator
        .meter(0)
        .state(association2(second) as never)
        .counters.next(),
    ).toBeGreaterThan(used);
    await reopened.release();
  });

  const association2 = ({ simulator }: Awaited<ReturnType<typeof bottled>>) =>
    simulator.meterTemplate.associations.find(({ client }) => client === 48);

  it.each<[string, KeysFile["clients"] & object, string]>([
    ["is not named", {}, "logical-name-with-ciphering"],
    ["is named without keys", { "32": { password: fromAscii("reader") } }, "logical-name"],
    ["has a key", { "32": { encryptionKey: new Uint8Array(16).fill(1) } }, "logical-name-with-ciphering"],
  ])("has client 32 as the keys file says: it %s", async (_, clients, contextName) => {
    // Client 48 without a key in the file is ciphered, under derived keys.
    const keys: KeysFile = { clients: { ...clients, "48": { password: fromAscii("0123456789abcdef") } } };
    const { store, simulator } = await bottled({ keys });
    const contexts = (await store.clientAssociations.list()).map((row) => [row.clientId, row.contextName]);
    expect(contexts).toContainEqual([32, contextName]);
    expect(contexts).toContainEqual([48, "logical-name-with-ciphering"]);
    const of = async (client: number) =>
      (await simulator.identity(0)).clients.find((one) => one.client === client) as ClientIdentity;
    const derived = (await (await bottled()).simulator.identity(0)).clients.find(({ client }) => client === 48);
    expect(await of(48)).toMatchObject({ password: "0123456789abcdef", encryptionKey: derived?.encryptionKey });
    expect((await of(32)).encryptionKey === undefined).toBe(contextName === "logical-name");
    expect((await of(32)).password).toBeDefined();
  });

  it("is filled once and followed then: a changed row is what the next start does", async () => {
    const state = new MemoryState();
    const first = await bottled({}, state);
    const { store } = first;
    const before = await readBy(first.simulator, 0, energy);
    const [profile] = await store.loadProfileTemplates.list();
    const rows = await store.loadProfileTemplates.list();
    for (const { id, createdAt: _, ...row } of rows) {
      await store.loadProfileTemplates.replace(id, { ...row, peakLoad: row.peakLoad * 2 });
    }
    const associations = await store.clientAssociations.list();
    expect(
      associations.map(({ clientId, contextName, authenticationLevel }) => [
        clientId,
        contextName,
        authenticationLevel,
      ]),
    ).toEqual([
      [16, "logical-name", 0],
      [32, "logical-name-with-ciphering", 1],
      [48, "logical-name-with-ciphering", 2],
      [64, "logical-name-with-ciphering", 0],
      [80, "logical-name-with-ciphering", 2],
    ]);
    const [publicClient] = associations;
    if (publicClient === undefined || profile === undefined) throw new Error("no rows");
    const { id, createdAt: _, ...row } = publicClient;
    await store.clientAssociations.replace(id, { ...row, maxReceivePduSize: 300 });
    // The public client may read the energy register, and not the clock any more.
    const codes = await store.obisCodes.of("is15959-d1");
    const idOf = (name: string) => codes.find(({ logicalName }) => logicalName === name)?.id as number;
    const clockRow = (await store.accessRights.list()).find(
      ({ objectId, clientId }) => objectId === idOf("0.0.1.0.0.255") && clientId === 16,
    );
    await store.accessRights.remove(clockRow?.id as number);
    await store.accessRights.add({
      ...{ objectId: idOf("1.0.1.8.0.255"), clientId: 16, accessLevel: 1 },
      ...{ attributeMask: maskOf(1, 2, 3), methodMask: 0n },
    });

    const second = await bottled({}, state);
    expect(await readBy(second.simulator, 0, energy)).not.toEqual(before);
    const session = await associate(second.simulator, second.clock, 16);
    expect(session.association.serverMaxReceivePduSize).toBe(300);
    expect((await session.get(energy)).type).toBe("double-long-unsigned");
    await expect(session.get({ classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 })).rejects.toThrow(
      "object-undefined",
    );
    const connections = await store.connections.list();
    expect(
      connections.map(({ clientId, associationId, meterId, status }) => ({ clientId, associationId, meterId, status })),
    ).toEqual([{ clientId: 16, associationId: id, meterId: "is15959-d1-000001", status: "ACTIVE" }]);
    await session.release();
    expect((await store.loadProfileTemplates.list()).length).toBe(rows.length);
  });

  it("names table, row and column of what it cannot follow, and leaves it there", async () => {
    const cases: [string, (store: Awaited<ReturnType<typeof openMemoryStore>>) => Promise<unknown>][] = [
      ["client_associations conformance", async (store) => change(store, { conformance: 0xffffff })],
      ["client_associations context_name", async (store) => change(store, { contextName: "nonsense" })],
      ["client_associations authentication_level", async (store) => change(store, { authenticationLevel: 7 })],
      ["client_associations max_receive_pdu_size", async (store) => change(store, { maxReceivePduSize: 5 })],
      ["client_associations client_id", async (store) => change(store, { clientId: 32 })],
      ["client_associations logical_device", async (store) => change(store, { logicalDevice: 2 })],
      [
        "access_rights access_level",
        async (store) => {
          const [row] = await store.accessRights.list();
          if (row === undefined) throw new Error("no row");
          const { id, createdAt: _, ...rest } = row;
          await store.accessRights.replace(id, { ...rest, accessLevel: 7 });
        },
      ],
    ];
    async function change(store: Awaited<ReturnType<typeof openMemoryStore>>, to: object): Promise<void> {
      const [row] = await store.clientAssociations.list();
      if (row === undefined) throw new Error("no row");
      const { id, createdAt: _, ...rest } = row;
      await store.clientAssociations.replace(id, { ...rest, ...to });
    }
    for (const [where, alter] of cases) {
      const { store } = await bottled();
      await alter(store);
      const rows = await store.clientAssociations.list();
      const fault = await faultOf(bottled({ store }));
      expect(fault.code, where).toBe("bad-row");
      expect([fault.path[0], fault.path[2]].join(" ")).toBe(where);
      expect(fault.path[1]).toMatch(/^id \d+$/);
      expect(await store.clientAssociations.list()).toEqual(rows);
    }
  });

  it("refuses a meter of another template, and options that cannot be", async () => {
    const { store } = await bottled();
    const { is15959D1 } = await import("../src/index.ts");
    await store.meters.putIfAbsent([
      {
        ...{ meterId: "mine-000001", serial: "1", logicalDeviceName: "MIN1", systemTitle: new Uint8Array(8) },
        ...{ seed: "", template: "other", commissionedAt: now0 },
      },
    ]);
    expect((await faultOf(bottled({ store, template: { ...is15959D1, name: "mine" } }))).code).toBe(
      "template-mismatch",
    );
    expect((await faultOf(bottled({ template: "none" }))).hint).toContain("is15959-d1");
    expect((await faultOf(bottled({ meters: 0 }))).code).toBe("bad-value");
    expect((await faultOf(bottled({ speed: -1 }))).code).toBe("bad-value");
  });
});

describe("time", () => {
  it("starts when told and passes as fast as told", async () => {
    const start = Date.UTC(2026, 0, 1);
    const { simulator, clock } = await bottled({ start, speed: 60 });
    clock.advance(1000);
    expect(simulator.time.now).toBe(start + 60_000);
    expect(simulator.meter(0).now).toBe(start + 60_000);
  });
});

describe("the keys file", () => {
  const hex = (octet: string, count: number) => octet.repeat(count);
  const file = {
    systemTitle: "4d4d4d0000000001",
    masterKey: hex("aa", 16),
    clients: {
      "16": {},
      "32": { password: "lls-secret" },
      "48": { password: "0123456789abcdef", encryptionKey: hex("01", 16), authenticationKey: hex("02", 16) },
    },
  };

  it("is what the meters have, and what it does not name is random", async () => {
    const { simulator, clock } = await bottled({ meters: 2, keys: parseKeysFile(JSON.stringify(file)) });
    const [first, second] = await listed(simulator.identities());
    expect(first?.systemTitle).toBe("4d4d4d0000000001");
    expect(second?.systemTitle).toBe("4d4d4d0000000002");
    for (const one of [first, second]) {
      expect(one?.masterKey).toBe(hex("aa", 16));
      const [, reader, utility, , firmware] = one?.clients ?? [];
      expect(one?.clients.map(({ name }) => name)).toEqual(["public", "reader", "utility", "push", "firmware"]);
      expect(reader).toMatchObject({ ciphered: false, password: "lls-secret" });
      expect(reader?.encryptionKey).toBeUndefined();
      expect(utility).toMatchObject({ password: "0123456789abcdef", encryptionKey: hex("01", 16) });
      expect(firmware?.password).toMatch(/^[A-Za-z0-9]{16}$/);
    }
    expect(first?.clients[4]?.encryptionKey).not.toBe(second?.clients[4]?.encryptionKey);
    for (const meter of [0, 1]) {
      for (const client of [32, 48]) {
        const session = await associate(simulator, clock, client, { meter });
        expect((await session.get(energy)).type).toBe("double-long-unsigned");
        await session.release();
      }
    }
    const wrong = { ...first, clients: first?.clients.map((one) => ({ ...one, password: "wrong" })) } as never;
    await expect(associate(simulator, clock, 32, { identity: wrong })).rejects.toThrow();
  });

  it("makes an association ciphered by any key of its client", async () => {
    for (const name of ["encryptionKey", "authenticationKey", "broadcastKey"]) {
      const keys = parseKeysFile({ clients: { "32": { [name]: hex("03", 16) } } });
      const { simulator } = await bottled({ keys });
      const [identity] = await listed(simulator.identities());
      expect(identity?.clients[1], name).toMatchObject({ client: 32, ciphered: true });
    }
  });

  it("changes the keys of meters that have others, and keeps who they are", async () => {
    const state = new MemoryState();
    const { simulator } = await bottled({}, state);
    const [before] = await listed(simulator.identities());
    const { systemTitle: _, ...keys } = file;
    const changed = await bottled({ keys: parseKeysFile(keys) }, state);
    const [after] = await listed(changed.simulator.identities());
    expect(after?.systemTitle).toBe(before?.systemTitle);
    expect(after?.clients[2]).toMatchObject({ password: "0123456789abcdef", authenticationKey: hex("02", 16) });
    expect(after?.clients[4]).toEqual(before?.clients[4]);
    // The row says ciphered, the file has no key: the row rules.
    expect(after?.clients[1]?.ciphered).toBe(true);
    const session = await associate(changed.simulator, changed.clock, 48);
    await session.release();
    const fault = await faultOf(bottled({ keys: parseKeysFile(file) }, state));
    expect(fault.code).toBe("identity-mismatch");
  });

  it("is refused with the place in the file, and never shows a value", async () => {
    const cases: [unknown, string][] = [
      ["{", ""],
      [[], ""],
      [{ other: 1 }, "other"],
      [{ systemTitle: "4d4d" }, "systemTitle"],
      [{ masterKey: `${hex("aa", 15)}zz` }, "masterKey"],
      [{ clients: [] }, "clients"],
      [{ clients: { "99999": {} } }, "clients.99999"],
      [{ clients: { a: {} } }, "clients.a"],
      [{ clients: { "48": 1 } }, "clients.48"],
      [{ clients: { "48": { pasword: "secret" } } }, "clients.48.pasword"],
      [{ clients: { "48": { password: { hex: "0" } } } }, "clients.48.password"],
      [{ clients: { "48": { encryptionKey: "c0ffee" } } }, "clients.48.encryptionKey"],
    ];
    for (const [json, path] of cases) {
      let fault: unknown;
      try {
        parseKeysFile(json);
      } catch (caught) {
        fault = caught;
      }
      expect(fault, JSON.stringify(json)).toBeInstanceOf(Fault);
      expect((fault as Fault).code).toBe("bad-keys-file");
      expect((fault as Fault).path.join(".")).toBe(path);
      expect((fault as Fault).message).not.toMatch(/c0ffee|secret/);
    }
    for (const [keys, path] of [
      [{ clients: { "17": {} } }, "clients.17"],
      [{ clients: { "48": { password: "short" } } }, "clients.48.password"],
      [{ clients: { "48": { encryptionKey: hex("01", 32) } } }, "clients.48.encryptionKey"],
      [{ masterKey: hex("01", 32) }, "masterKey"],
    ] as const) {
      const fault = await faultOf(bottled({ keys: parseKeysFile(keys) }));
      expect(fault.path.join(".")).toBe(path);
    }
  });
});
