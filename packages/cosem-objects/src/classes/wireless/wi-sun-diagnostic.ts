import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** Wi-SUN diagnostic (class 96, version 0; Blue Book 4.17): the information that a Wi-SUN node has about its neighbours. */
export const WiSunDiagnostic = interfaceClass({
  classId: 96,
  version: 0,
  name: "Wi-SUN diagnostic",
  attributes: {
    sysdescr: { id: 2, type: T.octetString, static: false },
    ifnumber: { id: 3, type: T.integer, static: false },
    iftable: { id: 4, type: T.array(T.any), static: false },
    neighbourTableInformation: { id: 5, type: T.array(T.any), static: false },
    transmissionInformation: { id: 6, type: T.array(T.any), static: false },
  },
  methods: {
    reset: { id: 1, argument: T.any },
  },
  confidence: "medium",
});
