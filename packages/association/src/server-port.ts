import type { ActionResponse, ConformanceName, GetResponse, Invoke, SetResponse } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import type { Sealing } from "./channel.ts";
import { refusal } from "./refusals.ts";
import type { AttributeReference, ProtectionSeen, ResultsOf, ServiceRequest } from "./services.ts";

export type ServiceResponse = GetResponse | SetResponse | ActionResponse;

/** What every APDU of a service carries, and how it came. */
export interface RequestContext extends Invoke {
  readonly seen: ProtectionSeen;
  /** How the answer leaves; what the server's rights ask for besides is added when it answers. */
  sealing: Sealing | undefined;
}

/** What the services of the server's end need of the association that they run in. */
export interface ServerPort {
  readonly maxApdu: number;
  readonly transferTimeout: number;
  has(name: ConformanceName): boolean;
  /** Octets of the largest plain APDU that may answer this request. */
  room(context: RequestContext): number;
  reply(apdu: ServiceResponse, context: RequestContext): void;
  /** Hands a request that is whole to the server; `answer` gets its results. */
  deliver(request: ServiceRequest, context: RequestContext, answer: (results: ResultsOf, now: number) => void): void;
  refused(fault: Fault): void;
}

/** The three fields that an answer repeats. */
export function echo({ invokeId, priority, serviceClass }: Invoke): Invoke {
  return { invokeId, priority, serviceClass };
}

/** What all blocks of a request had in common: the whole is protected no better than its weakest block. */
export function weaker(one: ProtectionSeen, other: ProtectionSeen): ProtectionSeen {
  return {
    authenticated: one.authenticated && other.authenticated,
    encrypted: one.encrypted && other.encrypted,
    signed: one.signed && other.signed,
  };
}

/** Fault `service-not-supported` unless all the bits were negotiated. Green Book 9.4.6.1. */
export function need(port: ServerPort, ...names: ConformanceName[]): void {
  for (const name of names) {
    if (!port.has(name)) throw refusal("service-not-supported", `${name} was not negotiated`);
  }
}

/** What an attribute reference asks of the conformance block. */
export function needFor(port: ServerPort, reference: AttributeReference, service: "get" | "set"): void {
  if (reference.access !== undefined) need(port, "selective-access");
  if (reference.attributeId === 0) {
    need(port, service === "get" ? "attribute0-supported-with-get" : "attribute0-supported-with-set");
  }
}

/** A list must have items. */
export function needItems(items: readonly unknown[]): void {
  if (items.length === 0) throw refusal("service-not-supported", "a list without items");
}

/** A block transfer has a confirmed service only: Fault otherwise. */
export function needConfirmed(context: RequestContext): void {
  if (context.serviceClass !== "confirmed") {
    throw refusal("service-not-supported", "a block transfer of an unconfirmed service");
  }
}

/** The server's own mistake: results that do not fit the request. */
export function badResults(expected: number, found: number): Fault {
  return new Fault("bad-results", `the request had ${expected} items, ${found} results were given`, {
    layer: "association",
  });
}
