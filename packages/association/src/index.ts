export { leastSecretLength } from "./handshake/names.ts";
export {
  type Asked,
  hlsCauses,
  type RefusalCause,
  refusalCauses,
  refusalText,
} from "./handshake/refusal-causes.ts";
export * from "./initiator.ts";
export {
  type ClientGeneralBlocks,
  type InitiatorLimits,
  type InitiatorOptions,
  type InitiatorQuirk,
  type InitiatorSecurity,
  type KeyChange,
  withoutPrefix,
} from "./initiator-options.ts";
export type { InitiatorState, RequestOptions } from "./initiator-state.ts";
export * from "./offer.ts";
export * from "./outputs.ts";
export type { AssociationSecurity } from "./protection/protections.ts";
export { type RequestProtection, withoutTransaction } from "./protection/request-protection.ts";
export type { ProtectionSeen, ResponseProtection } from "./protection/sealing.ts";
export * from "./responder.ts";
export type * from "./responder-options.ts";
export type { AccessItem, AccessOptions, AccessResult } from "./services/access.ts";
export type { ActionOutcome, MethodInvocation } from "./services/action.ts";
export type { GetResult } from "./services/get.ts";
export type * from "./services/items.ts";
export type { ReadResult } from "./services/read.ts";
export type { Does, Referencing, Service } from "./services/service.ts";
export type { AttributeValue, SetResult } from "./services/set.ts";
export {
  type Incoming,
  negotiable,
  type ResultsOf,
  type ServiceName,
  type ServiceRequest,
  type ServiceResults,
  servedConformance,
  services,
  servicesOf,
  shortNameNegotiable,
  unaskedConformance,
} from "./services/table.ts";
export type { WriteResult } from "./services/write.ts";
export { undecodedData } from "./spoilt.ts";
export type { PlainTap } from "./tap.ts";
export { type GeneralBlocks, generalBlocks } from "./transfer/general/options.ts";
export { UnconfirmedAssembly, unconfirmedBlocks } from "./transfer/general/unconfirmed.ts";
