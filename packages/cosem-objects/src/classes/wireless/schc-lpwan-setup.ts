import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** SCHC-LPWAN setup (class 126, version 0; Blue Book 4.16): rules of SCHC header compression and fragmentation. */
export const SchcLpwanSetup = interfaceClass({
  classId: 126,
  version: 0,
  name: "SCHC-LPWAN setup",
  attributes: {
    lpwanReference: { id: 2, type: T.logicalName, static: true },
    schcCdRules: { id: 3, type: T.array(T.any), static: true },
    schcFrParam: { id: 4, type: T.anyOf("structure"), static: true },
  },
  methods: {},
  confidence: "medium",
});
