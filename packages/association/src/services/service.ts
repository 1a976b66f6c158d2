import type { ApduLike, ConformanceName, DataAccessResultName, Invoke } from "@dlmskit/apdu";
import { type CosemDateTime, Fault } from "@dlmskit/core";
import { refusal } from "../refusals.ts";
import type { RequestContext, TransferPort } from "../transfer/port.ts";

/** The fields of Long-Invoke-Id-And-Priority that its answer repeats. */
type AnyInvoke = Invoke | (Omit<Invoke, "invokeId"> & { readonly longInvokeId: number });

/** How a client names attributes and methods; the application context determines it. */
export type Referencing = "logical-name" | "short-name";

/** The operation of a service on the objects of its items. */
export type Does = "read" | "write" | "invoke";

/**
 * The declaration of a service: everything that the program knows of it except the encoding of its APDUs. `Bit` are the conformance
 * bits that its requests can need, `Item` is the type of an item of a request, `Result` is the type of the result of an item.
 */
export interface Service<Name extends string, Bit extends ConformanceName, Item, Result, Request, Response> {
  readonly name: Name;
  /** Absent: `"logical-name"`. Requests by short name have no invoke id: only one request at a time is sent. */
  readonly referencing?: Referencing;
  readonly does: Does;
  /** The tags of its requests and responses. */
  readonly requestTag: number;
  readonly responseTag: number;
  /** The tag of requests that are never answered, if they have their own tag. */
  readonly unconfirmedTag?: number;
  /** Whether its invoke ids have 24 bits. Such a service has no glo- or ded- form and is ciphered in a general form. */
  readonly long?: boolean;
  /** The bits that a server can offer if its objects answer the items. */
  readonly conformance: readonly Bit[];
  /** The bits for items that not every server supports: they are offered only if the server names them. */
  readonly besides: readonly Bit[];
  /** The bits that must be negotiated for this request. */
  needs(request: Request): readonly NoInfer<Bit>[];
  /** Whether the octets begin as an unconfirmed request does. The rest of the request need not be decodable. */
  isUnconfirmed(request: Uint8Array): boolean;
  /** Length of the shortest response to such a request, octets. */
  leastAnswer(items: readonly Item[], has: (name: ConformanceName) => boolean): number;
  /** The result of an item that was refused; `item` is needed if the result depends on the item. */
  refused(result: DataAccessResultName, item?: Item): Result;
  /** Whether the result is that of a successful item. */
  granted(result: Result): boolean;
  /** `options`: the options of the request in addition to its items. */
  client(items: readonly Item[], port: ClientPort, options: object): Exchange<Response, Result>;
  server(port: ServerPort<Item, Result>): ServiceServer<Request>;
}

/** Checks a declaration and keeps its names. */
export function service<const Name extends string, const Bit extends ConformanceName, Item, Result, Request, Response>(
  declared: Service<Name, Bit, Item, Result, Request, Response>,
): Service<Name, Bit, Item, Result, Request, Response> {
  return declared;
}

/** The methods of the association that the server's end of a service uses. */
export interface ServerPort<Item, Result> {
  readonly transfer: TransferPort;
  /**
   * Delivers a complete request to the server; `answer` receives its results, one for each item. `options`: the options of the request
   * in addition to its items.
   */
  deliver(
    items: readonly Item[],
    context: RequestContext,
    answer: (results: readonly Result[], now: number, dateTime?: CosemDateTime) => void,
    options?: object,
  ): void;
}

/** The server's end of a service in one association. */
export interface ServiceServer<Request> {
  /** When `expire` must be called next. */
  readonly deadline: number | undefined;
  /** The invoke ids of requests whose answers wait for a stream. */
  readonly suspended: readonly number[];
  /** Processes a request whose bits were negotiated. Faults are answered with an exception-response. */
  receive(request: Request, context: RequestContext, now: number): void;
  resume(now: number): void;
  expire(now: number): void;
  /** The association has ended. */
  close(): void;
}

/** The parts of the association that one request of the client uses. */
export interface ClientPort {
  readonly invoke: Invoke;
  /** Maximum length of a response in blocks, octets. */
  readonly maxApdu: number;
  /** The number of the first block of a response: 1, or 0 with the quirk `blocks-from-0`. */
  readonly firstBlock: number;
  /** Length of the largest plain APDU that the server accepts, octets. */
  readonly room: number;
  /** Whether general block transfer can send longer APDUs, and whether it replaces the blocks of the service. */
  readonly general: "no" | "possible" | "preferred";
  has(name: ConformanceName): boolean;
}

/** The next step after a response: the next APDU to send, or the results. */
export type Step<Result> =
  | { readonly send: ApduLike }
  | { readonly done: readonly Result[]; readonly dateTime?: CosemDateTime };

/** One request at the client's end, from its first APDU to its results. */
export interface Exchange<Response, Result> {
  /** The first APDU. Fault `pdu-too-long`. */
  first(): ApduLike;
  /** Processes a response of the service with the right invoke id. Throws a Fault if it is not valid here: then the request has failed. */
  receive(response: Response): Step<Result>;
}

/** The invoke id, priority and service class of an APDU with a short or long invoke id. */
export function invokeOf(apdu: AnyInvoke): Invoke {
  const { priority, serviceClass } = apdu;
  return { invokeId: "longInvokeId" in apdu ? apdu.longInvokeId : apdu.invokeId, priority, serviceClass };
}

/** Whether the octets are a request with an 8-bit invoke-id-and-priority of service class 0. */
export function isUnconfirmedInvoke(octets: Uint8Array): boolean {
  return octets.length > 2 && ((octets[2] as number) & 0x40) === 0;
}

const hints: { readonly [name in ConformanceName]?: string } = {
  "multiple-references": "ask for one item at a time",
  "attribute0-supported-with-get": "ask for the attributes one by one",
};

/** Fault `service-not-supported` unless all the bits were negotiated. Green Book 9.4.6.1. */
export function needNegotiated(names: readonly ConformanceName[], has: (name: ConformanceName) => boolean): void {
  for (const name of names) {
    if (!has(name)) throw refusal("service-not-supported", `${name} was not negotiated`, hints[name]);
  }
}

/** A list must have items. */
export function needItems(items: readonly unknown[]): void {
  if (items.length === 0) throw refusal("service-not-supported", "the list has no items");
}

/** Fault `service-not-supported` for a block transfer without answers: it needs them. */
export function needAnswers(context: RequestContext): void {
  if (!context.answered) {
    throw refusal("service-not-supported", "an unconfirmed service cannot use block transfer");
  }
}

/** Fault `unexpected-response`: the server answered in a form that does not fit the request. */
export function unexpected(message: string): Fault {
  return new Fault("unexpected-response", message, { layer: "association" });
}

/** The results of a request, one for each item. */
export function doneWith<Result>(results: readonly Result[], items: readonly unknown[]): Step<Result> {
  if (results.length !== items.length) throw unexpected(`${results.length} results for ${items.length} items`);
  return { done: results };
}
