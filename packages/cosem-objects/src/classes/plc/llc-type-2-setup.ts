import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** ISO/IEC 8802-2 LLC Type 2 setup (class 58, version 0; Blue Book 4.11.3): ISO/IEC 8802-2 LLC in operation type 2; times in seconds. */
export const LlcType2Setup = interfaceClass({
  classId: 58,
  version: 0,
  name: "ISO/IEC 8802-2 LLC Type 2 setup",
  attributes: {
    transmitWindowSizeK: { id: 2, type: T.unsigned, static: true, default: 1, range: [1, 127] },
    receiveWindowSizeRw: { id: 3, type: T.unsigned, static: true, default: 1, range: [1, 127] },
    maxOctetsIPduN1: { id: 4, type: T.longUnsigned, static: true, default: 128 },
    maxNumberTransmissionsN2: { id: 5, type: T.unsigned, static: true },
    acknowledgementTimer: { id: 6, type: T.longUnsigned, static: true, unit: "s" },
    pBitTimer: { id: 7, type: T.longUnsigned, static: true, unit: "s" },
    rejectTimer: { id: 8, type: T.longUnsigned, static: true, unit: "s" },
    busyStateTimer: { id: 9, type: T.longUnsigned, static: true, unit: "s" },
  },
  methods: {},
});
