import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** G3-PLC MAC layer counters (class 90, version 1; Blue Book 4.13.3): counters of the G3-PLC MAC layer. */
export const G3MacLayerCounters = interfaceClass({
  classId: 90,
  version: 1,
  name: "G3-PLC MAC layer counters",
  attributes: {
    macTxDataPacketCount: { id: 2, type: T.doubleLongUnsigned, static: false },
    macRxDataPacketCount: { id: 3, type: T.doubleLongUnsigned, static: false },
    macTxCmdPacketCount: { id: 4, type: T.doubleLongUnsigned, static: false },
    macRxCmdPacketCount: { id: 5, type: T.doubleLongUnsigned, static: false },
    macCsmaFailCount: { id: 6, type: T.doubleLongUnsigned, static: false },
    macCsmaNoAckCount: { id: 7, type: T.doubleLongUnsigned, static: false },
    macBadCrcCount: { id: 8, type: T.doubleLongUnsigned, static: false },
    macTxDataBroadcastCount: { id: 9, type: T.doubleLongUnsigned, static: false },
    macRxDataBroadcastCount: { id: 10, type: T.doubleLongUnsigned, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
});
