import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** ISO/IEC 14908 protocol setup (class 131, version 0; Blue Book 4.18): the inactivity time-out of ISO/IEC 14908. */
export const Iso14908ProtocolSetup = interfaceClass({
  classId: 131,
  version: 0,
  name: "ISO/IEC 14908 protocol setup",
  attributes: {
    inactivityTimeout: { id: 2, type: T.longUnsigned, static: true, unit: "min" },
  },
  methods: {},
  confidence: "medium",
});
