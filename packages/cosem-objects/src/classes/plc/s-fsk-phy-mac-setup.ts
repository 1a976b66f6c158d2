import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const InitiatorElectricalPhase = { notDefined: 0, phase1: 1, phase2: 2, phase3: 3 } as const;
export const DeltaElectricalPhase = {
  notDefined: 0,
  samePhaseAsTheServer: 1,
  "60 degrees": 2,
  "120 degrees": 3,
  "180 degrees": 4,
  "-120 degrees": 5,
  "-60 degrees": 6,
} as const;
export const Repeater = { neverRepeater: 0, alwaysRepeater: 1, dynamicRepeater: 2 } as const;
export const TransmissionSpeed = {
  "300 baud": 0,
  "600 baud": 1,
  "1200 baud": 2,
  "2400 baud": 3,
  "4800 baud": 4,
} as const;

const Frequencies = T.structure({ markFrequency: T.doubleLongUnsigned, spaceFrequency: T.doubleLongUnsigned });

const attributes0 = {
  initiatorElectricalPhase: { id: 2, type: T.enumOf(InitiatorElectricalPhase), static: true },
  deltaElectricalPhase: { id: 3, type: T.enumOf(DeltaElectricalPhase), static: false },
  maxReceivingGain: { id: 4, type: T.unsigned, static: true, unit: "dB" },
  maxTransmittingGain: { id: 5, type: T.unsigned, static: true, unit: "dB" },
  searchInitiatorGain: { id: 6, type: T.unsigned, static: true },
  frequencies: { id: 7, type: Frequencies, static: true },
  macAddress: { id: 8, type: T.longUnsigned, static: false },
  macGroupAddresses: { id: 9, type: T.array(T.longUnsigned), static: true },
  repeater: { id: 10, type: T.enumOf(Repeater), static: true },
  repeaterStatus: { id: 11, type: T.boolean, static: false },
  minDeltaCredit: { id: 12, type: T.unsigned, static: false },
  initiatorMacAddress: { id: 13, type: T.longUnsigned, static: false },
  synchronizationLocked: { id: 14, type: T.boolean, static: false },
} as const;

/** S-FSK Phy&MAC set-up (class 50, version 0; Blue Book 4.10.3): physical and MAC layer of S-FSK. */
export const SfskPhyMacSetup0 = interfaceClass({
  classId: 50,
  version: 0,
  name: "S-FSK Phy&MAC set-up",
  attributes: attributes0,
  methods: {},
  confidence: "low",
});

const { searchInitiatorGain: _, ...keptAttributes1 } = attributes0;

const attributes1 = {
  ...keptAttributes1,
  searchInitiatorThreshold: { id: 6, type: T.unsigned, static: true },
  transmissionSpeed: { id: 15, type: T.enumOf(TransmissionSpeed), static: true },
} as const;

/** S-FSK Phy&MAC set-up (class 50), version 1. */
export const SfskPhyMacSetup1 = interfaceClass({
  classId: 50,
  version: 1,
  name: "S-FSK Phy&MAC set-up",
  attributes: attributes1,
  methods: {},
});
