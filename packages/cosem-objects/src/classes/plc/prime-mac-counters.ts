import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** PRIME NB OFDM PLC MAC counters (class 84, version 0; Blue Book 4.12.8): counters of the PRIME MAC layer. */
export const PrimeMacCounters = interfaceClass({
  classId: 84,
  version: 0,
  name: "PRIME NB OFDM PLC MAC counters",
  attributes: {
    macTxDataPktCount: { id: 2, type: T.doubleLongUnsigned, static: false },
    macRxDataPktCount: { id: 3, type: T.doubleLongUnsigned, static: false },
    macTxCtrlPktCount: { id: 4, type: T.doubleLongUnsigned, static: false },
    macRxCtrlPktCount: { id: 5, type: T.doubleLongUnsigned, static: false },
    macCsmaFailCount: { id: 6, type: T.doubleLongUnsigned, static: false },
    macCsmaChBusyCount: { id: 7, type: T.doubleLongUnsigned, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
});
