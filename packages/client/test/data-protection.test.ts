import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type Data, type DataLike, dataOf, fromData, T } from "@dlmskit/apdu";
import { concat, fromAscii, fromHex, toHex } from "@dlmskit/core";
import {
  AccessBit,
  allRights,
  type DataProtectionOptions,
  dataObject,
  dataProtection,
  type ProtectionLayerOptions,
  ProtectionParameters,
  type ProtectionType,
  profileGeneric,
  protectionLayer,
  type Rights,
  readRights,
  refuse,
  register,
  rightsOf,
} from "@dlmskit/cosem-objects";
import { CounterGuard, type GeneralOptions } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { dataProtector, hls5, meter, Server } from "@dlmskit/server";
import { openMemoryStore, type Store } from "@dlmskit/storage";
import { memoryPair } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import {
  clientSecurity,
  clientTitle,
  counters,
  keysOf,
  masterKeyOf,
  meterSecrets,
  meterTitle,
  privateKeysOf,
  publicKeysOf,
  type Suite,
} from "../../server/test/security-cases/parties.ts";
import { connect, ProtectedData, type Session } from "../src/index.ts";

const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count));
const name = "0.0.43.2.0.255";
const buffer = { classId: 30, instanceId: name, attributeId: 2 };
const limitAt = { classId: 1, instanceId: "0.0.96.1.11.255", attributeId: 2 };
const noteAt = { classId: 1, instanceId: "0.0.96.1.10.255", attributeId: 2 };
const energyAt = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const unsigned = (value: number): Data => ({ type: "unsigned", value });
const text = (value: string): Data => ({ type: "octet-string", value: fromAscii(value) });
const layer = (type: keyof typeof ProtectionType, options: ProtectionLayerOptions = {}) =>
  protectionLayer(type, options);
const both = layer("authenticationAndEncryption");

/** A limit that is 0 to 100, a note, a register with a method, a profile; and a Data protection object for the first two. */
function objectsOf(options: Partial<DataProtectionOptions>) {
  const limit = dataObject(
    limitAt.instanceId,
    { type: T.unsigned, value: 5 },
    {
      write: {
        value(values, value) {
          if (value > 100) throw refuse("other-reason");
          values.value = value;
        },
      },
    },
  );
  const note = dataObject(noteAt.instanceId, { type: T.octetString, value: fromAscii("old") });
  const energy = register(
    energyAt.instanceId,
    { type: T.doubleLongUnsigned, value: 1234, unit: "Wh" },
    {
      invoke: {
        reset(values) {
          values.value = 0;
        },
      },
    },
  );
  const protection = dataProtection(name, {
    protector: dataProtector(),
    objects: [limitAt, noteAt],
    parametersGet: [both],
    ...options,
  });
  return [limit, note, energy, protection, profileGeneric("1.0.99.1.0.255", { capture: [energy], entries: 9 })];
}

interface Options extends Partial<DataProtectionOptions> {
  readonly suite?: Suite;
  readonly access?: Rights | "full";
  readonly store?: Store;
}

/** A meter, a session with it, and a client of its Data protection. */
async function opened({ suite = 0, access = "full", store, ...options }: Options = {}) {
  const served = meter({
    name: "TST0000000000001",
    systemTitle: meterTitle,
    objects: objectsOf(options),
    associations: { utility: { client: 48, security: hls5({ suite, ...meterSecrets(suite) }), access } },
  });
  const server = new Server({ meters: served, clock: systemClock, random, ...(store === undefined ? {} : { store }) });
  const [duplex, far] = memoryPair();
  server.accept(far, new WrapperServerLink({}));
  const own = counters();
  const security = clientSecurity(suite, { counters: own });
  const line = { duplex, link: new WrapperClientLink({ client: 48, server: 1 }) };
  const session = await connect(line, { clock: systemClock, mechanism: 5, ciphered: true, security });
  const broadcast = { counters: counters(), replay: new CounterGuard() };
  const general: GeneralOptions = {
    ...{ provider: node, random, suite, keys: keysOf(suite), counters: own, broadcast },
    replay: new CounterGuard(),
    ...{ systemTitle: clientTitle, peerSystemTitle: meterTitle, masterKey: masterKeyOf(suite) },
    ...(suite === 0 ? {} : { privateKeys: privateKeysOf(suite, "client"), peerKeys: publicKeysOf(suite, "meter") }),
    accept: ["encryption-only"],
  };
  const data = new ProtectedData(session, name, general);
  return {
    ...{ session, data, server },
    values: async () => [await session.get(limitAt), await session.get(noteAt)],
    async close() {
      await session.release();
      await server.close();
    },
  };
}

const forms: readonly (readonly [string, Suite, readonly ReturnType<typeof layer>[]])[] = [
  ["authentication, identified key", 0, [layer("authentication")]],
  ["authentication and encryption, identified key", 0, [both]],
  ["encryption inside authentication", 0, [layer("encryption"), layer("authentication")]],
  ["wrapped key", 0, [layer("authenticationAndEncryption", { key: "wrapped-key" })]],
  ["one-pass Diffie-Hellman", 1, [layer("authenticationAndEncryption", { key: "one-pass-diffie-hellman" })]],
  [
    "static unified model",
    1,
    [layer("authenticationAndEncryption", { key: "static-unified-model", transactionId: fromHex("0102030405060708") })],
  ],
  ["signature alone", 1, [layer("digitalSignature", { transactionId: fromHex("11") })]],
  [
    "signature, then an agreed key",
    1,
    [layer("digitalSignature"), layer("authenticationAndEncryption", { key: "one-pass-diffie-hellman" })],
  ],
  [
    "signature and an agreed key of suite 2",
    2,
    [layer("digitalSignature"), layer("encryption", { key: "one-pass-diffie-hellman" })],
  ],
];

describe("20.1, S37 Data protection", () => {
  it.each(forms)("reads, writes, gets, sets and invokes under %s", async (_, suite, layers) => {
    const { data, values, session, close } = await opened({ suite, parametersGet: layers });
    expect(await data.read()).toEqual([unsigned(5), text("old")]);
    // Again: a key of its own, a counter of its own.
    expect(await data.read()).toEqual([unsigned(5), text("old")]);
    await data.write([unsigned(7), text("new")], layers);
    expect(await values()).toEqual([unsigned(7), text("new")]);
    expect(await data.get([noteAt, energyAt], layers)).toEqual([
      text("new"),
      { type: "double-long-unsigned", value: 1234 },
    ]);
    // A transaction comes once.
    const later = layers.map((one) => ({
      ...one,
      protectionOptions: { ...one.protectionOptions, transactionId: fromHex("2122") },
    }));
    await data.set([limitAt], [unsigned(9)], later);
    expect(await session.get(limitAt)).toEqual(unsigned(9));
    const last = later.map((one) => ({
      ...one,
      protectionOptions: { ...one.protectionOptions, transactionId: fromHex("2123") },
    }));
    const reset = { classId: 3, instanceId: energyAt.instanceId, methodId: 1 };
    expect(await data.invoke(reset, { type: "integer", value: 0 }, last)).toEqual({ type: "null-data" });
    expect(await session.get(energyAt)).toEqual({ type: "double-long-unsigned", value: 0 });
    await close();
  });

  it("takes what is under the broadcast key, and has no counters to answer under it", async () => {
    const { data, session, close } = await opened();
    const broadcast = layer("authenticationAndEncryption", { key: "global-broadcast-encryption-key" });
    await data.set([limitAt], [unsigned(8)], [broadcast]);
    expect(await session.get(limitAt)).toEqual(unsigned(8));
    await expect(data.get([limitAt], [broadcast])).rejects.toThrow("other-reason");
    await close();
  });

  it("S37 has the octets that are worked out by hand", async () => {
    const { session, values, close } = await opened({ parametersGet: [both] });
    const { encryptionKey, authenticationKey } = keysOf(0);
    // SC 30 ‖ AK ‖ transaction-id, originator, recipient, date-time, other-information, each with its length.
    const additional = (from: string, to: string) =>
      concat(fromHex("30"), authenticationKey, fromHex(`0008${from}08${to}0000`));
    const [client, server] = [toHex(clientTitle), toHex(meterTitle)];
    expect([client, server]).toEqual(["434c493030303031", "5453543030303031"]);
    const cipher = createCipheriv("aes-128-gcm", encryptionKey, fromHex(`${client}00000101`));
    cipher.setAAD(additional(client, server));
    // structure of 2: unsigned 7, octet-string "new".
    const ciphertext = cipher.update(fromHex("0202110709036e6577"));
    cipher.final();
    const octets = concat(fromHex("3000000101"), ciphertext, cipher.getAuthTag().subarray(0, 12));
    expect(toHex(octets)).toBe(worked);
    // array of 1: structure { enum 2, structure { transaction-id, originator, recipient, other, { enum 0, { enum 0 } } } }.
    const parameters = `010102021602020509000908${client}09 08${server}0900020216000201 1600`.replaceAll(" ", "");
    const parametersSet = { type: "encoded", octets: fromHex(parameters) } as const;
    await session.set({ ...buffer, attributeId: 5 }, parametersSet);
    await session.set(buffer, { type: "octet-string", value: octets });
    expect(await values()).toEqual([unsigned(7), text("new")]);

    const read = (await session.get(buffer)) as { value: Uint8Array };
    const sealed = read.value;
    expect(toHex(sealed.subarray(0, 1))).toBe("30");
    const iv = concat(meterTitle, sealed.subarray(1, 5));
    const decipher = createDecipheriv("aes-128-gcm", encryptionKey, iv, { authTagLength: 12 });
    decipher.setAAD(additional(server, client));
    decipher.setAuthTag(sealed.subarray(-12));
    const plain = concat(decipher.update(sealed.subarray(5, -12)), decipher.final());
    expect(toHex(plain)).toBe("0202110709036e6577");
    await close();
  });

  it("refuses protection that is weaker than required (13), and leaves everything as it was", async () => {
    const required = 0x04 | 0x08 | 0x20 | 0x40;
    const { data, values, close } = await opened({
      requiredProtection: required,
      parametersGet: [layer("authentication")],
    });
    await expect(data.read()).rejects.toThrow("scope-of-access-violated");
    for (const weak of [[], [layer("authentication")], [layer("encryption")]]) {
      await expect(data.get([limitAt], weak)).rejects.toThrow("scope-of-access-violated");
      await expect(data.set([limitAt], [unsigned(1)], weak)).rejects.toThrow("scope-of-access-violated");
      await expect(data.write([unsigned(1), text("x")], weak)).rejects.toThrow("scope-of-access-violated");
      const method = { classId: 3, instanceId: energyAt.instanceId, methodId: 1 };
      await expect(data.invoke(method, { type: "integer", value: 0 }, weak)).rejects.toThrow(
        "scope-of-access-violated",
      );
    }
    expect(await values()).toEqual([unsigned(5), text("old")]);
    await data.set([limitAt], [unsigned(6)], [both]);
    expect(await values()).toEqual([unsigned(6), text("old")]);
    await close();
  });

  it("writes all values or none", async () => {
    const { data, values, close } = await opened();
    for (const wrong of [
      [unsigned(6), unsigned(1)],
      [unsigned(101), text("new")],
      [unsigned(6)],
      [unsigned(6), text("a"), text("b")],
    ]) {
      await expect(data.write(wrong, [both])).rejects.toThrow(/type-unmatched|other-reason/);
      await expect(data.set([noteAt, limitAt], wrong.toReversed(), [both])).rejects.toThrow(
        /type-unmatched|other-reason/,
      );
    }
    expect(await values()).toEqual([unsigned(5), text("old")]);
    await close();
  });

  it.each([
    ["an identified key", 0, [both]],
    ["a wrapped key", 0, [layer("authenticationAndEncryption", { key: "wrapped-key" })]],
    ["an agreed key", 1, [layer("authenticationAndEncryption", { key: "one-pass-diffie-hellman" })]],
    ["a signature", 1, [layer("digitalSignature", { transactionId: fromHex("77") })]],
  ] as const)("refuses what came before under %s, also after a restart", async (_, suite, layers) => {
    const store = await openMemoryStore();
    const first = await opened({ suite, store });
    const sent: [number, Data][] = [];
    const recording = {
      get: first.session.get.bind(first.session),
      invoke: first.session.invoke.bind(first.session),
      set: (async (at: typeof buffer, value: Data) => {
        sent.push([at.attributeId, value]);
        await first.session.set(at, value);
      }) as Session["set"],
    };
    const general: GeneralOptions = {
      ...{ provider: node, random, suite, keys: keysOf(suite), counters: counters(), replay: new CounterGuard() },
      ...{ systemTitle: clientTitle, peerSystemTitle: meterTitle, masterKey: masterKeyOf(suite) },
      ...(suite === 0 ? {} : { privateKeys: privateKeysOf(suite, "client"), peerKeys: publicKeysOf(suite, "meter") }),
    };
    await new ProtectedData(recording, name, general).write([unsigned(7), text("new")], layers);
    await first.data.set([limitAt], [unsigned(9)], [layer("authentication", { key: "wrapped-key" })]);
    const [, last] = sent[1] as [number, Data];
    await expect(first.session.set(buffer, last)).rejects.toThrow("other-reason");
    await first.close();
    const second = await opened({ suite, store });
    await expect(second.session.set(buffer, last)).rejects.toThrow("other-reason");
    expect(await second.values()).toEqual([unsigned(9), text("new")]);
    await second.close();
    await store.close();
  });

  it("refuses what is altered: octets, parameters, who sent it and who is to have it", async () => {
    const { session, values, close } = await opened();
    const general: GeneralOptions = {
      ...{ provider: node, random, suite: 0, keys: keysOf(0), counters: counters(), replay: new CounterGuard() },
      ...{ systemTitle: clientTitle, peerSystemTitle: meterTitle, masterKey: masterKeyOf(0) },
    };
    const sent: Data[] = [];
    const line = { ...session, set: (async (_: unknown, value: Data) => void sent.push(value)) as Session["set"] };
    await new ProtectedData(line as never, name, general).write([unsigned(7), text("new")], [both]);
    const [tell, written] = sent as [Data, Data];
    const octets = { value: fromData(T.octetString, written) };
    const set = async (parameters: DataLike, value: Uint8Array) => {
      await session.set({ ...buffer, attributeId: 5 }, parameters);
      await session.set(buffer, { type: "octet-string", value });
    };
    for (let at = 0; at < octets.value.length; at++) {
      const altered = octets.value.slice();
      altered[at] = (altered[at] as number) ^ 1;
      await expect(set(tell, altered), String(at)).rejects.toThrow("other-reason");
    }
    await expect(set(tell, octets.value.subarray(0, 3))).rejects.toThrow("other-reason");
    await expect(set(tell, new Uint8Array(0))).rejects.toThrow("other-reason");
    const options = { originatorSystemTitle: clientTitle, recipientSystemTitle: meterTitle };
    for (const other of [
      layer("authentication", options),
      layer("encryption", options),
      layer("authenticationAndEncryption", { ...options, otherInformation: fromHex("01") }),
      layer("authenticationAndEncryption", { ...options, transactionId: fromHex("01") }),
      layer("authenticationAndEncryption", { ...options, originatorSystemTitle: fromAscii("CLI00002") }),
      layer("authenticationAndEncryption", { ...options, originatorSystemTitle: meterTitle }),
      layer("authenticationAndEncryption", { ...options, recipientSystemTitle: fromAscii("TST00002") }),
      layer("digitalSignature", options),
    ]) {
      await expect(set(dataOf(T.array(ProtectionParameters), [other]), octets.value)).rejects.toThrow("other-reason");
    }
    expect(await values()).toEqual([unsigned(5), text("old")]);
    await set(tell, octets.value);
    expect(await values()).toEqual([unsigned(7), text("new")]);
    await close();
  });

  it("obeys the client's rights to what is named, unless the template says through class 30 only", async () => {
    const through = {
      classId: 30,
      instance: name,
      attributes: { 1: 1, 2: 3, 3: 3, 4: 3, 5: 3, 6: 1 },
      methods: { 1: 1, 2: 1, 3: 1 },
    };
    const method = { classId: 3, instanceId: energyAt.instanceId, methodId: 1 };
    const none = await opened({ access: rightsOf([through], readRights) });
    expect(await none.data.read()).toEqual([unsigned(5), text("old")]);
    await expect(none.data.write([unsigned(1), text("x")], [both])).rejects.toThrow("read-write-denied");
    await expect(none.data.set([limitAt], [unsigned(1)], [both])).rejects.toThrow("read-write-denied");
    await expect(none.data.invoke(method, { type: "integer", value: 0 }, [both])).rejects.toThrow("read-write-denied");
    await none.close();

    const free = await opened({ access: rightsOf([through], readRights), throughThisOnly: true });
    await expect(free.session.set(limitAt, unsigned(1))).rejects.toThrow("read-write-denied");
    await free.data.write([unsigned(1), text("x")], [both]);
    expect(await free.values()).toEqual([unsigned(1), text("x")]);
    await free.close();

    // A right that asks for a signature is fulfilled by a layer that signs.
    const signed = AccessBit.read | AccessBit.write | AccessBit.signedRequest;
    const needing = { classId: 1, instance: limitAt.instanceId, attributes: { 2: signed } };
    const strict = await opened({ suite: 1, access: rightsOf([needing], allRights) });
    await expect(strict.data.set([limitAt], [unsigned(1)], [both])).rejects.toThrow("scope-of-access-violated");
    await strict.data.set([limitAt], [unsigned(1)], [layer("digitalSignature"), both]);
    await strict.close();
  });

  it("reads elements and rows, and refuses to write a part", async () => {
    const { data, close } = await opened();
    const unit = { ...energyAt, attributeId: 3, dataIndex: 2 };
    expect(await data.get([unit], [both])).toEqual([{ type: "enum", value: 30 }]);
    const rows = { restrictionType: 2, restrictionValue: { fromEntry: 1, toEntry: 2 } } as const;
    const load = { classId: 7, instanceId: "1.0.99.1.0.255", attributeId: 2, restriction: rows };
    expect(await data.get([load], [both])).toEqual([{ type: "array", value: [] }]);
    await expect(data.get([{ ...unit, dataIndex: 3 }], [both])).rejects.toThrow("other-reason");
    await expect(data.set([{ ...limitAt, dataIndex: 1 }], [unsigned(1)], [both])).rejects.toThrow("other-reason");
    await expect(data.get([{ ...limitAt, classId: 9 }], [both])).rejects.toThrow("object-undefined");
    await close();
  });
});

const worked = "3000000101bfa0e4873d7c9fae65409bbee3f6decde857f476a9";
