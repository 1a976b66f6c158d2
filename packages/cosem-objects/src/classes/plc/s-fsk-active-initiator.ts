import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

const ActiveInitiator = T.structure({
  systemTitle: T.octetString,
  macAddress: T.longUnsigned,
  lSapSelector: T.unsigned,
});

/** S-FSK Active initiator (class 51, version 0; Blue Book 4.10.4): the initiator that the server follows. */
export const SfskActiveInitiator = interfaceClass({
  classId: 51,
  version: 0,
  name: "S-FSK Active initiator",
  attributes: {
    activeInitiator: { id: 2, type: ActiveInitiator, static: false },
  },
  methods: {
    resetNewNotSynchronized: { id: 1, argument: T.any },
  },
});
