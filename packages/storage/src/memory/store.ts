import { Fault } from "@dlmskit/core";
import { sealingCheck, sealingNeeded, verifySealing } from "../sealing.ts";
import type { Store, StoreOptions } from "../store.ts";
import { memoryConnections } from "./connections.ts";
import { memoryCounters } from "./counters.ts";
import { memoryKeyPairs } from "./key-pairs.ts";
import { memoryKeyRotations } from "./key-rotations.ts";
import { memoryMessageQueue } from "./message-queue.ts";
import { memoryMeters } from "./meters.ts";
import { memoryCaptures, memoryEvents } from "./records.ts";
import { memorySecuritySettings, sealAll } from "./security-settings.ts";
import { type MemoryContext, MemoryState } from "./state.ts";
import { memoryTables } from "./tables.ts";
import { memoryValues } from "./values.ts";

/**
 * A store in memory: gone with the process, otherwise as any other. Two stores on one `state` are as two processes on one
 * database. Faults as of `StoreOptions`.
 */
export async function openMemoryStore(
  options: StoreOptions = {},
  state: MemoryState = new MemoryState(),
): Promise<Store> {
  const { sealing } = options;
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
  const connections = memoryConnections(context);
  const securitySettings = memorySecuritySettings(context, sealing);
  const close = async (): Promise<void> => {
    if (!closed) connections.closeAll();
    closed = true;
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
    close,
    [Symbol.asyncDispose]: close,
  };
}
