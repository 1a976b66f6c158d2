import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const CoverageEnhancement = { level0: 0, level1: 1, level2: 2 } as const;

const LteNetworkParameters0 = T.structure({
  t3402: T.longUnsigned,
  t3412: T.longUnsigned,
  rsrq: T.unsigned,
  rsrp: T.unsigned,
  qRxlevMin: T.integer,
});
const LteNetworkParameters = T.structure({
  t3402: T.longUnsigned,
  t3412: T.longUnsigned,
  t3412ext2: T.doubleLongUnsigned,
  t3324: T.longUnsigned,
  teDrx: T.doubleLongUnsigned,
  tptw: T.longUnsigned,
  qRxlevMin: T.integer,
  qRxlevMinCe: T.integer,
  qRxlevMinCe1: T.integer,
});
const LteQualityOfService = T.structure({
  rsrq: T.integer,
  rsrp: T.integer,
  snr: T.integer,
  coverageEnhancement: T.enumOf(CoverageEnhancement),
});

const attributes0 = {
  lteNetworkParameters: { id: 2, type: LteNetworkParameters0, static: false },
} as const;

/** LTE monitoring (class 151, version 0; Blue Book 4.7.9): parameters and quality of the LTE network. */
export const LteMonitoring0 = interfaceClass({
  classId: 151,
  version: 0,
  name: "LTE monitoring",
  attributes: attributes0,
  methods: {},
});

const attributes1 = {
  ...attributes0,
  lteNetworkParameters: { id: 2, type: LteNetworkParameters, static: false },
  lteQualityOfService: { id: 3, type: LteQualityOfService, static: false },
} as const;

/** LTE monitoring (class 151), version 1. */
export const LteMonitoring1 = interfaceClass({
  classId: 151,
  version: 1,
  name: "LTE monitoring",
  attributes: attributes1,
  methods: {},
});
