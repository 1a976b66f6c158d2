import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const GsmStatus = {
  notRegistered: 0,
  registeredHome: 1,
  searching: 2,
  registrationDenied: 3,
  unknown: 4,
  registeredRoaming: 5,
} as const;
export const CsAttachment = { inactive: 0, incomingCall: 1, active: 2 } as const;
export const PsStatus0 = { inactive: 0, gprs: 1, edge: 2, umts: 3, hsdpa: 4 } as const;
export const PsStatus1 = { inactive: 0, gprs: 1, edge: 2, umts: 3, hsdpa: 4, lte: 5, cdma: 6 } as const;
export const PsStatus2 = {
  inactive: 0,
  gprs: 1,
  edge: 2,
  umts: 3,
  hsdpa: 4,
  lte: 5,
  cdma: 6,
  lteCatM1: 7,
  lteCatNb1: 8,
  lteCatNb2: 9,
} as const;

const CellInfo0 = T.structure({
  cellId: T.longUnsigned,
  locationId: T.longUnsigned,
  signalQuality: T.unsigned,
  ber: T.unsigned,
});
const AdjacentCell0 = T.structure({ cellId: T.longUnsigned, signalQuality: T.unsigned });
const CellInfo = T.structure({
  cellId: T.doubleLongUnsigned,
  locationId: T.longUnsigned,
  signalQuality: T.unsigned,
  ber: T.unsigned,
  mcc: T.longUnsigned,
  mnc: T.longUnsigned,
  channelNumber: T.doubleLongUnsigned,
});
const AdjacentCell = T.structure({ cellId: T.doubleLongUnsigned, signalQuality: T.unsigned });

const attributes0 = {
  operator: { id: 2, type: T.visibleString, static: false },
  status: { id: 3, type: T.enumOf(GsmStatus), static: false },
  csAttachment: { id: 4, type: T.enumOf(CsAttachment), static: false },
  psStatus: { id: 5, type: T.enumOf(PsStatus0), static: false },
  /** Signal quality 0 to 31, bit error rate 0 to 7 (3GPP TS 27.007, +CSQ); 99: not known. */
  cellInfo: { id: 6, type: CellInfo0, static: false },
  adjacentCells: { id: 7, type: T.array(AdjacentCell0), static: false },
  captureTime: { id: 8, type: T.dateTime, static: false },
} as const;

/** GSM diagnostic (class 47, version 0; Blue Book 4.7.8): operator, registration and cells, as reported by the modem. */
export const GsmDiagnostic0 = interfaceClass({
  classId: 47,
  version: 0,
  name: "GSM diagnostic",
  attributes: attributes0,
  methods: {},
});

const attributes1 = {
  ...attributes0,
  psStatus: { id: 5, type: T.enumOf(PsStatus1), static: false },
  /** Signal quality 0 to 31, bit error rate 0 to 7 (3GPP TS 27.007, +CSQ); 99: not known. */
  cellInfo: { id: 6, type: CellInfo, static: false },
  adjacentCells: { id: 7, type: T.array(AdjacentCell), static: false },
} as const;

/** GSM diagnostic (class 47), version 1. */
export const GsmDiagnostic1 = interfaceClass({
  classId: 47,
  version: 1,
  name: "GSM diagnostic",
  attributes: attributes1,
  methods: {},
});

const attributes2 = {
  ...attributes1,
  psStatus: { id: 5, type: T.enumOf(PsStatus2), static: false },
} as const;

/** GSM diagnostic (class 47), version 2. */
export const GsmDiagnostic2 = interfaceClass({
  classId: 47,
  version: 2,
  name: "GSM diagnostic",
  attributes: attributes2,
  methods: {},
  confidence: "medium",
});
