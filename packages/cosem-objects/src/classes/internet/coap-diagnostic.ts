import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { CapturedAttribute } from "../common-types.ts";

const MessagesCounter = T.structure({
  tx: T.doubleLongUnsigned,
  rx: T.doubleLongUnsigned,
  txResend: T.doubleLongUnsigned,
  txReset: T.doubleLongUnsigned,
  rxReset: T.doubleLongUnsigned,
  txAck: T.doubleLongUnsigned,
  rxAck: T.doubleLongUnsigned,
  rxDrop: T.doubleLongUnsigned,
  txNonPiggybacked: T.doubleLongUnsigned,
  maxRtxExceeded: T.doubleLongUnsigned,
});
const RequestResponseCounter = T.structure({
  rxRequests: T.doubleLongUnsigned,
  txRequests: T.doubleLongUnsigned,
  rxResponses: T.doubleLongUnsigned,
  txResponses: T.doubleLongUnsigned,
  txClientErrors: T.doubleLongUnsigned,
  rxClientErrors: T.doubleLongUnsigned,
  txServerErrors: T.doubleLongUnsigned,
  rxServerErrors: T.doubleLongUnsigned,
});
const BtCounter = T.structure({
  blockWiseTransferStarted: T.doubleLongUnsigned,
  blockWiseTransferCompleted: T.doubleLongUnsigned,
  blockWiseTransferTimeout: T.doubleLongUnsigned,
});

/** CoAP diagnostic (class 153, version 0; Blue Book 4.9.9): counters of CoAP. */
export const CoapDiagnostic = interfaceClass({
  classId: 153,
  version: 0,
  name: "CoAP diagnostic",
  attributes: {
    messagesCounter: { id: 2, type: MessagesCounter, static: false },
    requestResponseCounter: { id: 3, type: RequestResponseCounter, static: false },
    btCounter: { id: 4, type: BtCounter, static: false },
    captureTime: { id: 5, type: CapturedAttribute, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
});
