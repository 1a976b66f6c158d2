import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ObjectDefinition } from "../common-types.ts";

const Mask = T.structure({ maskName: T.octetString, indexList: T.array(T.unsigned) });

/** Register activation (class 6, version 0; Blue Book 4.3.5): the registers that count, according to the active mask. */
export const RegisterActivation = interfaceClass({
  classId: 6,
  version: 0,
  name: "Register activation",
  attributes: {
    registerAssignment: { id: 2, type: T.array(ObjectDefinition), static: true },
    maskList: { id: 3, type: T.array(Mask), static: true },
    activeMask: { id: 4, type: T.octetString, static: false },
  },
  methods: {
    addRegister: { id: 1, argument: ObjectDefinition },
    addMask: { id: 2, argument: Mask },
    deleteMask: { id: 3, argument: T.octetString },
  },
  methodOffset: 0x30,
});
