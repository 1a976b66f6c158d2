import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** HS-PLC ISO/IEC 12139-1 HDLC SSAS setup (class 143, version 0; Blue Book 4.14.5): HDLC over ISO/IEC 12139-1. */
export const HsPlcHdlcSsasSetup = interfaceClass({
  classId: 143,
  version: 0,
  name: "HS-PLC ISO/IEC 12139-1 HDLC SSAS setup",
  attributes: {
    masterStationId: { id: 2, type: T.long64Unsigned, static: true },
  },
  methods: {},
  confidence: "medium",
});
