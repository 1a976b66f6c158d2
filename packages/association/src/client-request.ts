import type { Invoke } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import type { Accepted, InitiatorHandshake } from "./handshake/initiator.ts";
import { defaultMaxApdu, type InitiatorBlocks } from "./initiator-blocks.ts";
import type { InitiatorOptions } from "./initiator-options.ts";
import { dropped } from "./initiator-state.ts";
import type { InvokeIds } from "./invoke-ids.ts";
import { continued } from "./protection/request-protection.ts";
import { plainRoom } from "./protection/room.ts";
import { inGeneralForm, type Sealing } from "./protection/sealing.ts";
import { refusal } from "./refusals.ts";
import type { Current, Queued } from "./request-queue.ts";
import { type ClientPort, type Exchange, needNegotiated } from "./services/service.ts";
import { type AnyService, referencingOf, serviceNamed } from "./services/table.ts";

/** The parts of the association that make a request. */
export interface RequestMeans {
  readonly initiator: InitiatorOptions;
  readonly accepted: Accepted;
  readonly handshake: InitiatorHandshake | undefined;
  readonly invokeIds: InvokeIds;
  readonly blocks: InitiatorBlocks | undefined;
  /** An invoke id that is in use. */
  readonly usedInvokeId: number | undefined;
}

/** A request that is ready to be sent. */
export interface ClientRequest {
  readonly service: AnyService;
  readonly invoke: Invoke;
  readonly exchange: Exchange<unknown, unknown>;
  readonly sealing: Sealing | undefined;
}

/** Makes the request for this association. Faults `broadcast-key`, `service-not-supported`. */
export function clientRequest(
  { request, options }: Queued,
  { initiator, accepted, handshake, invokeIds, blocks, usedInvokeId }: RequestMeans,
): ClientRequest {
  const service = serviceNamed(request.service);
  const { negotiated, has } = accepted;
  const { context, serverMaxReceivePduSize } = negotiated;
  const suite = initiator.security?.suite;
  if (referencingOf(service) !== context) {
    throw refusal("service-not-supported", `${service.name} cannot be used in an association with ${context}s`);
  }
  const long = service.long === true;
  const asSealed = handshake?.sealingFor(options);
  const sealing = long ? inGeneralForm(asSealed) : asSealed;
  // A service without a glo- or ded- form is ciphered in a general form.
  if (long && sealing !== undefined) needNegotiated(["general-protection"], has);
  const invoke = invokeIds.next(options, negotiated.conformance, long ? "long" : "short", usedInvokeId);
  const room = plainRoom(serverMaxReceivePduSize, sealing, suite);
  // A transaction-id that was given may be shorter than those of the further blocks.
  const roomOfBlocks = plainRoom(serverMaxReceivePduSize, continued(sealing), suite);
  const port: ClientPort = {
    invoke,
    maxApdu: initiator.limits?.maxApdu ?? defaultMaxApdu,
    firstBlock: initiator.quirks?.includes("blocks-from-0") ? 0 : 1,
    room: Math.min(room, roomOfBlocks),
    general: blocks?.use ?? "no",
    has,
  };
  return { service, invoke, sealing, exchange: service.client(request.items, port, request) };
}

/** Every field is named, because a spread object takes twice the time and memory. */
export function currentOf(
  { id, request, options, end }: Queued,
  { service, invoke, exchange, sealing }: Omit<Current, keyof Queued | "overtaken">,
): Current {
  return { id, request, options, end, service, invoke, exchange, sealing };
}

/** Fault `timeout`: the time limit of a request has ended. */
export function expectInTime({ end }: Queued, now: number): void {
  if (now < end) return;
  throw new Fault("timeout", "the time limit of the request ended before it was sent", { layer: "association" });
}

/** For an unconfirmed request. Fault `service-not-supported`: its answer would have the value. */
export function expectNoAnswer({ does }: AnyService): void {
  if (does !== "read") return;
  throw dropped("service-not-supported", "a read request must be confirmed, since its answer has the value");
}
