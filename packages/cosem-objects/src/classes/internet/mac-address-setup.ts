import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** MAC address setup (class 43, version 0; Blue Book 4.9.4): the MAC address of a port. */
export const MacAddressSetup = interfaceClass({
  classId: 43,
  version: 0,
  name: "MAC address setup",
  attributes: {
    macAddress: { id: 2, type: T.octetString, static: true },
  },
  methods: {},
});
