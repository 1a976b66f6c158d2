import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** ZigBee tunnel setup (class 105, version 0; Blue Book 4.15.6): a ZigBee tunnel. */
export const ZigbeeTunnelSetup = interfaceClass({
  classId: 105,
  version: 0,
  name: "ZigBee tunnel setup",
  attributes: {
    maximumIncomingTransferSize: { id: 2, type: T.longUnsigned, static: true },
    maximumOutgoingTransferSize: { id: 3, type: T.longUnsigned, static: true },
    protocolAddress: { id: 4, type: T.octetString, static: true },
    closeTunnelTimeout: { id: 5, type: T.longUnsigned, static: true, unit: "s" },
  },
  methods: {},
});
