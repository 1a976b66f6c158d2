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
import { memorySnapshots } from "./snapshots.ts";
import { type MemoryContext, MemoryState } from "./state.ts";
import { memoryValues } from "./values.ts";

/** The clock and the timer for leases. */
export interface MemoryTime {
  /** ms. Never decreases. */
  now(): number;
  /** Runs a function at an interval in ms, until the returned function is called. */
  every(ms: number, run: () => void): () => void;
}

export interface MemoryStoreOptions extends StoreOptions {
  /** By default the monotonic clock of the machine. Stores on one state must have the same. */
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
 * A store in memory. Its data are lost when the process ends; otherwise it behaves like any other store. Two stores on one `state`
 * behave like two processes on one database. Faults as for `StoreOptions`.
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
    snapshots: memorySnapshots(context),
    onChange,
    close,
    [Symbol.asyncDispose]: close,
  };
}
