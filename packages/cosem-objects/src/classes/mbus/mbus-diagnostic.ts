import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { CapturedAttribute } from "../common-types.ts";

export const MbusLinkStatus = {
  none: 0,
  normalOperation: 1,
  linkTemporarilyInterrupted: 2,
  linkPermanentlyInterrupted: 3,
} as const;

const BroadcastFramesCounter = T.structure({
  clientId: T.unsigned,
  counter: T.doubleLongUnsigned,
  timeStamp: T.dateTime,
});

/** M-Bus diagnostic (class 77, version 0; Blue Book 4.8.7): counters and signal strength of an M-Bus port. */
export const MbusDiagnostic = interfaceClass({
  classId: 77,
  version: 0,
  name: "M-Bus diagnostic",
  attributes: {
    receivedSignalStrength: { id: 2, type: T.unsigned, static: false, unit: "dBm (absolute value)" },
    channelId: { id: 3, type: T.unsigned, static: false },
    linkStatus: { id: 4, type: T.enumOf(MbusLinkStatus), static: false },
    broadcastFramesCounter: { id: 5, type: T.array(BroadcastFramesCounter), static: false },
    transmissionsCounter: { id: 6, type: T.doubleLongUnsigned, static: false },
    fcsOkFramesCounter: { id: 7, type: T.doubleLongUnsigned, static: false },
    fcsNokFramesCounter: { id: 8, type: T.doubleLongUnsigned, static: false },
    captureTime: { id: 9, type: CapturedAttribute, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
});
