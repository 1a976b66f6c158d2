import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** SCHC-LPWAN diagnostic (class 127, version 0; Blue Book 4.16): counters of SCHC. */
export const SchcLpwanDiagnostic = interfaceClass({
  classId: 127,
  version: 0,
  name: "SCHC-LPWAN diagnostic",
  attributes: {
    schcPacketsTxCounter: { id: 2, type: T.doubleLongUnsigned, static: false },
    schcPacketsRxCounter: { id: 3, type: T.doubleLongUnsigned, static: false },
    schcFragmentsTxCounter: { id: 4, type: T.doubleLongUnsigned, static: false },
    schcFragmentsRxCounter: { id: 5, type: T.doubleLongUnsigned, static: false },
    schcAckTxCounter: { id: 6, type: T.doubleLongUnsigned, static: false },
    schcAckRxCounter: { id: 7, type: T.doubleLongUnsigned, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
  confidence: "medium",
});
