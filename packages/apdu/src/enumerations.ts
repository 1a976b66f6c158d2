/** Data-Access-Result (IEC 62056-5-3, COSEM ASN.1). */
export const DataAccessResult = {
  success: 0,
  "hardware-fault": 1,
  "temporary-failure": 2,
  "read-write-denied": 3,
  "object-undefined": 4,
  "object-class-inconsistent": 9,
  "object-unavailable": 11,
  "type-unmatched": 12,
  "scope-of-access-violated": 13,
  "data-block-unavailable": 14,
  "long-get-aborted": 15,
  "no-long-get-in-progress": 16,
  "long-set-aborted": 17,
  "no-long-set-in-progress": 18,
  "data-block-number-invalid": 19,
  "other-reason": 250,
} as const;
export type DataAccessResultName = keyof typeof DataAccessResult;

/** Action-Result. */
export const ActionResult = {
  success: 0,
  "hardware-fault": 1,
  "temporary-failure": 2,
  "read-write-denied": 3,
  "object-undefined": 4,
  "object-class-inconsistent": 9,
  "object-unavailable": 11,
  "type-unmatched": 12,
  "scope-of-access-violated": 13,
  "data-block-unavailable": 14,
  "long-action-aborted": 15,
  "no-long-action-in-progress": 16,
  "other-reason": 250,
} as const;
export type ActionResultName = keyof typeof ActionResult;

/** The bits of the conformance block, numbered from the first. */
export const Conformance = {
  "reserved-zero": 0,
  "general-protection": 1,
  "general-block-transfer": 2,
  read: 3,
  write: 4,
  "unconfirmed-write": 5,
  "delta-value-encoding": 6,
  "reserved-seven": 7,
  "attribute0-supported-with-set": 8,
  "priority-mgmt-supported": 9,
  "attribute0-supported-with-get": 10,
  "block-transfer-with-get-or-read": 11,
  "block-transfer-with-set-or-write": 12,
  "block-transfer-with-action": 13,
  "multiple-references": 14,
  "information-report": 15,
  "data-notification": 16,
  access: 17,
  "parameterized-access": 18,
  get: 19,
  set: 20,
  "selective-access": 21,
  "event-notification": 22,
  action: 23,
} as const;
export type ConformanceName = keyof typeof Conformance;

/** COSEM application contexts: the last arc of 2.16.756.5.8.1.x. */
export const ApplicationContext = {
  "logical-name-referencing-no-ciphering": 1,
  "short-name-referencing-no-ciphering": 2,
  "logical-name-referencing-with-ciphering": 3,
  "short-name-referencing-with-ciphering": 4,
} as const;
export type ApplicationContextName = keyof typeof ApplicationContext;

/** COSEM authentication mechanisms: the last arc of 2.16.756.5.8.2.x. */
export const Mechanism = {
  lowest: 0,
  low: 1,
  high: 2,
  "high-md5": 3,
  "high-sha1": 4,
  "high-gmac": 5,
  "high-sha256": 6,
  "high-ecdsa": 7,
} as const;
export type MechanismName = keyof typeof Mechanism;

/** Result of an AARE. */
export const AssociationResult = {
  accepted: 0,
  "rejected-permanent": 1,
  "rejected-transient": 2,
} as const;
export type AssociationResultName = keyof typeof AssociationResult;

/** Diagnostics of the ACSE service user in an AARE. */
export const AcseServiceUserDiagnostic = {
  null: 0,
  "no-reason-given": 1,
  "application-context-name-not-supported": 2,
  "calling-ap-title-not-recognized": 3,
  "calling-ap-invocation-identifier-not-recognized": 4,
  "calling-ae-qualifier-not-recognized": 5,
  "calling-ae-invocation-identifier-not-recognized": 6,
  "called-ap-title-not-recognized": 7,
  "called-ap-invocation-identifier-not-recognized": 8,
  "called-ae-qualifier-not-recognized": 9,
  "called-ae-invocation-identifier-not-recognized": 10,
  "authentication-mechanism-name-not-recognised": 11,
  "authentication-mechanism-name-required": 12,
  "authentication-failure": 13,
  "authentication-required": 14,
} as const;
export type AcseServiceUserDiagnosticName = keyof typeof AcseServiceUserDiagnostic;

/** Diagnostics of the ACSE service provider in an AARE. */
export const AcseServiceProviderDiagnostic = {
  null: 0,
  "no-reason-given": 1,
  "no-common-acse-version": 2,
} as const;
export type AcseServiceProviderDiagnosticName = keyof typeof AcseServiceProviderDiagnostic;

/** Reason of an RLRQ. */
export const ReleaseRequestReason = { normal: 0, urgent: 1, "user-defined": 30 } as const;
export type ReleaseRequestReasonName = keyof typeof ReleaseRequestReason;

/** Reason of an RLRE. */
export const ReleaseResponseReason = { normal: 0, "not-finished": 1, "user-defined": 30 } as const;
export type ReleaseResponseReasonName = keyof typeof ReleaseResponseReason;

/** State error of an exception-response. */
export const StateError = { "service-not-allowed": 1, "service-unknown": 2 } as const;
export type StateErrorName = keyof typeof StateError;

/** Service error of an exception-response. 4 to 6 since Green Book edition 8.3. */
export const ServiceErrorCode = {
  "operation-not-possible": 1,
  "service-not-supported": 2,
  "other-reason": 3,
  "pdu-too-long": 4,
  "deciphering-error": 5,
  "invocation-counter-error": 6,
} as const;
export type ServiceErrorName = keyof typeof ServiceErrorCode;
