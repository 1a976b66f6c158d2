import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const G3Modulation = { robustMode: 0, dbpsk: 1, dqpsk: 2, d8psk: 3, "16-QAM": 4 } as const;

const MacKey = T.structure({ keyId: T.unsigned, key: T.octetString });
const Neighbour = T.structure({
  shortAddress: T.longUnsigned,
  payloadModulationScheme: T.boolean,
  toneMap: T.bitString,
  modulation: T.enumOf(G3Modulation),
  txGain: T.integer,
  txRes: T.enum,
  txCoeff: T.bitString,
  lqi: T.unsigned,
  phaseDifferential: T.integer,
  tmrValidTime: T.unsigned,
  neighbourValidTime: T.unsigned,
});
const PosEntry = T.structure({ shortAddress: T.longUnsigned, lqi: T.unsigned, posValidTime: T.unsigned });

const attributes1 = {
  macShortAddress: { id: 2, type: T.longUnsigned, static: false },
  macRcCoord: { id: 3, type: T.longUnsigned, static: false },
  macPanId: { id: 4, type: T.longUnsigned, static: false },
  macKeyTable: { id: 5, type: T.array(MacKey), static: false, access: "w" },
  macFrameCounter: { id: 6, type: T.doubleLongUnsigned, static: false },
  macToneMask: { id: 7, type: T.bitString, static: true },
  macTmrTtl: { id: 8, type: T.unsigned, static: true },
  macMaxFrameRetries: { id: 9, type: T.unsigned, static: true },
  macNeighbourTableEntryTtl: { id: 10, type: T.unsigned, static: true },
  macNeighbourTable: { id: 11, type: T.array(Neighbour), static: false },
  macHighPriorityWindowSize: { id: 12, type: T.unsigned, static: true },
  macCsmaFairnessLimit: { id: 13, type: T.unsigned, static: true },
  macBeaconRandomizationWindowLength: { id: 14, type: T.unsigned, static: true },
  macA: { id: 15, type: T.unsigned, static: true },
  macK: { id: 16, type: T.unsigned, static: true },
  macMinCwAttempts: { id: 17, type: T.unsigned, static: true },
  macCenelecLegacyMode: { id: 18, type: T.unsigned, static: true },
  macFccLegacyMode: { id: 19, type: T.unsigned, static: true },
  macMaxBe: { id: 20, type: T.unsigned, static: true },
  macMaxCsmaBackoffs: { id: 21, type: T.unsigned, static: true },
  macMinBe: { id: 22, type: T.unsigned, static: true },
} as const;

const methods1 = {
  macGetNeighbourTableEntry: { id: 1, argument: T.longUnsigned, result: T.any },
} as const;

/** G3-PLC MAC setup (class 91, version 1; Blue Book 4.13.4): parameters and tables of the G3-PLC MAC layer. */
export const G3MacSetup1 = interfaceClass({
  classId: 91,
  version: 1,
  name: "G3-PLC MAC setup",
  attributes: attributes1,
  methods: methods1,
  confidence: "medium",
});

const attributes2 = {
  ...attributes1,
  macBroadcastMaxCwEnabled: { id: 23, type: T.boolean, static: true },
  macTransmitAtten: { id: 24, type: T.unsigned, static: true },
  macPosTable: { id: 25, type: T.array(PosEntry), static: false },
} as const;

/** G3-PLC MAC setup (class 91), version 2. */
export const G3MacSetup2 = interfaceClass({
  classId: 91,
  version: 2,
  name: "G3-PLC MAC setup",
  attributes: attributes2,
  methods: methods1,
});

const attributes3 = {
  ...attributes2,
  macDuplicateDetectionTtl: { id: 26, type: T.unsigned, static: true },
} as const;

const methods3 = {
  ...methods1,
  macGetPosTableEntry: { id: 2, argument: T.longUnsigned, result: T.any },
} as const;

/** G3-PLC MAC setup (class 91), version 3. */
export const G3MacSetup3 = interfaceClass({
  classId: 91,
  version: 3,
  name: "G3-PLC MAC setup",
  attributes: attributes3,
  methods: methods3,
});

const { macNeighbourTableEntryTtl: _, ...keptAttributes4 } = attributes3;

const attributes4 = {
  ...keptAttributes4,
  macPosTableEntryTtl: { id: 10, type: T.unsigned, static: true },
  macPosRecentEntryThreshold: { id: 27, type: T.unsigned, static: true },
  macPosRecentEntries: { id: 28, type: T.longUnsigned, static: true },
  macPreambleLength: { id: 29, type: T.unsigned, static: true },
} as const;

/** G3-PLC MAC setup (class 91), version 4. */
export const G3MacSetup4 = interfaceClass({
  classId: 91,
  version: 4,
  name: "G3-PLC MAC setup",
  attributes: attributes4,
  methods: methods3,
});
