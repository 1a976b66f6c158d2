import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** LoRaWAN diagnostic (class 129, version 0; Blue Book 4.16): counters and signal of a LoRaWAN device. */
export const LorawanDiagnostic = interfaceClass({
  classId: 129,
  version: 0,
  name: "LoRaWAN diagnostic",
  attributes: {
    internalErrorCode: { id: 2, type: T.enum, static: false },
    outFramesUCounter: { id: 3, type: T.doubleLongUnsigned, static: false },
    outFramesCCounter: { id: 4, type: T.doubleLongUnsigned, static: false },
    inFramesUCounter: { id: 5, type: T.doubleLongUnsigned, static: false },
    inFramesCCounter: { id: 6, type: T.doubleLongUnsigned, static: false },
    inMacCommandCounter: { id: 7, type: T.doubleLongUnsigned, static: false },
    inMacAnsErrorCounter: { id: 8, type: T.doubleLongUnsigned, static: false },
    inMacIgnoredCounter: { id: 9, type: T.doubleLongUnsigned, static: false },
    inPer: { id: 10, type: T.integer, static: false },
    inMeanRssiRx1: { id: 11, type: T.integer, static: false },
    inMeanSnrRx1: { id: 12, type: T.integer, static: false },
    inMeanRssiRx2: { id: 13, type: T.integer, static: false },
    inMeanSnrRx2: { id: 14, type: T.integer, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
  confidence: "medium",
});
