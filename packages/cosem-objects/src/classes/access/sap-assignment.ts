import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** SAP assignment (class 17, version 0; Blue Book 4.4.5): the logical devices of the meter. */
export const SapAssignment = interfaceClass({
  classId: 17,
  version: 0,
  name: "SAP assignment",
  attributes: {
    sapAssignmentList: {
      id: 2,
      type: T.array(T.structure({ sap: T.longUnsigned, logicalDeviceName: T.octetString })),
      static: true,
      access: "r",
    },
    /** The logical devices that were assigned to another SAP than that of the template (`templateSap`). */
    state: {
      id: 0,
      type: T.array(T.structure({ templateSap: T.longUnsigned, sap: T.longUnsigned })),
      optional: true,
    },
  },
  methods: {
    connectLogicalDevice: { id: 1, argument: T.structure({ sap: T.longUnsigned, logicalDeviceName: T.octetString }) },
  },
  methodOffset: 0x20,
});
