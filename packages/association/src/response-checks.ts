import type { Apdu, Invoke } from "@dlmskit/apdu";
import { Fault, sameOctets } from "@dlmskit/core";
import type { InitiatorQuirk } from "./initiator-options.ts";
import { dropped, type InitiatorState } from "./initiator-state.ts";
import type { Opened } from "./protection/channel.ts";
import type { ProtectionSeen, Sealing } from "./protection/sealing.ts";
import { invokeOf, type Referencing } from "./services/service.ts";
import { type AnyService, serviceNamed } from "./services/table.ts";
import { belongs, type Expecting, shown } from "./spoilt.ts";

/** Fault `unexpected-apdu` for octets that are no APDU, or for an APDU that is not expected. */
export function unexpectedApdu(pdu: Uint8Array, state: InitiatorState, expecting: Expecting): Fault {
  const known = belongs(pdu[0], expecting);
  return dropped(
    "unexpected-apdu",
    known
      ? `received an unexpected APDU in the state ${state}: ${shown(pdu)}`
      : `received octets that are not an expected APDU: ${shown(pdu)}`,
  );
}

/** How a request was sent. */
export interface Asked {
  readonly sealing?: Sealing | undefined;
  readonly transactionId?: Uint8Array | undefined;
}

/** Checks that a response may answer a request with this sealing. Faults `protection-too-weak`, `other-transaction-id`. */
export function checkResponse(
  { seen, sealing: response }: Pick<Opened, "seen" | "sealing">,
  { sealing: request, transactionId }: Asked,
  quirks: readonly InitiatorQuirk[] = [],
): void {
  if (request === undefined) return;
  if (!quirks.includes("weaker-responses")) checkProtection(seen, request);
  if (!quirks.includes("other-transaction-id")) checkTransaction(transactionId, response);
}

/** A response must have at least the protection of its request. Fault `protection-too-weak`. */
function checkProtection(seen: ProtectionSeen, { authenticated, encrypted, signed }: Sealing): void {
  const unsigned = signed !== undefined && !seen.signed;
  if ((authenticated && !seen.authenticated) || (encrypted && !seen.encrypted) || unsigned) {
    const hint = 'the quirk "weaker-responses" accepts such responses, which can be forged';
    throw dropped("protection-too-weak", "the response has less protection than its request", hint);
  }
}

/**
 * A response has the transaction-id of its request (`asked`): without this check, a response that was held back could answer a later
 * request. Fault `other-transaction-id`. Green Book 9.2.3.
 */
function checkTransaction(asked: Uint8Array | undefined, response: Sealing | undefined): void {
  if (asked === undefined || response === undefined) return;
  const told = [response.transactionId, response.signedTransactionId].filter((id) => id !== undefined);
  if (told.length === 0 || told.some((id) => !sameOctets(id, asked))) {
    throw new Fault("other-transaction-id", "the response has another transaction-id than its request", {
      layer: "security",
      hint: 'the quirk "other-transaction-id" accepts such responses',
    });
  }
}

/** The service that passes 3 and 4 use. */
export function hlsService(context: Referencing): AnyService {
  return serviceNamed(context === "short-name" ? "read" : "action");
}

/** Whether an APDU is the response to this request of a service. With short names, it belongs to the request that waits for a response. */
export function isResponseTo(
  { responseTag, referencing }: AnyService,
  tag: number | undefined,
  apdu: Apdu,
  invoke: Invoke | undefined,
): boolean {
  if (tag !== responseTag) return false;
  return referencing === "short-name" || invokeOf(apdu as unknown as Invoke).invokeId === invoke?.invokeId;
}
