export * from "./changes.ts";
export {
  type CheckedCommit,
  type CommitEvents,
  checkCommit,
  checkScope,
  entriesFrom,
  noPendingKeyPair,
} from "./commits.ts";
export type { Field } from "./fields.ts";
export * as fields from "./fields.ts";
export * from "./keeping.ts";
export * from "./leases.ts";
export { openMemoryQueue } from "./memory/message-queue.ts";
export { MemoryState } from "./memory/state.ts";
export { type MemoryStoreOptions, type MemoryTime, openMemoryStore } from "./memory/store.ts";
export * from "./rows.ts";
export * from "./sealing.ts";
export * from "./shape.ts";
export * from "./store.ts";
export * from "./tables/access-rights.ts";
export * from "./tables/certificates.ts";
export * from "./tables/client-associations.ts";
export * from "./tables/communication.ts";
export * from "./tables/connections.ts";
export * from "./tables/counters.ts";
export * from "./tables/fleets.ts";
export * from "./tables/generation.ts";
export * from "./tables/key-pairs.ts";
export * from "./tables/key-rotations.ts";
export * from "./tables/message-queue.ts";
export * from "./tables/meters.ts";
export * from "./tables/obis-codes.ts";
export * from "./tables/records.ts";
export * from "./tables/security-settings.ts";
export * from "./tables/snapshots.ts";
export * from "./tables/used-keys.ts";
export * from "./tables/values.ts";
export * from "./tables/variation-pattern.ts";
