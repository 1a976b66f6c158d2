import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { TimeWindow } from "../common-types.ts";

export const AutoAnswerMode = { dedicatedLine: 0, limitedCalls: 1, limitedSuccessfulCalls: 2, noModem: 3 } as const;
export const AutoAnswerStatus = { inactive: 0, active: 1, locked: 2 } as const;
export const CallType = { normalCsdCall: 0, wakeUpRequest: 1 } as const;

const NumberOfRings = T.structure({ nrRingsInWindow: T.unsigned, nrRingsOutOfWindow: T.unsigned });
const AllowedCaller = T.structure({ callerId: T.octetString, callType: T.enumOf(CallType) });

const attributes0 = {
  mode: { id: 2, type: T.enumOf(AutoAnswerMode), static: true },
  listeningWindow: { id: 3, type: T.array(TimeWindow), static: true },
  status: { id: 4, type: T.enumOf(AutoAnswerStatus), static: false },
  numberOfCalls: { id: 5, type: T.unsigned, static: true },
  numberOfRings: { id: 6, type: NumberOfRings, static: true },
} as const;

/** Auto answer (class 28, version 0; Blue Book 4.7.5): when the modem answers calls. */
export const AutoAnswer0 = interfaceClass({
  classId: 28,
  version: 0,
  name: "Auto answer",
  attributes: attributes0,
  methods: {},
});

const attributes2 = {
  ...attributes0,
  listOfAllowedCallers: { id: 7, type: T.array(AllowedCaller), static: true },
  /** The number of calls counted since the listening window started. */
  state: { id: 0, type: T.unsigned, optional: true },
} as const;

/** Auto answer (class 28), version 2. */
export const AutoAnswer2 = interfaceClass({
  classId: 28,
  version: 2,
  name: "Auto answer",
  attributes: attributes2,
  methods: {},
});
