import { Fault, logicalName } from "@dlmskit/core";
import { instant, integer, logicalNameText, octets } from "./fields.ts";
import type { CapturedRows, Commit, MeterScope, SecurityChange } from "./keeping.ts";
import { counterReplayed } from "./leases.ts";
import { checkRow, shape } from "./shape.ts";
import { Certificate } from "./tables/certificates.ts";
import { counterValue, PeerCounterKey } from "./tables/counters.ts";
import { KeyPair } from "./tables/key-pairs.ts";
import { Message } from "./tables/message-queue.ts";
import { CaptureRecord, EventRecord } from "./tables/records.ts";
import { ClientSecret, checkNewKeys, checkPolicy, SecuritySetting } from "./tables/security-settings.ts";
import { keyReplayed, UsedKey, usedKeysKept } from "./tables/used-keys.ts";
import { AttributeValue } from "./tables/values.ts";

/** The maximum number of rows that a buffer or a log keeps. */
const keepCount = integer(0);
const epochs = integer(1, Number.MAX_SAFE_INTEGER);
// The largest difference between two instants.
const offset = integer(-864e13, 864e13);
const logicalDevices = integer(0, 0xffff);

/** The events that a commit appends to one log. */
export interface CommitEvents {
  readonly instanceId: string;
  readonly keep: number | undefined;
  readonly rows: readonly EventRecord[];
}

/** A commit with checked values and at most one entry for each key. */
export interface CheckedCommit {
  readonly meterId: string;
  readonly epoch: number;
  readonly values: readonly AttributeValue[];
  readonly rows: readonly CapturedRows[];
  readonly events: readonly CommitEvents[];
  readonly messages: readonly Message[];
  readonly security: readonly SecurityChange[];
  readonly peers: readonly PeerCounter[];
  readonly usedKeys: readonly CommitUsedKey[];
  readonly clockOffset: number | undefined;
  readonly ranUpTo: number | undefined;
}

interface CommitUsedKey extends Omit<UsedKey, "meterId"> {
  /** The key may already be stored. */
  readonly again: boolean;
}

interface PeerCounter {
  readonly keyId: string;
  readonly peer: string;
  readonly counter: number;
  /** The counter may already be stored. */
  readonly again: boolean;
}

/**
 * Checks a commit before anything is changed. Of several values of one attribute the last is used. Captured rows of one profile are
 * put together. Faults `bad-value`, `counter-replayed` (two counters of one peer that do not increase, or the same key twice).
 */
export function checkCommit(commit: Commit): CheckedCommit {
  const { lease, values = [], events = [], messages = [], security = [], peers = [], usedKeys = [] } = commit;
  const { meterId } = lease;
  return {
    meterId,
    epoch: epochs.check(lease.epoch),
    values: latestValues(values.map((value) => checkRow(AttributeValue, { ...value, meterId }))),
    rows: oneOfEachProfile((commit.rows ?? []).map((rows) => checkCaptured(meterId, rows))),
    events: eventsOf(events.map((event) => ({ row: checkRow(EventRecord, { ...event, meterId }), keep: event.keep }))),
    messages: messages.map((message) => checkRow(Message, message)),
    security: security.map((change) => checkSecurityChange(meterId, change)),
    peers: peersOf(meterId, peers),
    usedKeys: usedKeysOf(meterId, usedKeys),
    clockOffset: commit.clockOffset === undefined ? undefined : offset.check(commit.clockOffset),
    ranUpTo: commit.ranUpTo === undefined ? undefined : instant.check(commit.ranUpTo),
  };
}

function latestValues(values: readonly AttributeValue[]): AttributeValue[] {
  const keyOf = (of: AttributeValue) => `${of.logicalDevice} ${of.classId} ${of.instanceId} ${of.attributeId}`;
  return [...new Map(values.map((value) => [keyOf(value), value])).values()];
}

function checkCaptured(meterId: string, given: CapturedRows): CapturedRows {
  const instanceId = logicalNameText.check(given.instanceId);
  return {
    logicalDevice: logicalDevices.check(given.logicalDevice),
    instanceId,
    ...(given.clear === true ? { clear: true } : {}),
    keep: keepCount.check(given.keep),
    rows: given.rows.map((row) => {
      const { at, encoded } = checkRow(CaptureRecord, { meterId, instanceId, at: row.at, encoded: row.encoded });
      return { at, encoded };
    }),
  };
}

function oneOfEachProfile(all: readonly CapturedRows[]): CapturedRows[] {
  const profiles = new Map<string, CapturedRows>();
  for (const rows of all) {
    const name = `${rows.logicalDevice} ${rows.instanceId}`;
    const before = profiles.get(name);
    const joined = before === undefined || rows.clear === true ? rows : { ...before, keep: rows.keep };
    profiles.set(name, joined === rows ? rows : { ...joined, rows: [...joined.rows, ...rows.rows] });
  }
  return [...profiles.values()];
}

function eventsOf(all: readonly { readonly row: EventRecord; readonly keep: number | undefined }[]): CommitEvents[] {
  const logs = new Map<string, CommitEvents>();
  for (const { row, keep } of all) {
    const { instanceId } = row;
    const before = logs.get(instanceId);
    const kept = keep === undefined ? before?.keep : keepCount.check(keep);
    logs.set(instanceId, { instanceId, keep: kept, rows: [...(before?.rows ?? []), row] });
  }
  return [...logs.values()];
}

function peersOf(meterId: string, all: NonNullable<Commit["peers"]>): PeerCounter[] {
  const peers = new Map<string, PeerCounter>();
  for (const given of all) {
    const { keyId, peer } = checkRow(PeerCounterKey, { ...given, meterId });
    const counter = counterValue.check(given.counter);
    const name = JSON.stringify([keyId, peer]);
    const before = peers.get(name);
    if (before !== undefined && before.counter >= counter) throw counterReplayed(meterId, { peer, counter });
    peers.set(name, { keyId, peer, counter, again: given.again === true });
  }
  return [...peers.values()];
}

/** In their order, only the latest keys of each association that the store would keep. */
function usedKeysOf(meterId: string, all: NonNullable<Commit["usedKeys"]>): CommitUsedKey[] {
  const associations = new Map<string, Map<string, CommitUsedKey>>();
  for (const given of all) {
    const { clientId, instanceId, digest } = checkRow(UsedKey, { ...given, meterId });
    const name = `${clientId} ${instanceId}`;
    const used = associations.get(name) ?? new Map<string, CommitUsedKey>();
    associations.set(name, used);
    const again = given.again === true;
    if (used.has(digest) && !again) throw keyReplayed(meterId, clientId);
    if (!used.has(digest)) used.set(digest, { clientId, instanceId, digest, again });
  }
  return [...associations.values()].flatMap((used) => [...used.values()].slice(-usedKeysKept));
}

const namedCertificate = shape(Certificate.table, { serialNumber: octets(1, 32), issuer: octets(1, 2048) });

function checkSecurityChange(meterId: string, given: SecurityChange): SecurityChange {
  switch (given.change) {
    case "policy":
    case "keys": {
      const instanceId = logicalNameText.check(given.instanceId);
      const initial = checkRow(SecuritySetting, { ...given.initial, meterId, instanceId });
      if (given.change === "policy") return { ...checkPolicy(given), change: "policy", instanceId, initial };
      return { change: "keys", instanceId, keys: checkNewKeys(given.keys), at: instant.check(given.at), initial };
    }
    case "secret":
      return { change: "secret", ...checkRow(ClientSecret, { ...given, meterId }) };
    case "key-pair":
      return { change: "key-pair", pair: checkRow(KeyPair, { ...given.pair, meterId }) };
    case "promote-key-pair": {
      const { instanceId, usage } = KeyPair.fields;
      return {
        change: "promote-key-pair",
        instanceId: instanceId.check(given.instanceId),
        usage: usage.check(given.usage),
      };
    }
    case "add-certificate":
      return { change: "add-certificate", certificate: checkRow(Certificate, { ...given.certificate, meterId }) };
    case "remove-certificate": {
      const named = checkRow(namedCertificate, given);
      return { change: "remove-certificate", instanceId: logicalNameText.check(given.instanceId), ...named };
    }
  }
}

/** Checks a scope. Converts its logical names to the dotted form. Fault `bad-value`. */
export function checkScope(scope: MeterScope): MeterScope {
  const { clientId, instanceId } = ClientSecret.fields;
  const checkClient = (client: MeterScope["clients"][number]): MeterScope["clients"][number] => ({
    clientId: clientId.check(client.clientId),
    instanceId: instanceId.check(client.instanceId),
  });
  return {
    clients: scope.clients.map(checkClient),
    setups: scope.setups.map((setup) => logicalNameText.check(setup)),
    ...(scope.usedKeys === undefined ? {} : { usedKeys: scope.usedKeys.map(checkClient) }),
  };
}

/** There is no pending key pair to promote. */
export function noPendingKeyPair(
  meterId: string,
  pair: { readonly instanceId: string; readonly usage: number },
): Fault {
  return new Fault(
    "unknown-reference",
    `Security setup ${logicalName(pair.instanceId)} of meter "${meterId}" has no pending key pair of usage ${pair.usage}`,
    { layer: "storage" },
  );
}

/** Converts the entries `first` to `last` (from 1) to an offset and a count. Fault `bad-value`. */
export function entriesFrom(first: number, last: number): { readonly offset: number; readonly count: number } {
  const number = integer(0, Number.MAX_SAFE_INTEGER);
  const from = Math.max(1, number.check(first));
  return { offset: from - 1, count: Math.max(0, number.check(last) - from + 1) };
}
