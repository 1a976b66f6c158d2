import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { TimeWindow } from "../common-types.ts";

export const MbusPortCommunicationState = {
  noAccess: 0,
  temporaryNoAccess: 1,
  limitedAccess: 2,
  unlimitedAccess: 3,
  wmbus: 4,
} as const;
export const MbusDataHeaderType = { none: 0, short: 1, long: 2 } as const;
export const MbusDeviceType = {
  other: 0,
  oil: 1,
  electricity: 2,
  gas: 3,
  heat: 4,
  steam: 5,
  hotWater: 6,
  water: 7,
  heatCostAllocator: 8,
} as const;

/** DLMS server M-Bus port setup (class 76, version 0; Blue Book 4.8.6): a DLMS server on M-Bus. */
export const DlmsServerMbusPortSetup = interfaceClass({
  classId: 76,
  version: 0,
  name: "DLMS server M-Bus port setup",
  attributes: {
    mbusProfileSelection: { id: 2, type: T.octetString, static: true },
    mbusPortCommunicationState: { id: 3, type: T.enumOf(MbusPortCommunicationState), static: false },
    mbusDataHeaderType: { id: 4, type: T.enumOf(MbusDataHeaderType), static: true },
    primaryAddress: { id: 5, type: T.unsigned, static: true },
    identificationNumber: { id: 6, type: T.doubleLongUnsigned, static: true },
    manufacturerId: { id: 7, type: T.longUnsigned, static: true },
    version: { id: 8, type: T.unsigned, static: true },
    deviceType: { id: 9, type: T.unsigned, static: true },
    maxPduSize: { id: 10, type: T.longUnsigned, static: true },
    listeningWindow: { id: 11, type: T.array(TimeWindow), static: true },
  },
  methods: {},
});
