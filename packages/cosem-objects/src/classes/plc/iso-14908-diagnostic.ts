import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** ISO/IEC 14908 diagnostic (class 133, version 0; Blue Book 4.18): signal quality and errors of ISO/IEC 14908. */
export const Iso14908Diagnostic = interfaceClass({
  classId: 133,
  version: 0,
  name: "ISO/IEC 14908 diagnostic",
  attributes: {
    plcSignalQualityStatus: { id: 2, type: T.enum, static: false },
    comModuleState: { id: 3, type: T.enum, static: false },
    receivedMessageStatus: { id: 4, type: T.unsigned, static: false },
    noReceiveBuffer: { id: 5, type: T.longUnsigned, static: false },
    transmitNoData: { id: 6, type: T.longUnsigned, static: false },
    backlogOverflows: { id: 7, type: T.longUnsigned, static: false },
    lateAck: { id: 8, type: T.longUnsigned, static: false },
    frequencyInvalid: { id: 9, type: T.longUnsigned, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
  },
  confidence: "medium",
});
