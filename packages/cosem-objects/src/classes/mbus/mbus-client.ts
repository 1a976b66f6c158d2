import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const EncryptionKeyStatus = {
  noEncryptionKey: 0,
  encryptionKeySet: 1,
  encryptionKeyTransferred: 2,
  encryptionKeySetAndTransferred: 3,
  encryptionKeyInUse: 4,
} as const;

const CaptureDefinitionElement = T.structure({
  dataInformationBlock: T.octetString,
  valueInformationBlock: T.octetString,
});
const DataRecord = T.structure({
  dataInformationBlock: T.octetString,
  valueInformationBlock: T.octetString,
  data: T.any,
});

// The internal data of an M-Bus client: the encryption key (empty: none), and encryption_key_status, which version 0 does not show.
const MbusClientState = T.structure({ key: T.octetString, keyStatus: T.unsigned });

const attributes0 = {
  mbusPortReference: { id: 2, type: T.logicalName, static: true },
  captureDefinition: { id: 3, type: T.array(CaptureDefinitionElement), static: true },
  capturePeriod: { id: 4, type: T.doubleLongUnsigned, static: true, unit: "s" },
  primaryAddress: { id: 5, type: T.unsigned, static: false },
  identificationNumber: { id: 6, type: T.doubleLongUnsigned, static: false },
  manufacturerId: { id: 7, type: T.longUnsigned, static: false },
  version: { id: 8, type: T.unsigned, static: false },
  deviceType: { id: 9, type: T.unsigned, static: false },
  accessNumber: { id: 10, type: T.unsigned, static: false },
  status: { id: 11, type: T.unsigned, static: false },
  alarm: { id: 12, type: T.unsigned, static: false },
  state: { id: 0, type: MbusClientState, optional: true },
} as const;

const methods0 = {
  slaveInstall: { id: 1, argument: T.unsigned },
  slaveDeinstall: { id: 2, argument: T.integer },
  capture: { id: 3, argument: T.integer },
  resetAlarm: { id: 4, argument: T.integer },
  synchronizeClock: { id: 5, argument: T.integer },
  dataSend: { id: 6, argument: T.array(DataRecord) },
  setEncryptionKey: { id: 7, argument: T.octetString },
  transferKey: { id: 8, argument: T.octetString },
} as const;

/** M-Bus client (class 72, version 0; Blue Book 4.8.3): an M-Bus slave that the device reads. */
export const MbusClient0 = interfaceClass({
  classId: 72,
  version: 0,
  name: "M-Bus client",
  attributes: attributes0,
  methods: methods0,
  methodOffset: 0x60,
});

const attributes1 = {
  ...attributes0,
  configuration: { id: 13, type: T.longUnsigned, static: false },
  encryptionKeyStatus: { id: 14, type: T.enumOf(EncryptionKeyStatus), static: false },
} as const;

/** M-Bus client (class 72), version 1. */
export const MbusClient1 = interfaceClass({
  classId: 72,
  version: 1,
  name: "M-Bus client",
  attributes: attributes1,
  methods: methods0,
});
