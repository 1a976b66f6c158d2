import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** HS-PLC ISO/IEC 12139-1 IP SSAS setup (class 142, version 0; Blue Book 4.14.4): IP over ISO/IEC 12139-1. */
export const HsPlcIpSsasSetup = interfaceClass({
  classId: 142,
  version: 0,
  name: "HS-PLC ISO/IEC 12139-1 IP SSAS setup",
  attributes: {
    ipHeaderCompType: { id: 2, type: T.enum, static: true },
    /** 0 means never. */
    ipAliveTime: { id: 3, type: T.longUnsigned, static: true, unit: "s" },
  },
  methods: {},
  confidence: "medium",
});
