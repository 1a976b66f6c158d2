import {
  ApduTag,
  type ConfirmedServiceError,
  type ExceptionResponse,
  plainTag,
  type ServiceErrorName,
  type StateErrorName,
} from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";

/** The Fault codes that the association raises itself when it refuses an APDU of the client. */
export type RefusalCode =
  /** No association is open, or it is still pending. */
  | "not-associated"
  /** The service, or the form of it, was not negotiated, or is of another referencing. */
  | "service-not-supported"
  /** The APDU is protected less than the policy asks for. */
  | "protection-too-weak"
  /** What is for one client, or wants an answer, came under the key that is for all. */
  | "broadcast-key"
  | "pdu-too-long"
  | "too-many-requests";

/** A Fault of this layer, to be thrown. */
export function refusal(code: RefusalCode, message: string, hint?: string): Fault {
  return new Fault(code, message, { layer: "association", ...(hint === undefined ? {} : { hint }) });
}

/**
 * The exception-response that answers a refused APDU. It says no more than the standard's codes: nothing about
 * which check failed within the deciphering.
 */
export function exceptionFor(fault: Fault): ExceptionResponse {
  const exception = (stateError: StateErrorName, serviceError: ServiceErrorName): ExceptionResponse => ({
    apdu: "exception-response",
    stateError,
    serviceError,
  });
  switch (fault.code) {
    case "not-associated":
    case "protection-too-weak":
    case "broadcast-key":
      return exception("service-not-allowed", "operation-not-possible");
    case "pdu-too-long":
      return exception("service-not-allowed", "pdu-too-long");
    case "too-many-requests":
      return exception("service-not-allowed", "other-reason");
    case "invocation-counter":
      return {
        ...exception("service-not-allowed", "invocation-counter-error"),
        // At 2^32 no counter is left: the largest number says so as well as 32 bits can.
        invocationCounter: Math.min(fault.expected ?? 0, 0xffffffff),
      };
  }
  if (fault.layer === "security") return exception("service-not-allowed", "deciphering-error");
  if (fault.code === "unknown-tag" && fault.offset === 0) return exception("service-unknown", "service-not-supported");
  return exception("service-not-allowed", "service-not-supported");
}

const aboutTags: { readonly [tag: number]: ConfirmedServiceError["service"] } = {
  [ApduTag["read-request"]]: "read",
  [ApduTag["write-request"]]: "write",
  [ApduTag["unconfirmed-write-request"]]: "write",
};

/**
 * The same where the client uses short names: the services of that referencing are refused by a confirmedServiceError that names them.
 * `asked`: the tag of what was refused; undefined with logical names. What concerns protection is an exception-response all the same.
 */
export function refusedAnswer(fault: Fault, asked: number | undefined): ExceptionResponse | ConfirmedServiceError {
  const service = asked === undefined ? undefined : aboutTags[plainTag(asked)?.tag ?? asked];
  if (service === undefined || fault.layer === "security") return exceptionFor(fault);
  const about = (
    of: ConfirmedServiceError["service"],
    value: Extract<ConfirmedServiceError["serviceError"], { error: "service" }>["value"],
  ): ConfirmedServiceError => ({
    apdu: "confirmed-service-error",
    service: of,
    serviceError: { error: "service", value },
  });
  switch (fault.code) {
    case "invocation-counter":
    case "protection-too-weak":
    case "broadcast-key":
      return exceptionFor(fault);
    case "not-associated":
      return about("initiate-error", "service-unsupported");
    case "pdu-too-long":
      return about(service, "pdu-size");
    case "too-many-requests":
    case "list-length-mismatch":
      return about(service, "other");
  }
  return about(service, "service-unsupported");
}

/**
 * What the server's error means: Faults `invocation-counter-error` (with the counter that it expects, where it says so),
 * `exception-response` (its service-error is the detail), `confirmed-service-error` (its value is).
 */
export function errorFault(apdu: ExceptionResponse | ConfirmedServiceError): Fault {
  if (apdu.apdu === "confirmed-service-error") {
    const detail = String(apdu.serviceError.value);
    return new Fault("confirmed-service-error", `the server answers with an error: ${JSON.stringify(apdu)}`, {
      layer: "association",
      detail,
    });
  }
  const { stateError, serviceError, invocationCounter } = apdu;
  if (serviceError === "invocation-counter-error") {
    return new Fault(
      "invocation-counter-error",
      "the server has already received this invocation counter or a higher one",
      {
        layer: "association",
        detail: serviceError,
        hint: "another program may use the same key and system title, or the client's counters were lost: continue above the server's counter",
        ...(invocationCounter === undefined ? {} : { expected: invocationCounter }),
      },
    );
  }
  return new Fault("exception-response", `the server refuses the service: ${stateError}, ${serviceError}`, {
    layer: "association",
    detail: serviceError,
  });
}
