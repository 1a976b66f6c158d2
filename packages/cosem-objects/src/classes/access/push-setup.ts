import { T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";
import { interfaceClass } from "../../interface-class.ts";
import { CaptureObject } from "../../profile/selective-access.ts";
import { TimeWindow } from "../common-types.ts";
import { ProtectionParameters } from "./protection-parameters.ts";
import { RestrictedColumns, RestrictedObject } from "./restriction.ts";

export const TransportService1 = {
  tcp: 0,
  udp: 1,
  reservedForFtp: 2,
  reservedForSmtp: 3,
  sms: 4,
  hdlc: 5,
  mbus: 6,
  reservedForZigBee: 7,
} as const;
export const PushMessage = { axdr: 0, xml: 1 } as const;
export const TransportService = {
  tcp: 0,
  udp: 1,
  reservedForFtp: 2,
  reservedForSmtp: 3,
  sms: 4,
  hdlc: 5,
  mbus: 6,
  reservedForZigBee: 7,
  dlmsGateway: 8,
  reliableCoap: 9,
  unreliableCoap: 10,
} as const;
export const PushOperationMethod = {
  unconfirmedRetryOnFailure: 0,
  unconfirmedRetryOnMissingConfirmation: 1,
  confirmed: 2,
} as const;

const SendDestination1 = T.structure({
  transportService: T.enumOf(TransportService1),
  destination: T.octetString,
  message: T.enumOf(PushMessage),
});
const SendDestination = T.structure({
  transportService: T.enumOf(TransportService),
  destination: T.octetString,
  message: T.enumOf(PushMessage),
});
const RepetitionDelay = T.structure({
  repetitionDelayMin: T.longUnsigned,
  repetitionDelayExponent: T.longUnsigned,
  repetitionDelayMax: T.longUnsigned,
});
const ConfirmationParameters = T.structure({
  confirmationStartDate: T.dateTime,
  confirmationInterval: T.doubleLongUnsigned,
});

/** The internal data of a Push setup: the series of attempts that is due or in progress. */
const PushState = T.structure({
  /** The instant of the trigger, ms of `Context.elapsed`; null: no series is waiting to start. */
  trigger: T.nullable(T.float64),
  /** The random part, 0 to 1 of the randomisation interval. */
  draw: T.float64,
  /** The long-invoke-id of the notification that is being sent; null: there is none. */
  sending: T.nullable(T.doubleLongUnsigned),
  /** Whether another push was triggered during the series. */
  followUp: T.boolean,
  lastInvokeId: T.doubleLongUnsigned,
});
export type PushState = Of<typeof PushState>;

const attributes0 = {
  state: { id: 0, type: PushState, optional: true },
  pushObjectList: { id: 2, type: T.array(CaptureObject), static: true },
  sendDestinationAndMethod: { id: 3, type: SendDestination1, static: true },
  communicationWindow: { id: 4, type: T.array(TimeWindow), static: true },
  randomisationStartInterval: { id: 5, type: T.longUnsigned, static: true, unit: "s" },
  numberOfRetries: { id: 6, type: T.unsigned, static: true },
  repetitionDelay: { id: 7, type: T.longUnsigned, static: true, unit: "s" },
} as const;

const methods0 = {
  push: { id: 1, argument: T.integer, mandatory: true },
} as const;

/** Push setup (class 40, version 0; Blue Book 4.4.8): what is pushed, to which destination, when, and how often it is repeated. */
export const PushSetup0 = interfaceClass({
  classId: 40,
  version: 0,
  name: "Push setup",
  attributes: attributes0,
  methods: methods0,
  methodOffset: 0x38,
});

const attributes1 = {
  ...attributes0,
  pushObjectList: { id: 2, type: T.array(RestrictedObject), static: true },
  portReference: { id: 8, type: T.logicalName, static: true },
  pushClientSap: { id: 9, type: T.integer, static: true },
  pushProtectionParameters: { id: 10, type: T.array(ProtectionParameters), static: true },
} as const;

/** Push setup (class 40), version 1. */
export const PushSetup1 = interfaceClass({
  classId: 40,
  version: 1,
  name: "Push setup",
  attributes: attributes1,
  methods: methods0,
  confidence: "medium",
});

const attributes2 = {
  ...attributes1,
  pushObjectList: { id: 2, type: T.array(RestrictedColumns), static: true },
  sendDestinationAndMethod: { id: 3, type: SendDestination, static: true },
  /** Minimum and maximum in seconds, the exponent in hundredths. */
  repetitionDelay: { id: 7, type: RepetitionDelay, static: true },
  pushOperationMethod: { id: 11, type: T.enumOf(PushOperationMethod), static: true },
  confirmationParameters: { id: 12, type: ConfirmationParameters, static: true },
  lastConfirmationDateTime: { id: 13, type: T.dateTime, static: false },
} as const;

const methods2 = {
  ...methods0,
  reset: { id: 2, argument: T.integer },
} as const;

/** Push setup (class 40), version 2. */
export const PushSetup2 = interfaceClass({
  classId: 40,
  version: 2,
  name: "Push setup",
  attributes: attributes2,
  methods: methods2,
});

/** Push setup (class 40), version 3. */
export const PushSetup3 = interfaceClass({
  classId: 40,
  version: 3,
  name: "Push setup",
  attributes: attributes2,
  methods: methods2,
  confidence: "medium",
});
