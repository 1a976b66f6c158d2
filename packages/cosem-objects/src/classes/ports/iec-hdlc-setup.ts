import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { CommSpeed } from "./comm-speed.ts";

const attributes0 = {
  commSpeed: { id: 2, type: T.enumOf(CommSpeed), static: true, default: 5, unit: "baud" },
  windowSizeTransmit: { id: 3, type: T.unsigned, static: true, default: 1, range: [1, 7] },
  windowSizeReceive: { id: 4, type: T.unsigned, static: true, default: 1, range: [1, 7] },
  maxInfoFieldLengthTransmit: { id: 5, type: T.unsigned, static: true, default: 128, range: [32, 128] },
  maxInfoFieldLengthReceive: { id: 6, type: T.unsigned, static: true, default: 128, range: [32, 128] },
  interOctetTimeOut: { id: 7, type: T.longUnsigned, static: true, default: 30, unit: "ms", range: [20, 1000] },
  inactivityTimeOut: { id: 8, type: T.longUnsigned, static: true, default: 120, unit: "s" },
  deviceAddress: { id: 9, type: T.longUnsigned, static: true },
} as const;

/** IEC HDLC setup (class 23, version 0; Blue Book 4.7.2): the HDLC data link of a port. */
export const IecHdlcSetup0 = interfaceClass({
  classId: 23,
  version: 0,
  name: "IEC HDLC setup",
  attributes: attributes0,
  methods: {},
  confidence: "medium",
});

const attributes1 = {
  ...attributes0,
  maxInfoFieldLengthTransmit: { id: 5, type: T.longUnsigned, static: true, default: 128, range: [32, 2030] },
  maxInfoFieldLengthReceive: { id: 6, type: T.longUnsigned, static: true, default: 128, range: [32, 2030] },
  interOctetTimeOut: { id: 7, type: T.longUnsigned, static: true, default: 25, unit: "ms", range: [20, 6000] },
} as const;

/** IEC HDLC setup (class 23), version 1. */
export const IecHdlcSetup1 = interfaceClass({
  classId: 23,
  version: 1,
  name: "IEC HDLC setup",
  attributes: attributes1,
  methods: {},
});
