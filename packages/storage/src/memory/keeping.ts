import { Fault } from "@dlmskit/core";
import { type CheckedCommit, checkCommit, checkScope, entriesFrom } from "../commits.ts";
import { instant } from "../fields.ts";
import type { Keeping, Lease, MeterScope, MeterSecrets, ProfileOf } from "../keeping.ts";
import { counterReplayed, leaseLost, OwnLeases } from "../leases.ts";
import { type KeySealing, sealingNeeded, unsealKey, unsealSecret } from "../sealing.ts";
import { checkRow } from "../shape.ts";
import { Meter } from "../tables/meters.ts";
import type { CaptureRecord } from "../tables/records.ts";
import { keyReplayed } from "../tables/used-keys.ts";
import { enqueueIn } from "./message-queue.ts";
import { addMeters, compareText } from "./meters.ts";
import { appendIn, profileKey } from "./records.ts";
import { applySecurityChanges } from "./security-changes.ts";
import { mapKeys } from "./security-settings.ts";
import { copied, type KeptLease, type MemoryContext, type MemoryState, unknownReference } from "./state.ts";
import { putIn, valuesInOrder } from "./values.ts";

/** One memory store, as a process among the processes on its state. */
export interface MemoryProcess {
  readonly address: string | undefined;
}

export function memoryKeeping(
  context: MemoryContext,
  process: MemoryProcess,
  time: { readonly now: () => number; readonly renew: () => void },
  sealing: KeySealing | undefined,
): Keeping & { endAll(): void } {
  const leases = new OwnLeases();
  const holds = ({ meterId, epoch }: Pick<Lease, "meterId" | "epoch">): boolean => {
    const row = context.state.leases.get(meterId);
    return row?.process === process && row.epoch === epoch && !context.state.ended.has(process);
  };
  const lives = (other: object): boolean => (context.state.processes.get(other) ?? -Infinity) > time.now();

  function secretsIn(state: MemoryState, meterId: string, scope: MeterScope): MeterSecrets {
    const { clients, setups } = scope;
    const open = (key: Uint8Array): Uint8Array => unsealKey(sealing, key);
    const secrets = [...(state.secrets.get(meterId)?.values() ?? [])];
    return {
      settings: [...(state.securitySettings.get(meterId)?.values() ?? [])]
        .filter(({ instanceId }) => setups.includes(instanceId))
        .sort((one, other) => compareText(one.instanceId, other.instanceId))
        .map((row) => copied(mapKeys(row, open))),
      secrets: secrets
        .filter((secret) =>
          clients.some((one) => one.clientId === secret.clientId && one.instanceId === secret.instanceId),
        )
        .sort((one, other) => one.clientId - other.clientId || compareText(one.instanceId, other.instanceId))
        .map((row) => copied({ meterId, ...row, secret: unsealSecret(sealing, row.secret) })),
      keyPairs: [...(state.keyPairs.get(meterId)?.entries() ?? [])]
        .filter(([, { instanceId }]) => setups.includes(instanceId))
        .sort(([one], [other]) => compareText(one, other))
        .map(([, pair]) => copied({ ...pair, privateKey: open(pair.privateKey) })),
      certificates: state.certificates
        .filter(
          ({ meterId: of, instanceId }) => of === meterId && instanceId !== undefined && setups.includes(instanceId),
        )
        .map(copied),
      peers: peersOf(state, meterId),
      usedKeys: (scope.usedKeys ?? [])
        .toSorted((one, other) => one.clientId - other.clientId || compareText(one.instanceId, other.instanceId))
        .flatMap(({ clientId, instanceId }) =>
          [...state.loadUsedKeys(meterId, clientId, instanceId)].map((digest) => ({ clientId, instanceId, digest })),
        ),
    };
  }

  function peersOf(state: MemoryState, meterId: string): MeterSecrets["peers"] {
    return [...(state.peers.get(meterId)?.values() ?? [])]
      .map(({ keyId, peer, counter }) => ({ keyId, peer, counter }))
      .sort((one, other) => compareText(one.keyId, other.keyId) || compareText(one.peer, other.peer));
  }

  /** Throws any Fault before anything is changed. */
  function admit(state: MemoryState, commit: CheckedCommit): KeptLease {
    const { meterId, epoch, security, peers, usedKeys } = commit;
    const row = state.leases.get(meterId);
    if (row === undefined || !holds({ meterId, epoch })) {
      leases.end(meterId, epoch);
      throw leaseLost({ meterId, epoch });
    }
    if (security.length > 0 && sealing === undefined && state.sealingCheck !== undefined) throw sealingNeeded();
    for (const { keyId, peer, counter, again } of peers) {
      const kept = state.loadPeer({ meterId, keyId, peer });
      if (kept !== undefined && (again ? kept > counter : kept >= counter))
        throw counterReplayed(meterId, { peer, counter });
    }
    for (const { clientId, instanceId, digest, again } of usedKeys) {
      const used = state.loadUsedKeys(meterId, clientId, instanceId);
      if (!again && used.has(digest)) throw keyReplayed(meterId, clientId);
    }
    return row;
  }

  function rowsOf({ meterId, logicalDevice, instanceId }: ProfileOf): readonly CaptureRecord[] {
    return context.use().captures.get(meterId)?.get(profileKey(instanceId, logicalDevice)) ?? [];
  }

  const encodings = (rows: readonly CaptureRecord[]): Uint8Array[] => rows.map((row) => new Uint8Array(row.encoded));

  return {
    async take(meterId, scope, identity) {
      const state = context.use();
      const wanted = checkScope(scope);
      if (identity !== undefined) checkIdentity(meterId, identity);
      if (!state.meters.has(meterId)) {
        if (identity === undefined) throw unknownReference(`meter "${meterId}"`);
        addMeters(state, [identity], context.instant());
      }
      const before = state.leases.get(meterId);
      const other = before?.process;
      if (other !== undefined && other !== process && lives(other)) {
        leases.end(meterId);
        return { taken: false, address: other.address };
      }
      time.renew();
      const row: KeptLease = {
        ...{ clockOffset: 0, ranUpTo: undefined, ...before },
        process,
        epoch: (before?.epoch ?? 0) + (other === process ? 0 : 1),
      };
      state.leases.set(meterId, row);
      return {
        taken: true,
        lease: leases.take(meterId, row.epoch, holds),
        meter: copied(state.meters.get(meterId) as NonNullable<ReturnType<typeof state.meters.get>>),
        clockOffset: row.clockOffset,
        ranUpTo: row.ranUpTo,
        values: valuesInOrder(state, meterId),
        ...secretsIn(state, meterId, wanted),
      };
    },
    async secrets(meterId, scope) {
      return secretsIn(context.use(), meterId, checkScope(scope));
    },
    async commit(given) {
      const state = context.use();
      const commit = checkCommit(given);
      const { meterId, clockOffset, ranUpTo } = commit;
      const row = admit(state, commit);
      // Changes that can still fail come first. They undo themselves if they fail.
      applySecurityChanges(context, sealing, meterId, commit.security);
      putIn(state, commit.values.map(copied));
      for (const { logicalDevice, instanceId, clear, keep, rows } of commit.rows) {
        const name = profileKey(instanceId, logicalDevice);
        if (clear === true) state.captures.get(meterId)?.delete(name);
        const records = rows.map((each) => copied({ meterId, instanceId, ...each }));
        appendIn(state.captures, meterId, name, records, keep);
      }
      for (const { instanceId, rows, keep } of commit.events) {
        appendIn(state.events, meterId, instanceId, rows.map(copied), keep);
      }
      enqueueIn(state, commit.messages);
      for (const { keyId, peer, counter } of commit.peers) state.savePeer({ meterId, keyId, peer }, counter);
      for (const used of commit.usedKeys) state.saveUsedKey({ meterId, ...used });
      state.leases.set(meterId, {
        ...row,
        ...(clockOffset === undefined ? {} : { clockOffset }),
        ...(ranUpTo === undefined ? {} : { ranUpTo }),
      });
    },
    async release(given) {
      const state = context.use();
      for (const { meterId, epoch } of given) {
        const row = state.leases.get(meterId);
        if (row !== undefined && holds({ meterId, epoch })) state.leases.set(meterId, { ...row, process: undefined });
        leases.end(meterId, epoch);
      }
    },
    async entries(of, first, last) {
      const { offset, count } = entriesFrom(first, last);
      return encodings(rowsOf(of).slice(offset, offset + count));
    },
    async range(of, from, to) {
      if (from !== undefined) instant.check(from);
      if (to !== undefined) instant.check(to);
      return encodings(rowsOf(of).filter(({ at }) => at >= (from ?? -Infinity) && at <= (to ?? Infinity)));
    },
    async count(of) {
      return rowsOf(of).length;
    },
    async clockOffsets(meterIds) {
      const state = context.use();
      return new Map(meterIds.map((meterId) => [meterId, state.leases.get(meterId)?.clockOffset ?? 0]));
    },
    endAll() {
      leases.endAll();
    },
  };
}

/** Fault `bad-value` if it is not the identity of that meter. */
function checkIdentity(meterId: string, identity: Meter): void {
  if (checkRow(Meter, identity).meterId === meterId) return;
  throw new Fault("bad-value", `the identity is that of meter "${identity.meterId}", not of "${meterId}"`, {
    layer: "storage",
  });
}
