import {
  ApduTag,
  type ConfirmedServiceError,
  type ExceptionResponse,
  plainTag,
  type ServiceErrorName,
  type StateErrorName,
} from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";

/** The Fault codes of this layer for an APDU of the client that it refuses. */
export type RefusalCode =
  /** No association is open, or its authentication is not complete. */
  | "not-associated"
  /** The service or its form was not negotiated, or it belongs to the other referencing. */
  | "service-not-supported"
  /** The APDU has less protection than the policy requires. */
  | "protection-too-weak"
  /** An APDU under the broadcast key is for one client only or needs an answer. */
  | "broadcast-key"
  | "pdu-too-long"
  | "too-many-requests";

/** Makes a Fault of this layer; the caller throws it. */
export function refusal(code: RefusalCode, message: string, hint?: string): Fault {
  return new Fault(code, message, { layer: "association", ...(hint === undefined ? {} : { hint }) });
}

/**
 * The exception-response to a refused APDU. It contains only the standard's codes and does not tell which check of the deciphering
 * failed.
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
        // At 2^32 no counter is left; the largest 32-bit number is sent instead.
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
 * The same for a client that uses short names. Services of this referencing are refused by a confirmedServiceError that names the
 * service. `asked`: the tag of the refused APDU; undefined with logical names. Faults of protection are answered by an
 * exception-response in both cases.
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
 * The Fault for an error APDU of the server: `invocation-counter-error` (with the counter that the server expects, if the APDU has
 * it), `exception-response` (the detail is its service-error), `confirmed-service-error` (the detail is its value).
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
