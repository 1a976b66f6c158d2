import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** HS-PLC ISO/IEC 12139-1 CPAS setup (class 141, version 0; Blue Book 4.14.3): the addresses of ISO/IEC 12139-1 CPAS. */
export const HsPlcCpasSetup = interfaceClass({
  classId: 141,
  version: 0,
  name: "HS-PLC ISO/IEC 12139-1 CPAS setup",
  attributes: {
    cpasAddress: { id: 2, type: T.long64Unsigned, static: true },
    cpasEtherType: { id: 3, type: T.longUnsigned, static: true },
    masterStationCpasAddress: { id: 4, type: T.long64Unsigned, static: true },
  },
  methods: {},
  confidence: "medium",
});
