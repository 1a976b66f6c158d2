import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** G3-PLC Hybrid 6LoWPAN adaptation layer setup (class 162, version 1; Blue Book 4.13): the adaptation layer of the hybrid profile. */
export const G3HybridAdaptationLayerSetup = interfaceClass({
  classId: 162,
  version: 1,
  name: "G3-PLC Hybrid 6LoWPAN adaptation layer setup",
  attributes: {
    adpRoutingTable: { id: 2, type: T.array(T.any), static: false },
    adpBlacklistTable: { id: 3, type: T.array(T.any), static: false },
    adpLowLqiValueRf: { id: 4, type: T.unsigned, static: true },
    adpHighLqiValueRf: { id: 5, type: T.unsigned, static: true },
    adpRoutingConfigurationRf: { id: 6, type: T.array(T.any), static: true },
    adpUseBackupMedia: { id: 7, type: T.boolean, static: true },
    adpWeakLqiValueRf: { id: 8, type: T.unsigned, static: true },
    adpTrickleLqiThresholdLowRf: { id: 9, type: T.unsigned, static: true },
    adpDelayLowLqiRf: { id: 10, type: T.longUnsigned, static: true },
    adpDelayHighLqiRf: { id: 11, type: T.longUnsigned, static: true },
    adpRreqJitterLowLqiRf: { id: 12, type: T.unsigned, static: true },
    adpRreqJitterHighLqiRf: { id: 13, type: T.unsigned, static: true },
    adpClusterTrickleIRf: { id: 14, type: T.longUnsigned, static: true },
    adpClusterTrickleKRf: { id: 15, type: T.unsigned, static: true },
    adpClusterMinLqiRf: { id: 16, type: T.unsigned, static: true },
    adpLastGasp: { id: 17, type: T.boolean, static: true },
    adpProbingInterval: { id: 18, type: T.unsigned, static: true },
    adpTrickleLqiThresholdHighRf: { id: 19, type: T.unsigned, static: true },
  },
  methods: {},
  confidence: "medium",
});
