import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { CommSpeed } from "./comm-speed.ts";

const InitializationString0 = T.structure({ request: T.octetString, response: T.octetString });
const InitializationString = T.structure({
  request: T.octetString,
  response: T.octetString,
  delayAfterResponse: T.longUnsigned,
});

const attributes0 = {
  commSpeed: { id: 2, type: T.enumOf(CommSpeed), static: true, unit: "baud" },
  initializationString: { id: 3, type: T.array(InitializationString0), static: true },
  modemProfile: { id: 4, type: T.array(T.octetString), static: true },
} as const;

/** PSTN modem configuration (class 27, version 0; Blue Book 4.7.4): how a modem is initialised. */
export const ModemConfiguration0 = interfaceClass({
  classId: 27,
  version: 0,
  name: "PSTN modem configuration",
  attributes: attributes0,
  methods: {},
  confidence: "medium",
});

const attributes1 = {
  ...attributes0,
  initializationString: { id: 3, type: T.array(InitializationString), static: true },
} as const;

/** PSTN modem configuration (class 27), version 1. */
export const ModemConfiguration1 = interfaceClass({
  classId: 27,
  version: 1,
  name: "Modem configuration",
  attributes: attributes1,
  methods: {},
});
