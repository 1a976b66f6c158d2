import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const ZigbeeDeviceStatus = {
  authorisedOnPan: 0,
  activelyReportingOnPan: 1,
  unauthorisedOnPanButHasReported: 2,
  authorisedAfterSwapOut: 3,
  sepTransmitting: 4,
} as const;

/** The confidence of this type is medium. */
const ActiveDevice = T.structure({
  macAddress: T.octetString,
  status: T.bitString,
  maxRssi: T.integer,
  averageRssi: T.integer,
  minRssi: T.integer,
  maxLqi: T.unsigned,
  averageLqi: T.unsigned,
  minLqi: T.unsigned,
  lastCommunicationDateTime: T.octetString,
  numberOfHops: T.unsigned,
  transmissionFailures: T.unsigned,
  transmissionSuccesses: T.unsigned,
  applicationVersion: T.unsigned,
  stackVersion: T.unsigned,
});
const RegisterDevice = T.structure({ macAddress: T.octetString, linkKey: T.octetString });

/** ZigBee network control (class 104, version 0; Blue Book 4.15.5): the devices of a ZigBee network, at its coordinator. */
export const ZigbeeNetworkControl = interfaceClass({
  classId: 104,
  version: 0,
  name: "ZigBee network control",
  attributes: {
    enableDisableJoining: { id: 2, type: T.boolean, static: true },
    joinTimeout: { id: 3, type: T.longUnsigned, static: true, unit: "s" },
    activeDevices: { id: 4, type: T.array(ActiveDevice), static: false, bits: ZigbeeDeviceStatus },
  },
  methods: {
    registerDevice: { id: 1, argument: RegisterDevice, mandatory: true },
    unregisterDevice: { id: 2, argument: T.octetString, mandatory: true },
    unregisterAllDevices: { id: 3, argument: T.integer },
    backupPan: { id: 4, argument: T.integer },
    restorePan: { id: 5, argument: T.anyOf("structure") },
    identifyDevice: { id: 6, argument: T.octetString },
    removeMirror: { id: 7, argument: T.anyOf("structure") },
    updateNetworkKey: { id: 8, argument: T.integer },
    updateLinkKey: { id: 9, argument: T.octetString },
    createPan: { id: 10, argument: T.integer, mandatory: true },
    removePan: { id: 11, argument: T.integer, mandatory: true },
  },
});
