import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** ZigBee SAS startup (class 101, version 0; Blue Book 4.15.2): how a ZigBee device starts. */
export const ZigbeeSasStartup = interfaceClass({
  classId: 101,
  version: 0,
  name: "ZigBee SAS startup",
  attributes: {
    shortAddress: { id: 2, type: T.longUnsigned, static: false },
    extendedPanId: { id: 3, type: T.octetString, static: false },
    panId: { id: 4, type: T.longUnsigned, static: false },
    channelMask: { id: 5, type: T.doubleLongUnsigned, static: false },
    protocolVersion: { id: 6, type: T.unsigned, static: true },
    stackProfile: { id: 7, type: T.enum, static: true },
    startUpControl: { id: 8, type: T.unsigned, static: false },
    trustCenterAddress: { id: 9, type: T.octetString, static: false },
    linkKey: { id: 10, type: T.octetString, static: false, access: "w" },
    networkKey: { id: 11, type: T.octetString, static: false, access: "w" },
    useInsecureJoin: { id: 12, type: T.boolean, static: true },
  },
  methods: {},
});
