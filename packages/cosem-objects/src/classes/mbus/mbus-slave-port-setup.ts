import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { AddressState, MbusSpeed } from "./mbus-enumerations.ts";

export const MbusSlaveDefaultBaud = { 300: 0, 2400: 3, 9600: 5 } as const;

/** M-Bus slave port setup (class 25, version 0; Blue Book 4.8.1): an M-Bus port at which the device is the slave. */
export const MbusSlavePortSetup = interfaceClass({
  classId: 25,
  version: 0,
  name: "M-Bus slave port setup",
  attributes: {
    defaultBaud: { id: 2, type: T.enumOf(MbusSlaveDefaultBaud), static: true, unit: "baud" },
    availBaud: { id: 3, type: T.enumOf(MbusSpeed), static: true, unit: "baud" },
    addrState: { id: 4, type: T.enumOf(AddressState), static: true },
    busAddress: { id: 5, type: T.unsigned, static: true },
  },
  methods: {},
});
