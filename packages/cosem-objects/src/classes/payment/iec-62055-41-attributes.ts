import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

const MeterPan = T.structure({
  issuerIdentificationNumber: T.doubleLongUnsigned,
  decoderReferenceNumber: T.long64Unsigned,
  panCheckDigit: T.unsigned,
});

/** IEC 62055-41 attributes (class 116, version 0; Blue Book 4.6.6): properties of a meter for tokens of IEC 62055-41 (STS). */
export const Iec6205541Attributes = interfaceClass({
  classId: 116,
  version: 0,
  name: "IEC 62055-41 attributes",
  attributes: {
    meterPan: { id: 2, type: MeterPan, static: true },
    commodity: { id: 3, type: T.visibleString, static: true },
    tokenCarrierTypes: { id: 4, type: T.array(T.unsigned), static: true },
    encryptionAlgorithm: { id: 5, type: T.unsigned, static: true },
    supplyGroupCode: { id: 6, type: T.doubleLongUnsigned, static: true },
    tariffIndex: { id: 7, type: T.unsigned, static: true },
    keyRevisionNumber: { id: 8, type: T.unsigned, static: true },
    keyType: { id: 9, type: T.unsigned, static: true },
    keyExpiryNumber: { id: 10, type: T.unsigned, static: true },
    noOfKctSupported: { id: 11, type: T.unsigned, static: true },
    stsCertificateNumber: { id: 12, type: T.visibleString, static: true },
  },
  methods: {},
});
