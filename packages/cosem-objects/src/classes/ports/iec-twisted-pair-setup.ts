import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { CommSpeed } from "./comm-speed.ts";

export const TwistedPairMode = { inactive: 0, active: 1 } as const;

const attributes0 = {
  secondaryAddress: { id: 2, type: T.octetString, static: true },
  primaryAddressList: { id: 3, type: T.array(T.unsigned), static: true },
  tabiList: { id: 4, type: T.array(T.integer), static: true },
  fatalError: { id: 5, type: T.enum, static: false },
} as const;

/** IEC twisted pair (1) setup (class 24, version 0; Blue Book 4.7.3): the twisted pair bus of IEC 62056-3-1. */
export const IecTwistedPairSetup0 = interfaceClass({
  classId: 24,
  version: 0,
  name: "IEC twisted pair (1) setup",
  attributes: attributes0,
  methods: {},
  confidence: "medium",
});

const { secondaryAddress: _, fatalError: _1, ...keptAttributes1 } = attributes0;

const attributes1 = {
  ...keptAttributes1,
  mode: { id: 2, type: T.enumOf(TwistedPairMode), static: true },
  commSpeed: { id: 3, type: T.enumOf(CommSpeed), static: true, unit: "baud" },
  primaryAddressList: { id: 4, type: T.array(T.unsigned), static: true },
  tabiList: { id: 5, type: T.array(T.integer), static: true },
} as const;

/** IEC twisted pair (1) setup (class 24), version 1. */
export const IecTwistedPairSetup1 = interfaceClass({
  classId: 24,
  version: 1,
  name: "IEC twisted pair (1) setup",
  attributes: attributes1,
  methods: {},
});
