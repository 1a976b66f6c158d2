import { Fault } from "@dlmskit/core";
import type { LoadProfileTemplate, Store } from "@dlmskit/storage";

const octets = (length: number, from = 1): Uint8Array => Uint8Array.from({ length }, (_, at) => (at + from) & 0xff);
const logicalName = "0.0.96.1.0.255";
const setup = "0.0.43.0.3.255";
const association = "0.0.40.0.2.255";

/** Three texts, which stand wherever a repository takes text. */
export interface Texts {
  readonly one: string;
  readonly two: string;
  readonly three: string;
}

type Call = (store: Store, texts: Texts) => Promise<unknown>;

const setting = ({ one }: Texts, instanceId = setup) => ({
  ...{ meterId: one, instanceId, securityPolicy: 0, securitySuite: 0, keyVersion: 1 },
  ...{ encryptionKey: octets(16), authenticationKey: octets(16, 2), masterKey: octets(16, 3) },
});
const value = ({ one }: Texts, instanceId = logicalName) => ({
  ...{ meterId: one, logicalDevice: 1, classId: 1, instanceId, attributeId: 2, encoded: octets(3), updatedAt: 1 },
});
const record = ({ one }: Texts, instanceId = logicalName) => ({ meterId: one, instanceId, at: 5, encoded: octets(2) });
const pair = ({ one }: Texts, instanceId = setup) => ({
  ...{ meterId: one, instanceId, usage: 0, pending: true, privateKey: octets(32), publicKey: octets(64) },
});
const certificate = ({ one, two }: Texts) => ({
  ...{ meterId: one, instanceId: setup, certificateEntity: 0, certificateUsage: 1 },
  ...{ serialNumber: octets(8), issuer: octets(40), entityId: 1, certificateType: "DEVICE" as const },
  ...{ certificateData: octets(90), validFrom: 0, validUntil: 1000, status: two },
});
const clientAssociation = ({ one, two }: Texts, instanceId = association) => ({
  ...{ template: one, logicalDevice: 1, instanceId, clientId: 48, authenticationLevel: 5, contextName: two },
  ...{ conformance: 1, maxReceivePduSize: 100, maxSendPduSize: 0, dlmsVersion: 6, qualityOfService: 0 },
});
const obisCode = ({ one, two }: Texts, name = logicalName) => ({
  ...{ template: one, logicalDevice: 1, classId: 3, version: 0, logicalName: name, name: two },
});
const loadProfile = ({ one, two }: Texts): LoadProfileTemplate => ({
  ...{ templateName: one, season: two as "MONSOON", dayType: "WEEKDAY" as const, intervalMinutes: 30 },
  ...{ baseLoad: 0.125, peakLoad: 3.5, variationPattern: { version: 1, shape: Array(24).fill(0.5), jitter: 0.1 } },
});
const message = ({ one, two, three }: Texts) => ({
  ...{ messageType: one, priority: 1, payload: octets(4), destination: two, scheduledTime: 5, meterId: three },
});

const newMeter = {
  ...{ logicalDeviceName: "TST0000000000001", systemTitle: octets(8), template: "test", commissionedAt: 0 },
};

/** Every repository, each with every method that takes text. The first call makes the meter that the others name. */
export const program: { readonly [name: string]: Call } = {
  "meters.putIfAbsent": ({ meters }, { one, two, three }) =>
    meters.putIfAbsent([{ ...newMeter, meterId: one, serial: two, seed: three, template: three }]),
  "meters.putIfAbsent, name": ({ meters }, { one, two, three }) =>
    meters.putIfAbsent([
      { ...newMeter, meterId: three, serial: one, logicalDeviceName: two, systemTitle: octets(8, 5), seed: one },
    ]),
  "meters.get": ({ meters }, { one }) => meters.get(one),
  "meters.getMany": ({ meters }, { one, two }) => meters.getMany([two, one]),
  "meters.list": async ({ meters }, { one }) => {
    // Which meters come after a text is not compared: the stores have other ids.
    await meters.list({ after: one, limit: 1 });
    return undefined;
  },
  "counters.reserve": ({ counters }, { one, two }) => counters.reserve({ meterId: one, keyId: two }, 0, 5),
  "counters.reserved": ({ counters }, { one, two }) => counters.reserved({ meterId: one, keyId: two }),
  "counters.savePeer": ({ counters }, { one, two, three }) =>
    counters.savePeer({ meterId: one, keyId: two, peer: three }, 7),
  "counters.savePeers": ({ counters }, { one, two, three }) =>
    counters.savePeers([{ key: { meterId: one, keyId: three, peer: two }, counter: 8 }]),
  "counters.loadPeer": ({ counters }, { one, two, three }) =>
    counters.loadPeer({ meterId: one, keyId: two, peer: three }),
  "securitySettings.putIfAbsent": ({ securitySettings }, texts) => securitySettings.putIfAbsent([setting(texts)]),
  "securitySettings.putIfAbsent, setup": ({ securitySettings }, texts) =>
    securitySettings.putIfAbsent([setting(texts, texts.two)]),
  "securitySettings.of": ({ securitySettings }, { one }) => securitySettings.of(one),
  "securitySettings.ofMany": ({ securitySettings }, { one, two }) => securitySettings.ofMany([one, two]),
  "securitySettings.setPolicy": ({ securitySettings }, { one }) =>
    securitySettings.setPolicy(one, setup, { securityPolicy: 1, securitySuite: 0 }),
  "securitySettings.setPolicy, setup": ({ securitySettings }, { one, two }) =>
    securitySettings.setPolicy(one, two, { securityPolicy: 1, securitySuite: 0 }),
  "securitySettings.changeKeys": ({ securitySettings }, { one }) =>
    securitySettings.changeKeys(one, setup, { encryptionKey: octets(16, 9) }, 10),
  "securitySettings.formerKeys": ({ securitySettings }, { one, two }) => securitySettings.formerKeys(one, two),
  "securitySettings.putSecretsIfAbsent": ({ securitySettings }, { one }) =>
    securitySettings.putSecretsIfAbsent([{ meterId: one, clientId: 32, instanceId: association, secret: octets(9) }]),
  "securitySettings.setSecret": ({ securitySettings }, { one, two }) =>
    securitySettings.setSecret({ meterId: one, clientId: 32, instanceId: two, secret: octets(9) }),
  "securitySettings.secretsOf": ({ securitySettings }, { one }) => securitySettings.secretsOf(one),
  "securitySettings.secretsOfMany": ({ securitySettings }, { one, two }) => securitySettings.secretsOfMany([two, one]),
  "keyRotations.propose": ({ keyRotations }, { one }) =>
    keyRotations.propose(one, setup, { encryptionKey: octets(16, 7) }, 20),
  "keyRotations.pending": ({ keyRotations }, { one }) => keyRotations.pending(one, setup),
  "keyRotations.pending, setup": ({ keyRotations }, { one, two }) => keyRotations.pending(one, two),
  "keyRotations.confirm": ({ keyRotations }, { one }) => keyRotations.confirm(one, setup, 30),
  "keyPairs.put": ({ keyPairs }, texts) => keyPairs.put([pair(texts)]),
  "keyPairs.putIfAbsent, setup": ({ keyPairs }, texts) => keyPairs.putIfAbsent([pair(texts, texts.three)]),
  "keyPairs.promote": ({ keyPairs }, { one }) => keyPairs.promote({ meterId: one, instanceId: setup, usage: 0 }),
  "keyPairs.of": ({ keyPairs }, { one }) => keyPairs.of(one),
  "certificates.add": ({ certificates }, texts) => certificates.add(certificate(texts)).then(() => "added"),
  "certificates.find": ({ certificates }, { one }) => certificates.find({ meterId: one }),
  "certificates.find, setup": ({ certificates }, { one, two }) => certificates.find({ meterId: one, instanceId: two }),
  "clientAssociations.add": ({ clientAssociations }, texts) =>
    clientAssociations.add(clientAssociation(texts)).then(() => "added"),
  "clientAssociations.add, instance": ({ clientAssociations }, texts) =>
    clientAssociations.add(clientAssociation(texts, texts.three)).then(() => "added"),
  "clientAssociations.list": ({ clientAssociations }) => clientAssociations.list(),
  "obisCodes.ensure": ({ obisCodes }, texts) => obisCodes.ensure([obisCode(texts)]),
  "obisCodes.ensure, name": ({ obisCodes }, texts) => obisCodes.ensure([obisCode(texts, texts.three)]),
  "obisCodes.of": ({ obisCodes }, { one }) => obisCodes.of(one),
  "accessRights.of": ({ accessRights }, { one }) => accessRights.of(one),
  "connections.open": ({ connections }, { one, two, three }) =>
    connections
      .open({ meterId: one, clientId: 1, connectionTime: 1, ipAddress: two, port: 1, sessionId: three })
      .then(() => "opened"),
  "connections.list": ({ connections }, { one }) => connections.list({ meterId: one }),
  "connections.touch": async ({ connections }, { three }) => connections.touch([1], 5, three as "IDLE"),
  "hdlcSettings.add": ({ hdlcSettings }, { one }) => hdlcSettings.add({ deviceAddress: one } as never),
  "communicationPorts.add": ({ communicationPorts }, { one }) =>
    communicationPorts.add({ portType: one as "TCP", portNumber: 1 }),
  "loadProfileTemplates.add": ({ loadProfileTemplates }, texts) => loadProfileTemplates.add(loadProfile(texts)),
  "loadProfileTemplates.add, season": ({ loadProfileTemplates }, texts) =>
    loadProfileTemplates.add({ ...loadProfile(texts), season: "MONSOON" }).then(() => "added"),
  "loadProfileTemplates.list": ({ loadProfileTemplates }) => loadProfileTemplates.list(),
  "powerQualityEvents.add": ({ powerQualityEvents }, { one, two }) =>
    powerQualityEvents.add({
      ...{ eventType: one as "VOLTAGE_SAG", probability: 0.5, minDuration: 1, maxDuration: 2, minMagnitude: 1 },
      ...{ maxMagnitude: 2, affectedPhases: [two as "L1"] },
    }),
  "values.put": ({ values }, texts) => values.put([value(texts)]),
  "values.put, name": ({ values }, texts) => values.put([value(texts, texts.two)]),
  "values.of": ({ values }, { one }) => values.of(one),
  "values.remove": ({ values }, texts) => values.remove(value(texts)),
  "events.append": ({ events }, texts) => events.append([{ ...record(texts), code: 1 }], 5),
  "events.append, name": ({ events }, texts) => events.append([{ ...record(texts, texts.three), code: 1 }]),
  "events.list": ({ events }, { one }) => events.list({ meterId: one, instanceId: logicalName }),
  "events.count": ({ events }, { one, two }) => events.count(one, two),
  "events.clear": ({ events }, { one }) => events.clear(one, logicalName),
  "captures.append": ({ captures }, texts) => captures.append([record(texts)], 5),
  "captures.list": ({ captures }, { one, two }) => captures.list({ meterId: one, instanceId: two }),
  "captures.count": ({ captures }, { one }) => captures.count(one, logicalName),
  "captures.clear": ({ captures }, { one }) => captures.clear(one, logicalName),
  "fleets.putIfAbsent": ({ fleets }, { one, two, three }) =>
    fleets.putIfAbsent({
      ...{ template: one, secret: octets(32), seed: two, manufacturer: three, commissionedAt: 1, derivation: 1 },
    }),
  "fleets.putIfAbsent, manufacturer": ({ fleets }, { one, two }) =>
    fleets.putIfAbsent({
      ...{ template: one, secret: octets(32), seed: two, manufacturer: "TST", commissionedAt: 1, derivation: 1 },
    }),
  "fleets.get": ({ fleets }, { one }) => fleets.get(one),
  "fleets.setRanUpTo": ({ fleets }, { one, two }) => fleets.setRanUpTo(one, two, 3),
  "fleets.progress": async ({ fleets }, { one }) => (await fleets.progress(one)).length,
  "snapshots.take": async ({ snapshots }, { one, two }) =>
    (({ template, state }) => ({ template, state }))(await snapshots.take({ template: one, takenAt: 5, state: two })),
  "snapshots.list": async ({ snapshots }, { one }) =>
    (await snapshots.list(one)).map(({ template, state }) => ({ template, state })),
  "fleets.ranUpTo": ({ fleets }, { one, two }) => fleets.ranUpTo(one, two),
  "messageQueue.enqueue": ({ messageQueue }, texts) => messageQueue.enqueue([message(texts)]).then(() => "enqueued"),
  "messageQueue.claim, fail": async ({ messageQueue }, { two }) => {
    const claimed = await messageQueue.claim({ now: 9, limit: 5 });
    const all: unknown[] = [];
    for (const one of claimed) {
      all.push(one, await messageQueue.fail(one, { error: two, now: 10, retryAt: 11 } as never));
      all.push(await messageQueue.get(one.id));
    }
    return all;
  },
  keeping: async (store, texts) => {
    const { one, two, three } = texts;
    const scope = { clients: [{ clientId: 32, instanceId: association }], setups: [setup] };
    const got = await store.keeping.take(one, scope);
    if (!got.taken) return got;
    const { lease, ...rest } = got;
    const { meterId: _, ...written } = value(texts);
    const committed = await store.keeping
      .commit({
        lease,
        values: [written],
        events: [{ instanceId: logicalName, at: 1, code: 1, encoded: octets(1) }],
        rows: [{ logicalDevice: 1, instanceId: logicalName, keep: 3, rows: [{ at: 1, encoded: octets(1) }] }],
        peers: [{ keyId: two, peer: three, counter: 50 }],
        usedKeys: [{ clientId: 32, instanceId: association, digest: two }],
        messages: [{ ...message(texts), meterId: one }],
      })
      .then(() => "committed", codeOf);
    await store.keeping.release([lease]);
    return [rest, committed];
  },
  "keeping.take, name": async ({ keeping }, { one, two }) => {
    const scope = { clients: [{ clientId: 32, instanceId: two }], setups: [two] };
    const got = await keeping.take(one, scope);
    if (got.taken) await keeping.release([got.lease]);
    return got.taken;
  },
  "keeping.secrets": ({ keeping }, { one, two }) =>
    keeping.secrets(one, { clients: [{ clientId: 32, instanceId: two }], setups: [two] }),
  "keeping.range": ({ keeping }, { one, two }) =>
    keeping.range({ meterId: one, logicalDevice: 1, instanceId: two }, undefined, undefined),
  "meters.remove": ({ meters }, { one }) => meters.remove(one),
  "meters.count": ({ meters }) => meters.count(),
};

function codeOf(error: unknown): string {
  if (error instanceof Fault) return `Fault ${error.code} ${error.path.join(" ")}`;
  throw error;
}

/** Numbers that a store gives by itself: they are not those of another store. */
const own = new Set(["id", "createdAt", "lease", "associationId", "process"]);

function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return `octets ${Buffer.from(value).toString("hex")}`;
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([key, each]) => !own.has(key) && each !== undefined);
  return Object.fromEntries(
    fields.sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, each]) => [key, comparable(each)]),
  );
}

/** What each call gives: a value, or the code and the path of its Fault. */
export async function played(store: Store, texts: Texts): Promise<Record<string, unknown>> {
  const outcomes: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(program)) {
    outcomes[name] = await call(store, texts).then(comparable, codeOf);
  }
  return outcomes;
}
