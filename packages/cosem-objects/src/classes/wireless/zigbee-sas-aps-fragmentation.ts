import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** ZigBee SAS APS fragmentation (class 103, version 0; Blue Book 4.15.4): fragmentation at the ZigBee APS layer. */
export const ZigbeeSasApsFragmentation = interfaceClass({
  classId: 103,
  version: 0,
  name: "ZigBee SAS APS fragmentation",
  attributes: {
    apsInterframeDelay: { id: 2, type: T.longUnsigned, static: true, unit: "ms" },
    apsMaxWindowSize: { id: 3, type: T.longUnsigned, static: true },
  },
  methods: {},
  confidence: "medium",
});
