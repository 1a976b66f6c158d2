import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** HS-PLC ISO/IEC 12139-1 MAC setup (class 140, version 0; Blue Book 4.14.2): the MAC layer of ISO/IEC 12139-1. */
export const HsPlcMacSetup = interfaceClass({
  classId: 140,
  version: 0,
  name: "HS-PLC ISO/IEC 12139-1 MAC setup",
  attributes: {
    groupId: { id: 2, type: T.long64Unsigned, static: true },
    secondaryGroupId: { id: 3, type: T.long64Unsigned, static: true },
    stationId: { id: 4, type: T.long64Unsigned, static: true },
    parentStationId: { id: 5, type: T.long64Unsigned, static: true },
    repeaterStatus: { id: 6, type: T.boolean, static: true },
    encryptionMode: { id: 7, type: T.enum, static: true },
    initialEncryptionKey: { id: 8, type: T.octetString, static: true, access: "w" },
    rtsCts: { id: 9, type: T.boolean, static: true },
  },
  methods: {},
  confidence: "medium",
});
