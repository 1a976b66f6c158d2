export { CounterLedger, type CounterLedgerOptions, type CounterSource, lastCounter } from "./counters.ts";
export { checkKey, type KeySet, Keys } from "./keys.ts";
export { noble } from "./noble.ts";
export {
  type AppliedProtection,
  type CipheredForm,
  type DedicatedKey,
  type OpenedApdu,
  Protection,
  type ProtectionOptions,
  type SealOptions,
} from "./protection.ts";
export type { AesEcb, AesGcm, CryptoProvider, Curve, HashName, Random } from "./provider.ts";
export { CounterGuard, type ReplayGuard } from "./replay.ts";
export { type SecuritySuite, securitySuite, securitySuites } from "./suites.ts";
