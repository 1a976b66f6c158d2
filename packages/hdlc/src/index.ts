export {
  type AddressLike,
  type AddressOctets,
  addressFromJson,
  addressToJson,
  allStation,
  decodeAddress,
  type HdlcAddress,
  hdlcAddress,
  isBroadcast,
  isNoStation,
  lowerAddressOfSerial,
  sameStation,
  writeAddress,
} from "./address.ts";
export {
  AddressSearch,
  type AddressSearchOptions,
  type CandidateOptions,
  candidateAddresses,
  type FoundMeter,
} from "./address-search.ts";
export { type Control, decodeControl, encodeControl, type FrameType, type UnnumberedType } from "./control.ts";
export { decodeFrame, encodeFrame, type FrameFault, maxFrameLength } from "./frame.ts";
export { Frame, frameFromJson, frameToJson } from "./frame-json.ts";
export { type Direction, unwrapLlc, wrapLlc } from "./llc.ts";
export {
  decodeNegotiation,
  defaultParameters,
  encodeNegotiation,
  maxInfoLimit,
  type Negotiation,
  negotiate,
  negotiationFromJson,
  negotiationToJson,
  type Parameters,
} from "./negotiation.ts";
export { Primary } from "./primary.ts";
export {
  type HdlcQuirk,
  type PrimaryAct,
  type PrimaryMode,
  type PrimaryOptions,
  primaryTransitions,
} from "./primary-options.ts";
export { decodeRejection, encodeRejection, type Rejection, type RejectReason, rejectReasons } from "./reject.ts";
export {
  type AddressRange,
  firstUsableAddress,
  type ReservedAddress,
  reservedLower,
  reservedUpper,
  usableLower,
  usableUpper,
} from "./reserved-address.ts";
export {
  Secondary,
  type SecondaryAct,
  type SecondaryMode,
  type SecondaryOptions,
  secondaryTransitions,
} from "./secondary.ts";
export { FrameSplitter, type Split } from "./splitter.ts";
export { Station, type StationOptions } from "./station.ts";
export { UnnumberedLink, type UnnumberedLinkOptions, type UnnumberedQuirk } from "./unnumbered-link.ts";
