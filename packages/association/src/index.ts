export * from "./initiator.ts";
export type {
  InitiatorLimits,
  InitiatorOptions,
  InitiatorQuirk,
  InitiatorSecurity,
  KeyChange,
} from "./initiator-options.ts";
export type { InitiatorState, RequestOptions } from "./initiator-state.ts";
export * from "./offer.ts";
export * from "./outputs.ts";
export type { AssociationSecurity } from "./protections.ts";
export * from "./responder.ts";
export * from "./services.ts";
