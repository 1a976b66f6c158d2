import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** ISO/IEC 14908 identification (class 130, version 0; Blue Book 4.18): the identifiers of a node of ISO/IEC 14908. */
export const Iso14908Identification = interfaceClass({
  classId: 130,
  version: 0,
  name: "ISO/IEC 14908 identification",
  attributes: {
    nodeId: { id: 2, type: T.unsigned, static: true },
    subnetId: { id: 3, type: T.unsigned, static: true },
    domainId: { id: 4, type: T.octetString, static: true },
    programId: { id: 5, type: T.octetString, static: true },
    uniqueNodeId: { id: 6, type: T.octetString, static: true },
  },
  methods: {},
  confidence: "medium",
});
