import type { ActionResultName, DataAccessResultName, DataLike, Priority } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";

/** Which part of an attribute: the access selector and its parameters (Blue Book, the class that it is for). */
export interface SelectiveAccess {
  readonly selector: number;
  readonly parameters: DataLike;
}

/** One attribute of one object. Attribute 0 is all of them. */
export interface AttributeReference {
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly attributeId: number;
  readonly access?: SelectiveAccess;
}

/** One method of one object. */
export interface MethodReference {
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly methodId: number;
}

export interface AttributeValue {
  readonly attribute: AttributeReference;
  readonly value: DataLike;
}

export interface MethodInvocation {
  readonly method: MethodReference;
  /** Absent: the method-invocation-parameters are not there at all. */
  readonly parameters?: DataLike;
}

/** A service, blind to its forms: one item may travel as -normal, several as -with-list, any of them in blocks. */
export type ServiceRequest =
  | { readonly service: "get"; readonly items: readonly AttributeReference[] }
  | { readonly service: "set"; readonly items: readonly AttributeValue[] }
  | { readonly service: "action"; readonly items: readonly MethodInvocation[] };

export type ServiceName = ServiceRequest["service"];

export type GetResult = { readonly data: DataLike } | { readonly error: DataAccessResultName };
export type SetResult = DataAccessResultName;
export interface ActionOutcome {
  readonly result: ActionResultName;
  /** The return parameters, or why they cannot be had. */
  readonly data?: DataLike | { readonly error: DataAccessResultName };
}

/** The results of a request, as many as it has items and in their order. */
export type ServiceResults =
  | { readonly service: "get"; readonly results: readonly GetResult[] }
  | { readonly service: "set"; readonly results: readonly SetResult[] }
  | { readonly service: "action"; readonly results: readonly ActionOutcome[] };

/** The results alone: an array that fits the request's service. */
export type ResultsOf = ServiceResults["results"];

/** How an APDU was protected when it came, as far as its verified protection goes. */
export interface ProtectionSeen {
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly signed: boolean;
}

/** What a response must have at least, beyond what policy and request ask for. */
export type ResponseProtection = Partial<ProtectionSeen>;

/** A request for the server, whole: all its blocks are here, its protection is verified, its service was negotiated. */
export interface Incoming {
  /** What `respond` is called with; unique in one Responder. */
  readonly id: number;
  readonly request: ServiceRequest;
  /** False: nothing is ever answered; `respond` may be left out. */
  readonly confirmed: boolean;
  readonly priority: Priority;
  readonly protection: ProtectionSeen;
}
