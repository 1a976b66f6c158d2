import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** G3-PLC Hybrid RF MAC layer counters (class 160, version 0; Blue Book 4.13): counters of the MAC layer of the hybrid profile's radio. */
export const G3HybridRfMacLayerCounters = interfaceClass({
  classId: 160,
  version: 0,
  name: "G3-PLC Hybrid RF MAC layer counters",
  attributes: {
    macRetryCountRf: { id: 2, type: T.doubleLongUnsigned, static: false },
    macMultipleRetryCountRf: { id: 3, type: T.doubleLongUnsigned, static: false },
    macTxFailCountRf: { id: 4, type: T.doubleLongUnsigned, static: false },
    macTxSuccessCountRf: { id: 5, type: T.doubleLongUnsigned, static: false },
    macFcsErrorCountRf: { id: 6, type: T.doubleLongUnsigned, static: false },
    macSecurityFailureCountRf: { id: 7, type: T.doubleLongUnsigned, static: false },
    macDuplicateFrameCountRf: { id: 8, type: T.doubleLongUnsigned, static: false },
    macRxSuccessCountRf: { id: 9, type: T.doubleLongUnsigned, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
  confidence: "medium",
});
