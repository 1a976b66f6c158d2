import type { ApduLike, ConformanceName, DataAccessResultName, Invoke } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { refusal } from "../refusals.ts";
import type { RequestContext, TransferPort } from "../transfer/port.ts";

/** Long-Invoke-Id-And-Priority, as far as its answer is told by it. */
type AnyInvoke = Invoke | (Omit<Invoke, "invokeId"> & { readonly longInvokeId: number });

/** How a client names attributes and methods: the application context says which. */
export type Referencing = "logical-name" | "short-name";

/** What a service does to the objects that its items name. */
export type Does = "read" | "write" | "invoke";

/**
 * A service, said once: all that the program knows of it besides how its APDUs are encoded. `Bit` are the conformance bits that
 * its requests can need, `Item` what a request asks for, `Result` the result of an item.
 */
export interface Service<Name extends string, Bit extends ConformanceName, Item, Result, Request, Response> {
  readonly name: Name;
  /** Absent: `"logical-name"`. Requests by short name have no invoke id: one at a time is on its way. */
  readonly referencing?: Referencing;
  readonly does: Does;
  /** The tags of its requests and responses. */
  readonly requestTag: number;
  readonly responseTag: number;
  /** The tag of requests that are never answered, where they have one of their own. */
  readonly unconfirmedTag?: number;
  /** Whether its invoke ids have 24 bits, and no glo- or ded- form ciphers it: it takes the general ones. */
  readonly long?: boolean;
  /** Bits that a server can offer as soon as its objects answer the items. */
  readonly conformance: readonly Bit[];
  /** Bits that only a server offers whose objects take items of that kind: not unless it says so. */
  readonly besides: readonly Bit[];
  /** The bits that must be negotiated for this request. */
  needs(request: Request): readonly NoInfer<Bit>[];
  /** Whether the octets begin as an unconfirmed request does; they need not be readable beyond that. */
  isUnconfirmed(request: Uint8Array): boolean;
  /** Octets of the shortest response that such a request may have to be answered with. */
  leastAnswer(items: readonly Item[], has: (name: ConformanceName) => boolean): number;
  /** The result of an item that was refused; `item` where it tells what the result is of. */
  refused(result: DataAccessResultName, item?: Item): Result;
  /** Whether the result is that of an item that was done. */
  granted(result: Result): boolean;
  /** `options`: what the request says besides its items. */
  client(items: readonly Item[], port: ClientPort, options: object): Exchange<Response, Result>;
  server(port: ServerPort<Item, Result>): ServiceServer<Request>;
}

/** Checks a declaration and keeps its names. */
export function service<const Name extends string, const Bit extends ConformanceName, Item, Result, Request, Response>(
  declared: Service<Name, Bit, Item, Result, Request, Response>,
): Service<Name, Bit, Item, Result, Request, Response> {
  return declared;
}

/** What the server's end of a service needs of its association. */
export interface ServerPort<Item, Result> {
  readonly transfer: TransferPort;
  /**
   * Hands a request that is whole to the server; `answer` gets its results, as many as there are items. `options`: what the
   * request says besides its items.
   */
  deliver(
    items: readonly Item[],
    context: RequestContext,
    answer: (results: readonly Result[], now: number) => void,
    options?: object,
  ): void;
}

/** The server's end of a service in one association. */
export interface ServiceServer<Request> {
  /** When `expire` is next due. */
  readonly deadline: number | undefined;
  /** The invoke ids of requests whose answers wait for a stream. */
  readonly suspended: readonly number[];
  /** A request whose bits were negotiated. Faults are answered with an exception-response. */
  receive(request: Request, context: RequestContext, now: number): void;
  resume(now: number): void;
  expire(now: number): void;
  /** The association is over. */
  close(): void;
}

/** What one request of the client needs of its association. */
export interface ClientPort {
  readonly invoke: Invoke;
  /** The most octets that are put together from blocks. */
  readonly maxApdu: number;
  /** The number of the first block of a response: 1, but for the quirk `blocks-from-0`. */
  readonly firstBlock: number;
  /** Octets of the largest plain APDU that the server takes. */
  readonly room: number;
  /** Whether general block transfer carries what is longer, and whether it does so rather than the blocks of the service. */
  readonly general: "no" | "possible" | "preferred";
  has(name: ConformanceName): boolean;
}

/** After a response: the next APDU to send, or the results. */
export type Step<Result> = { readonly send: ApduLike } | { readonly done: readonly Result[] };

/** One request at the client's end, from its first APDU to its results. */
export interface Exchange<Response, Result> {
  /** The first APDU. Fault `pdu-too-long`. */
  first(): ApduLike;
  /** A response of the service with the right invoke id. Throws a Fault when it makes no sense here: the request has failed. */
  receive(response: Response): Step<Result>;
}

/** The invoke id, priority and service class of an APDU, whichever length they have. */
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

/** A block transfer needs its answers: Fault `service-not-supported` for one that gets none. */
export function needAnswers(context: RequestContext): void {
  if (!context.answered) {
    throw refusal("service-not-supported", "an unconfirmed service cannot use block transfer");
  }
}

/** Fault `unexpected-response`: the server answered in a form that does not fit the request. */
export function unexpected(message: string): Fault {
  return new Fault("unexpected-response", message, { layer: "association" });
}

/** The results of a request, one an item. */
export function doneWith<Result>(results: readonly Result[], items: readonly unknown[]): Step<Result> {
  if (results.length !== items.length) throw unexpected(`${results.length} results for ${items.length} items`);
  return { done: results };
}
