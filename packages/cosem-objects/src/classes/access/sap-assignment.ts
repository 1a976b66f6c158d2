import { T } from "@dlmskit/apdu";
import { fromAscii } from "@dlmskit/core";
import { interfaceClass } from "../../interface-class.ts";
import { type CosemObject, object } from "../../object.ts";

/** SAP assignment (class 17, version 0; Blue Book 4.4.5): which logical devices the meter has. */
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
  },
  methods: {
    connectLogicalDevice: { id: 1, argument: T.structure({ sap: T.longUnsigned, logicalDeviceName: T.octetString }) },
  },
  methodOffset: 0x20,
});

/** The object 0.0.41.0.0.255, telling the devices that the meter has. */
export const sapAssignment = (): CosemObject<typeof SapAssignment> =>
  object(
    SapAssignment,
    "0.0.41.0.0.255",
    { sapAssignmentList: [] },
    {
      read: {
        sapAssignmentList: (_, { device }) =>
          device.devices.map(({ sap, name }) => ({ sap, logicalDeviceName: fromAscii(name) })),
      },
    },
  );
