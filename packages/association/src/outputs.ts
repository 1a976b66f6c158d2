import type { Apdu } from "@dlmskit/apdu";
import type { CosemDateTime, Fault } from "@dlmskit/core";
import type { Negotiated } from "./offer.ts";
import type { ProtectionSeen } from "./protection/sealing.ts";
import type { Incoming, ServiceResults } from "./services/table.ts";

/** Outputs of the Responder for its owner, in order. */
export type ResponderOutput =
  | { readonly type: "transmit"; readonly pdu: Uint8Array }
  | { readonly type: "associated"; readonly association: Negotiated }
  | { readonly type: "request"; readonly incoming: Incoming }
  | { readonly type: "released"; readonly why: ReleaseReason }
  /** The client has confirmed the DataNotification with this long-invoke-id. */
  | { readonly type: "confirmed"; readonly longInvokeId: number }
  /** An APDU was refused (wrong password, wrong tag, counter, malformed …), for counts and logs. Nothing was executed. */
  | { readonly type: "refused"; readonly fault: Fault };

/**
 * `"rlrq"`: the client released the association; `"aborted"`: the server or the link ended it; `"reassociated"`: the client sent a new
 * AARQ.
 */
export type ReleaseReason = "rlrq" | "aborted" | "reassociated";

/** The results of request `id`. */
export type ResponseOutput = {
  readonly type: "response";
  readonly id: number;
  readonly dateTime?: CosemDateTime;
} & ServiceResults;

/** Outputs of the Initiator for its owner, in order. */
export type InitiatorOutput =
  | { readonly type: "transmit"; readonly pdu: Uint8Array }
  | { readonly type: "associated"; readonly association: Negotiated }
  /** `dateTime`: that of an ACCESS response, if it has one. */
  | ResponseOutput
  /** A request failed. Without `id`, the association could not be opened or was lost. */
  | { readonly type: "failed"; readonly id?: number; readonly fault: Fault }
  /** DataNotification, EventNotification or InformationReport: an unsolicited APDU, and how it was protected. */
  | { readonly type: "notification"; readonly apdu: Apdu; readonly protection: ProtectionSeen }
  | { readonly type: "released" }
  /** The association ended without a release: close the link. */
  | { readonly type: "closed"; readonly fault?: Fault }
  /** An unexpected APDU was dropped. */
  | { readonly type: "dropped"; readonly fault: Fault };

/** Every field is named, because a spread object takes twice the time and memory. */
export function responseOf(
  id: number,
  { service, results, dateTime }: Omit<ResponseOutput, "type" | "id">,
): ResponseOutput {
  const response = { type: "response", id, service, results } as ResponseOutput;
  return dateTime === undefined ? response : { ...response, dateTime };
}
