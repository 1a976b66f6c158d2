import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { AddressState } from "./mbus-enumerations.ts";

/** Wireless Mode Q channel (class 73, version 1; Blue Book 4.8.4): the address of a device in wireless M-Bus mode Q. */
export const WirelessModeQChannel = interfaceClass({
  classId: 73,
  version: 1,
  name: "Wireless Mode Q channel",
  attributes: {
    addrState: { id: 2, type: T.enumOf(AddressState), static: true },
    deviceAddress: { id: 3, type: T.octetString, static: true },
    addressMask: { id: 4, type: T.octetString, static: true },
  },
  methods: {},
});
