import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** RPL diagnostic (class 97, version 0; Blue Book 4.17): the place of a node in its RPL network. */
export const RplDiagnostic = interfaceClass({
  classId: 97,
  version: 0,
  name: "RPL diagnostic",
  attributes: {
    rplInstanceId: { id: 2, type: T.unsigned, static: false },
    dodagVersionNumber: { id: 3, type: T.unsigned, static: false },
    dodagRank: { id: 4, type: T.long, static: false },
    grounded: { id: 5, type: T.boolean, static: false },
    modeOfOperation: { id: 6, type: T.enum, static: false },
    dodagPrf: { id: 7, type: T.unsigned, static: false },
    dodagDtsn: { id: 8, type: T.unsigned, static: false },
    dodagId: { id: 9, type: T.octetString, static: false },
  },
  methods: {
    reset: { id: 1, argument: T.any },
  },
  confidence: "medium",
});
