import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { MbusSpeed } from "./mbus-enumerations.ts";

/** M-Bus master port setup (class 74, version 0; Blue Book 4.8.5): the speed of a port at which the device is the M-Bus master. */
export const MbusMasterPortSetup = interfaceClass({
  classId: 74,
  version: 0,
  name: "M-Bus master port setup",
  attributes: {
    commSpeed: { id: 2, type: T.enumOf(MbusSpeed), static: true, default: 3, unit: "baud" },
  },
  methods: {},
});
