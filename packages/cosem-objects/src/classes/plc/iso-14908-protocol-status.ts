import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** ISO/IEC 14908 protocol status (class 132, version 0; Blue Book 4.18): counters of ISO/IEC 14908. */
export const Iso14908ProtocolStatus = interfaceClass({
  classId: 132,
  version: 0,
  name: "ISO/IEC 14908 protocol status",
  attributes: {
    transmissionErrors: { id: 2, type: T.longUnsigned, static: false },
    transmitTxFailure: { id: 3, type: T.longUnsigned, static: false },
    transmitTxRetries: { id: 4, type: T.longUnsigned, static: false },
    receiveTxFull: { id: 5, type: T.longUnsigned, static: false },
    lostMessages: { id: 6, type: T.longUnsigned, static: false },
    missedMessages: { id: 7, type: T.longUnsigned, static: false },
    layer2Received: { id: 8, type: T.longUnsigned, static: false },
    layer3Received: { id: 9, type: T.longUnsigned, static: false },
    messagesReceived: { id: 10, type: T.doubleLongUnsigned, static: false },
    messagesValidated: { id: 11, type: T.doubleLongUnsigned, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
  confidence: "medium",
});
