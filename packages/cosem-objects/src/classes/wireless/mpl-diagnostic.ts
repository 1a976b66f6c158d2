import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** MPL diagnostic (class 98, version 0; Blue Book 4.17): parameters of MPL multicast. */
export const MplDiagnostic = interfaceClass({
  classId: 98,
  version: 0,
  name: "MPL diagnostic",
  attributes: {
    proactiveForwarding: { id: 2, type: T.boolean, static: false },
    z: { id: 3, type: T.unsigned, static: false },
    tunit: { id: 4, type: T.unsigned, static: false },
    seLifetime: { id: 5, type: T.longUnsigned, static: false },
    dmK: { id: 6, type: T.unsigned, static: false },
    dmImin: { id: 7, type: T.longUnsigned, static: false },
    dmImax: { id: 8, type: T.unsigned, static: false },
    dmTExp: { id: 9, type: T.longUnsigned, static: false },
    cK: { id: 10, type: T.unsigned, static: false },
    cImin: { id: 11, type: T.longUnsigned, static: false },
    cImax: { id: 12, type: T.unsigned, static: false },
    cTExp: { id: 13, type: T.longUnsigned, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.any },
  },
  confidence: "medium",
});
