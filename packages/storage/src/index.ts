export * from "./access-rights.ts";
export * from "./certificates.ts";
export * from "./client-associations.ts";
export {
  type CheckedCommit,
  type CommitEvents,
  checkCommit,
  checkScope,
  entriesFrom,
  noPendingKeyPair,
} from "./commits.ts";
export * from "./communication.ts";
export * from "./connections.ts";
export * from "./counters.ts";
export type { Field } from "./fields.ts";
export * as fields from "./fields.ts";
export * from "./fleets.ts";
export * from "./generation.ts";
export * from "./keeping.ts";
export * from "./key-pairs.ts";
export * from "./key-rotations.ts";
export * from "./leases.ts";
export { MemoryState } from "./memory/state.ts";
export { type MemoryStoreOptions, type MemoryTime, openMemoryStore } from "./memory/store.ts";
export * from "./message-queue.ts";
export * from "./meters.ts";
export * from "./obis-codes.ts";
export * from "./records.ts";
export * from "./rows.ts";
export * from "./sealing.ts";
export * from "./security-settings.ts";
export * from "./shape.ts";
export * from "./store.ts";
export * from "./values.ts";
export * from "./variation-pattern.ts";
