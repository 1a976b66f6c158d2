import { type Codec, choice, named, type Of, sequence, u8, u32 } from "@dlmskit/core";
import { ServiceErrorCode, StateError } from "./enumerations.ts";
import { ApduTag } from "./tags.ts";

// Only the invocation-counter error has the counter. Before Green Book edition 8.3 it had none, so an absent counter is accepted.
const ExpectedCounter: Codec<number | undefined> = {
  read: (from) => (from.remaining === 0 ? undefined : u32.read(from)),
  write(value, to) {
    if (value !== undefined) u32.write(value, to);
  },
  toJson: (value) => u32.toJson(value as number),
  fromJson: (json) => (json === undefined ? undefined : u32.fromJson(json)),
};

/** EXCEPTION.response (tag D8). `invocationCounter`: the lowest accepted counter, only with service error `invocation-counter-error`. */
export const ExceptionResponse = choice("apdu", {
  "exception-response": [
    ApduTag["exception-response"],
    sequence({
      stateError: named(u8, StateError),
      serviceError: named(u8, ServiceErrorCode),
      invocationCounter: ExpectedCounter,
    }),
  ],
});
export type ExceptionResponse = Of<typeof ExceptionResponse>;

/** ServiceError: the error, by its group. */
export const ServiceError = {
  "application-reference": {
    other: 0,
    "time-elapsed": 1,
    "application-unreachable": 2,
    "application-reference-invalid": 3,
    "application-context-unsupported": 4,
    "provider-communication-error": 5,
    "deciphering-error": 6,
  },
  "hardware-resource": {
    other: 0,
    "memory-unavailable": 1,
    "processor-resource-unavailable": 2,
    "mass-storage-unavailable": 3,
    "other-resource-unavailable": 4,
  },
  "vde-state-error": {
    other: 0,
    "no-dlms-context": 1,
    "loading-data-set": 2,
    "status-nochange": 3,
    "status-inoperable": 4,
  },
  service: { other: 0, "pdu-size": 1, "service-unsupported": 2 },
  definition: {
    other: 0,
    "object-undefined": 1,
    "object-class-inconsistent": 2,
    "object-attribute-inconsistent": 3,
  },
  access: {
    other: 0,
    "scope-of-access-violated": 1,
    "object-access-violated": 2,
    "hardware-fault": 3,
    "object-unavailable": 4,
  },
  initiate: {
    other: 0,
    "dlms-version-too-low": 1,
    "incompatible-conformance": 2,
    "pdu-size-too-short": 3,
    "refused-by-the-vde-handler": 4,
  },
  "load-data-set": {
    other: 0,
    "primitive-out-of-sequence": 1,
    "not-loadable": 2,
    "dataset-size-too-large": 3,
    "not-awaited-segment": 4,
    "interpretation-failure": 5,
    "storage-failure": 6,
    "data-set-not-ready": 7,
  },
  task: { other: 0, "no-remote-control": 1, "ti-stopped": 2, "ti-running": 3, "ti-unusable": 4 },
} as const;

const ServiceErrorFields = choice("error", {
  "application-reference": [0, sequence({ value: named(u8, ServiceError["application-reference"]) })],
  "hardware-resource": [1, sequence({ value: named(u8, ServiceError["hardware-resource"]) })],
  "vde-state-error": [2, sequence({ value: named(u8, ServiceError["vde-state-error"]) })],
  service: [3, sequence({ value: named(u8, ServiceError.service) })],
  definition: [4, sequence({ value: named(u8, ServiceError.definition) })],
  access: [5, sequence({ value: named(u8, ServiceError.access) })],
  initiate: [6, sequence({ value: named(u8, ServiceError.initiate) })],
  "load-data-set": [7, sequence({ value: named(u8, ServiceError["load-data-set"]) })],
  task: [9, sequence({ value: named(u8, ServiceError.task) })],
});

/** The services to which a confirmedServiceError can refer. */
export const ErrorService = {
  "initiate-error": 1,
  "get-status": 2,
  "get-name-list": 3,
  "get-variable-attribute": 4,
  read: 5,
  write: 6,
  "get-data-set-attribute": 7,
  "get-ti-attribute": 8,
  "change-scope": 9,
  start: 10,
  stop: 11,
  resume: 12,
  "make-usable": 13,
  "initiate-load": 14,
  "load-segment": 15,
  "terminate-load": 16,
  "initiate-up-load": 17,
  "up-load-segment": 18,
  "terminate-up-load": 19,
} as const;

/** confirmedServiceError (tag 0E): `{service: "initiate-error", serviceError: {error: "initiate", value: "dlms-version-too-low"}}`. */
export const ConfirmedServiceError = choice("apdu", {
  "confirmed-service-error": [
    ApduTag["confirmed-service-error"],
    sequence({ service: named(u8, ErrorService), serviceError: ServiceErrorFields }),
  ],
});
export type ConfirmedServiceError = Of<typeof ConfirmedServiceError>;
