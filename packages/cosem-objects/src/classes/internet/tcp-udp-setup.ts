import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** TCP-UDP setup (class 41, version 0; Blue Book 4.9.1): port, connections and time-out of TCP and UDP. */
export const TcpUdpSetup = interfaceClass({
  classId: 41,
  version: 0,
  name: "TCP-UDP setup",
  attributes: {
    tcpUdpPort: { id: 2, type: T.longUnsigned, static: true, default: 4059 },
    ipReference: { id: 3, type: T.logicalName, static: true },
    mss: { id: 4, type: T.longUnsigned, static: true, default: 576 },
    nbOfSimConn: { id: 5, type: T.unsigned, static: true, default: 1 },
    inactivityTimeOut: { id: 6, type: T.longUnsigned, static: true, default: 180, unit: "s" },
  },
  methods: {},
});
