import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const AdpDeviceType = { panDevice: 0, panCoordinator: 1, notDefined: 2 } as const;

const RoutingConfiguration = T.structure({
  adpNetTraversalTime: T.unsigned,
  adpRoutingTableEntryTtl: T.longUnsigned,
  adpKr: T.unsigned,
  adpKm: T.unsigned,
  adpKc: T.unsigned,
  adpKq: T.unsigned,
  adpKh: T.unsigned,
  adpKrt: T.unsigned,
  adpRreqRetries: T.unsigned,
  adpRreqRerrWait: T.unsigned,
  adpBlacklistTableEntryTtl: T.longUnsigned,
  adpUnicastRreqGenEnable: T.boolean,
  adpRlcEnabled: T.boolean,
  adpAddRevLinkCost: T.unsigned,
});
const Route = T.structure({
  destinationAddress: T.longUnsigned,
  nextHopAddress: T.longUnsigned,
  routeCost: T.longUnsigned,
  hopCount: T.unsigned,
  weakLinkCount: T.unsigned,
  validTime: T.longUnsigned,
});
const ContextInformation = T.structure({
  cid: T.bitString,
  contextLength: T.unsigned,
  context: T.octetString,
  c: T.boolean,
  validLifetime: T.longUnsigned,
});
const BlacklistedNeighbour = T.structure({ blacklistedNeighbourAddress: T.longUnsigned, validTime: T.longUnsigned });
const BroadcastLogEntry = T.structure({
  sourceAddress: T.longUnsigned,
  sequenceNumber: T.unsigned,
  validTime: T.longUnsigned,
});

const attributes1 = {
  adpMaxHops: { id: 2, type: T.unsigned, static: true },
  adpWeakLqiValue: { id: 3, type: T.unsigned, static: true },
  adpSecurityLevel: { id: 4, type: T.unsigned, static: true },
  adpPrefixTable: { id: 5, type: T.array(T.any), static: false },
  adpRoutingConfiguration: { id: 6, type: T.array(RoutingConfiguration), static: true },
  adpBroadcastLogTableEntryTtl: { id: 7, type: T.longUnsigned, static: true },
  adpRoutingTable: { id: 8, type: T.array(Route), static: false },
  adpContextInformationTable: { id: 9, type: T.array(ContextInformation), static: false },
  adpBlacklistTable: { id: 10, type: T.array(BlacklistedNeighbour), static: false },
  adpBroadcastLogTable: { id: 11, type: T.array(BroadcastLogEntry), static: false },
  adpGroupTable: { id: 12, type: T.array(T.longUnsigned), static: false },
  adpMaxJoinWaitTime: { id: 13, type: T.longUnsigned, static: true },
  adpPathDiscoveryTime: { id: 14, type: T.unsigned, static: true },
  adpActiveKeyIndex: { id: 15, type: T.unsigned, static: true },
  adpMetricType: { id: 16, type: T.unsigned, static: true },
  adpCoordShortAddress: { id: 17, type: T.longUnsigned, static: true },
  adpDisableDefaultRouting: { id: 18, type: T.boolean, static: true },
  adpDeviceType: { id: 19, type: T.enumOf(AdpDeviceType), static: true },
} as const;

/** G3-PLC 6LoWPAN adaptation layer setup (class 92, version 1; Blue Book 4.13.5): parameters and tables of the adaptation layer. */
export const G3AdaptationLayerSetup1 = interfaceClass({
  classId: 92,
  version: 1,
  name: "G3-PLC 6LoWPAN adaptation layer setup",
  attributes: attributes1,
  methods: {},
  confidence: "medium",
});

const attributes2 = {
  ...attributes1,
  adpDefaultCoordRouteEnabled: { id: 20, type: T.boolean, static: true },
  adpDestinationAddressSet: { id: 21, type: T.array(T.longUnsigned), static: false },
} as const;

/** G3-PLC 6LoWPAN adaptation layer setup (class 92), version 2. */
export const G3AdaptationLayerSetup2 = interfaceClass({
  classId: 92,
  version: 2,
  name: "G3-PLC 6LoWPAN adaptation layer setup",
  attributes: attributes2,
  methods: {},
});

const attributes3 = {
  ...attributes2,
  adpLowLqiValue: { id: 22, type: T.unsigned, static: true },
  adpHighLqiValue: { id: 23, type: T.unsigned, static: true },
} as const;

/** G3-PLC 6LoWPAN adaptation layer setup (class 92), version 3. */
export const G3AdaptationLayerSetup3 = interfaceClass({
  classId: 92,
  version: 3,
  name: "G3-PLC 6LoWPAN adaptation layer setup",
  attributes: attributes3,
  methods: {},
});

const attributes4 = {
  ...attributes3,
  adpDelayLowLqi: { id: 24, type: T.longUnsigned, static: true },
  adpDelayHighLqi: { id: 25, type: T.longUnsigned, static: true },
  adpRreqJitterLowLqi: { id: 26, type: T.unsigned, static: true },
  adpRreqJitterHighLqi: { id: 27, type: T.unsigned, static: true },
  adpTrickleDataEnabled: { id: 28, type: T.boolean, static: true },
  adpTrickleLqiThresholdLow: { id: 29, type: T.unsigned, static: true },
  adpTrickleStep: { id: 30, type: T.unsigned, static: true },
  adpTrickleImin: { id: 31, type: T.longUnsigned, static: true },
  adpTrickleMaxKi: { id: 32, type: T.unsigned, static: true },
  adpTrickleAdaptiveImin: { id: 33, type: T.boolean, static: true },
  adpTrickleAdaptiveKi: { id: 34, type: T.boolean, static: true },
  adpClusterTrickleEnabled: { id: 35, type: T.boolean, static: true },
  adpClusterMinLqi: { id: 36, type: T.unsigned, static: true },
  adpClusterTrickleK: { id: 37, type: T.unsigned, static: true },
  adpClusterRreqRouteCostDeviation: { id: 38, type: T.unsigned, static: true },
  adpClusterTrickleI: { id: 39, type: T.longUnsigned, static: true },
  adpTrickleLqiThresholdHigh: { id: 40, type: T.unsigned, static: true },
} as const;

/** G3-PLC 6LoWPAN adaptation layer setup (class 92), version 4. */
export const G3AdaptationLayerSetup4 = interfaceClass({
  classId: 92,
  version: 4,
  name: "G3-PLC 6LoWPAN adaptation layer setup",
  attributes: attributes4,
  methods: {},
});
