import { Fault } from "@dlmskit/core";
import { leaseTimes } from "../leases.ts";
import { sealingCheck, sealingNeeded, verifySealing } from "../sealing.ts";
import type { Store, StoreOptions } from "../store.ts";
import { connectionsKeptFor } from "../tables/connections.ts";
import { memoryConnections } from "./connections.ts";
import { memoryCounters } from "./counters.ts";
import { memoryTables } from "./edited-tables.ts";
import { memoryFleets } from "./fleets.ts";
import { memoryKeeping } from "./keeping.ts";
import { memoryKeyPairs } from "./key-pairs.ts";
import { memoryKeyRotations } from "./key-rotations.ts";
import { memoryMessageQueue } from "./message-queue.ts";
import { memoryMeters } from "./meters.ts";
import { memoryCaptures, memoryEvents } from "./records.ts";
import { memorySecuritySettings, sealAll } from "./security-settings.ts";
import { type MemoryContext, MemoryState } from "./state.ts";
import { memoryValues } from "./values.ts";

/** The clock and the timer that leases run on. */
export interface MemoryTime {
  /** ms, never going back. */
  now(): number;
  /** Runs something every so many ms, until what it gives is called. */
  every(ms: number, run: () => void): () => void;
}

export interface MemoryStoreOptions extends StoreOptions {
  /** The machine's monotonic clock by default. Stores on one state have the same. */
  readonly time?: MemoryTime;
}

const machineTime: MemoryTime = {
  now: () => performance.now(),
  every(ms, run) {
    const timer = setInterval(run, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/**
 * A store in memory: gone with the process, otherwise as any other. Two stores on one `state` are as two processes on one
 * database. Faults as of `StoreOptions`.
 */
export async function openMemoryStore(
  options: MemoryStoreOptions = {},
  state: MemoryState = new MemoryState(),
): Promise<Store> {
  const { sealing, address, time = machineTime } = options;
  const { leaseMs, renewMs } = leaseTimes(options.leaseMs);
  if (state.sealingCheck !== undefined) {
    if (sealing === undefined) throw sealingNeeded();
    verifySealing(sealing, state.sealingCheck);
  } else if (sealing !== undefined) {
    sealAll(state, sealing);
    state.sealingCheck = sealingCheck(sealing);
  }

  let closed = false;
  const context: MemoryContext = {
    state,
    instant: Date.now,
    use() {
      if (closed) throw new Fault("store-closed", "the store was closed", { layer: "storage" });
      return state;
    },
  };
  const process = { address };
  const renew = (): void => {
    if (!state.ended.has(process)) state.processes.set(process, time.now() + leaseMs);
  };
  renew();
  const stopRenewing = time.every(renewMs, renew);
  const { endAll, ...keeping } = memoryKeeping(context, process, { now: () => time.now(), renew }, sealing);
  const connections = memoryConnections(context, connectionsKeptFor(options));
  const securitySettings = memorySecuritySettings(context, sealing);
  const stops = new Set<() => void>();
  const onChange: Store["onChange"] = (listener) => {
    const stop = state.changes.onChange(listener);
    stops.add(stop);
    return () => {
      stop();
      stops.delete(stop);
    };
  };
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    for (const stop of stops) stop();
    connections.closeAll();
    stopRenewing();
    state.processes.delete(process);
    endAll();
  };
  return {
    kind: "memory",
    sealed: sealing !== undefined,
    meters: memoryMeters(context),
    counters: memoryCounters(context),
    securitySettings,
    keyRotations: memoryKeyRotations(context, sealing, securitySettings),
    keyPairs: memoryKeyPairs(context, sealing),
    ...memoryTables(context),
    connections,
    values: memoryValues(context),
    events: memoryEvents(context),
    captures: memoryCaptures(context),
    messageQueue: memoryMessageQueue(context),
    keeping,
    fleets: memoryFleets(context, sealing),
    onChange,
    close,
    [Symbol.asyncDispose]: close,
  };
}
