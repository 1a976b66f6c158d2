export { challengeLength, checkChallenge, checkChallenges, newChallenge } from "./challenges.ts";
export type { Compression } from "./compression.ts";
export { CounterLedger, type CounterLedgerOptions, type CounterSource, lastCounter } from "./counters.ts";
export { deriveMeterKeys, type FleetOptions, type MeterKeys } from "./fleet-keys.ts";
export {
  type DataKeys,
  type DataLayer,
  generalKeyOf,
  openDataLayers,
  type SealedData,
  sealDataLayers,
} from "./general/data-layers.ts";
export type { GeneralKey } from "./general/general-key.ts";
export {
  type AppliedCiphering,
  type AppliedSignature,
  type CipheringOptions,
  type GeneralOptions,
  GeneralProtection,
  type HeaderOptions,
  type SigningOptions,
} from "./general/general-protection.ts";
export {
  type KeyGuards,
  type KeyMemory,
  MemoryKeyGuards,
  type MemoryKeyGuardsOptions,
  OrderedKeyGuards,
  type TransactionGuard,
} from "./general/guards.ts";
export {
  isEphemeralSigned,
  isSignatureOf,
  openRecorded,
  type RecordedKeys,
  recordedKeys,
} from "./general/inspect.ts";
export { type AgreedKeyId, agreeKey, type KeyOffer, offerKey } from "./general/key-agreement-method.ts";
export {
  type AppliedLayer,
  type Layer,
  type LayerProtections,
  type OpenedLayers,
  openLayers,
  sealLayers,
} from "./general/layers.ts";
export type { KeyPurpose, PeerKeys, PrivateKeys } from "./general/peer-keys.ts";
export { Hkdf } from "./hkdf.ts";
export { deriveKey, KeyAlgorithm, type KeyDerivation, type KeyPair, newKeyPair } from "./key-agreement.ts";
export { type KeyFinding, keyFindings } from "./key-findings.ts";
export { checkKey, erase, type KeySet, Keys } from "./keys.ts";
export {
  type AuthenticationContext,
  challengeResponse,
  type ResponseOptions,
  type VerifyOptions,
  verifyResponse,
} from "./mechanisms.ts";
export { noble } from "./noble.ts";
export {
  type AppliedProtection,
  type CipheredForm,
  type DedicatedKey,
  type OpenedApdu,
  Protection,
  type ProtectionOptions,
  protectionOverhead,
  type SealOptions,
} from "./protection.ts";
export type { AesEcb, AesGcm, CryptoProvider, Curve, HashName, Random } from "./provider.ts";
export { CounterGuard, type ReplayGuard } from "./replay.ts";
export { type SecuritySuite, securitySuite, securitySuites } from "./suites.ts";
export { checkSystemTitle, checkTitles, senderTitleIn, systemTitleLength } from "./system-title.ts";
export { openUnverified, type UnverifiedOptions } from "./unverified.ts";
