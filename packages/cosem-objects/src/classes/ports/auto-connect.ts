import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { TimeWindow } from "../common-types.ts";

export const AutoDialMode = {
  noAutoDialling: 0,
  anytime: 1,
  withinWindow: 2,
  regularWithinWindowAlarmAnytime: 3,
} as const;
export const AutoConnectMode = {
  noAutoDialling: 0,
  anytime: 1,
  withinWindow: 2,
  regularWithinWindowAlarmAnytime: 3,
  smsSendingViaPlmn: 4,
  smsSendingViaPstn: 5,
  emailSending: 6,
  permanent: 101,
  permanentWithinWindow: 102,
  permanentWithinWindowElseOnConnect: 103,
  onConnect: 104,
} as const;

const attributes0 = {
  mode: { id: 2, type: T.enumOf(AutoDialMode), static: true },
  repetitions: { id: 3, type: T.unsigned, static: true },
  repetitionDelay: { id: 4, type: T.longUnsigned, static: true, unit: "s" },
  callingWindow: { id: 5, type: T.array(TimeWindow), static: true },
  phoneList: { id: 6, type: T.array(T.octetString), static: true },
  /** Whether it is connected; the number of attempts in a row, and when the next one is due (ms of elapsed time; 0: none). */
  state: {
    id: 0,
    type: T.structure({ connected: T.boolean, byRequest: T.boolean, failed: T.longUnsigned, due: T.long64 }),
    optional: true,
    volatile: true,
  },
} as const;

/** PSTN auto dial (class 29, version 0; Blue Book 4.7.6): when and to whom the device connects. */
export const AutoConnect0 = interfaceClass({
  classId: 29,
  version: 0,
  name: "PSTN auto dial",
  attributes: attributes0,
  methods: {},
  confidence: "medium",
});

const { phoneList: _, ...keptAttributes1 } = attributes0;

const attributes1 = {
  ...keptAttributes1,
  mode: { id: 2, type: T.enumOf(AutoConnectMode), static: true },
  destinationList: { id: 6, type: T.array(T.octetString), static: true },
} as const;

/** PSTN auto dial (class 29), version 1. */
export const AutoConnect1 = interfaceClass({
  classId: 29,
  version: 1,
  name: "Auto connect",
  attributes: attributes1,
  methods: {},
  confidence: "medium",
});

const methods2 = {
  connect: { id: 1, argument: T.integer },
} as const;

/** PSTN auto dial (class 29), version 2. */
export const AutoConnect2 = interfaceClass({
  classId: 29,
  version: 2,
  name: "Auto connect",
  attributes: attributes1,
  methods: methods2,
});
