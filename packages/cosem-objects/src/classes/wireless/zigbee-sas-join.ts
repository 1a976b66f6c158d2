import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** ZigBee SAS join (class 102, version 0; Blue Book 4.15.3): how a ZigBee device joins a network. */
export const ZigbeeSasJoin = interfaceClass({
  classId: 102,
  version: 0,
  name: "ZigBee SAS join",
  attributes: {
    scanAttempts: { id: 2, type: T.unsigned, static: true },
    timeBetweenScans: { id: 3, type: T.longUnsigned, static: true, unit: "s" },
    rejoinInterval: { id: 4, type: T.longUnsigned, static: true, unit: "s" },
    rejoinRetryInterval: { id: 5, type: T.longUnsigned, static: true, unit: "s" },
  },
  methods: {},
  confidence: "medium",
});
