import {
  AccessOutcome,
  type AccessRequest,
  type AccessResponse,
  AccessSpecification,
  type ActionResultName,
  type ApduLike,
  ApduTag,
  type ConformanceName,
  type Data,
  type DataAccessResultName,
  type DataLike,
  encodeData,
  LongInvoke,
  type StreamedData,
} from "@dlmskit/apdu";
import { CosemDateTime, encode, list, Writer } from "@dlmskit/core";
import { lengthOctets } from "../lengths.ts";
import { mustFit } from "../transfer/client.ts";
import type { RequestContext } from "../transfer/port.ts";
import type { Piece } from "../transfer/source.ts";
import { actionResult } from "./action-result.ts";
import type { AttributeReference, MethodReference } from "./items.ts";
import { attributeReference, attributeWithSelection } from "./references.ts";
import { encoded } from "./results.ts";
import {
  type ClientPort,
  doneWith,
  type Exchange,
  needNegotiated,
  type ServerPort,
  type ServiceServer,
  type Step,
  service,
  unexpected,
} from "./service.ts";
import { AnswersInBlocks } from "./transferring.ts";

/** One item of an ACCESS: an attribute to read, an attribute to write, or a method to invoke. */
export type AccessItem =
  | { readonly service: "get"; readonly attribute: AttributeReference }
  | { readonly service: "set"; readonly attribute: AttributeReference; readonly value: DataLike }
  /** Without parameters, null-data is sent. */
  | { readonly service: "action"; readonly method: MethodReference; readonly parameters?: DataLike };

/**
 * The result of an item. A successful get has data, and so has an action with return parameters (the server may give the data as a
 * stream).
 */
export interface AccessResult {
  readonly service: AccessItem["service"];
  readonly result: DataAccessResultName | ActionResultName;
  readonly data?: DataLike;
}

/** The options of an ACCESS request in addition to its items. */
export interface AccessOptions {
  /**
   * After a failed item no further item is processed: the others have the result other-reason. False by default: each item is
   * processed.
   */
  readonly breakOnError?: boolean;
  /** The server sends the specifications back with the results; false by default. */
  readonly selfDescriptive?: boolean;
  /** When the request was sent. The server does not use it, but its response has a date-time then. */
  readonly dateTime?: CosemDateTime;
}

type Specification = AccessRequest["specifications"][number];

/** ACCESS reads and writes any number of attributes and invokes any number of methods, in their order. Green Book 9.3.9. */
export const access = service({
  name: "access",
  does: "invoke",
  requestTag: ApduTag["access-request"],
  responseTag: ApduTag["access-response"],
  long: true,
  conformance: ["access", "selective-access", "attribute0-supported-with-get"],
  besides: ["attribute0-supported-with-set"],
  needs: ({ specifications }: AccessRequest) => [
    "access",
    ...(specifications.some((one) => "access" in one) ? (["selective-access"] as const) : []),
    ...(attribute0(specifications, "get") ? (["attribute0-supported-with-get"] as const) : []),
    ...(attribute0(specifications, "set") ? (["attribute0-supported-with-set"] as const) : []),
  ],
  isUnconfirmed: (octets) => octets.length > 4 && ((octets[1] as number) & 0x40) === 0,
  // Each item has at least null-data and a result of two octets.
  leastAnswer: ({ length }) => fixedOctets + 2 * lengthOctets(length) + 3 * length,
  refused: (result: DataAccessResultName, item): AccessResult => failedWith(result, item?.service ?? "get"),
  granted: ({ result }: AccessResult) => result === "success",
  client: (items: readonly AccessItem[], port, options: AccessOptions): Exchange<AccessResponse, AccessResult> =>
    new AccessExchange(items, port, options),
  server: (port: ServerPort<AccessItem, AccessResult>): ServiceServer<AccessRequest> => new AccessServer(port),
});

// Tag, long-invoke-id-and-priority, no date-time, no specifications.
const fixedOctets = 1 + 4 + 1 + 1;
const dateTimeLength = 12;
const nullData: DataLike = { type: "null-data" };
const nullOctets = encodeData(nullData);
const Specifications = list(AccessSpecification, 10);

const attribute0 = (specifications: readonly Specification[], name: "get" | "set"): boolean =>
  specifications.some((one) => one.service.startsWith(name) && "attribute" in one && one.attribute.attributeId === 0);

function failedWith(result: DataAccessResultName, of: AccessItem["service"]): AccessResult {
  return { service: of, result: of === "action" ? actionResult(result) : result };
}

function itemOf(specification: Specification, data: Data): AccessItem {
  switch (specification.service) {
    case "get":
    case "get-with-selection":
      return { service: "get", attribute: attributeReference(specification) };
    case "set":
    case "set-with-selection":
      return { service: "set", attribute: attributeReference(specification), value: data };
    case "action": {
      const { method } = specification;
      // Every item has data: null-data means no data.
      return data.type === "null-data"
        ? { service: "action", method }
        : { service: "action", method, parameters: data };
    }
  }
}

class AccessServer extends AnswersInBlocks<AccessRequest, AccessItem, AccessResult> {
  receive(request: AccessRequest, context: RequestContext): void {
    const items = request.specifications.map((one, at) => itemOf(one, request.data[at] as Data));
    const { processingOption, selfDescriptive, dateTime } = request;
    const options: AccessOptions = {
      ...(processingOption === "break-on-error" ? { breakOnError: true } : {}),
      ...(selfDescriptive ? { selfDescriptive } : {}),
      ...(dateTime === undefined ? {} : { dateTime }),
    };
    const answer = (results: readonly AccessResult[], now: number, time?: CosemDateTime): void => {
      const whole = written(request, results, true, time);
      const shorter = () => shortened(request, results, this.port.transfer.room(context));
      this.answers.begin({ form: { whole: nothing }, whole, shorter }, context, now);
    };
    this.port.deliver(items, context, answer, options);
  }
}

const nothing = new Uint8Array(0);

/** The response. If a stream ends with an error before any of it was sent, its item has failed. */
function written(
  request: AccessRequest,
  results: readonly AccessResult[],
  echoed: boolean,
  dateTime?: CosemDateTime,
): Uint8Array | Piece[] {
  const to = new Writer(64);
  const pieces: Piece[] = [];
  const cut = (): void => {
    if (to.length === 0) return;
    pieces.push(to.done());
    to.reset();
  };
  const told = [...results];
  head(request, to, echoed, dateTime);
  to.size(results.length);
  results.forEach(({ data, service: of }, at) => {
    if (data?.type !== "streamed") {
      to.put(data === undefined ? nullOctets : encodeData(data));
      return;
    }
    cut();
    const instead = (error: DataAccessResultName): Uint8Array => {
      told[at] = failedWith(error, of);
      return nullOctets;
    };
    pieces.push({ head: nothing, stream: data, instead });
  });
  const outcomes = (): Uint8Array => {
    const end = new Writer(64);
    end.size(told.length);
    for (const { service: of, result } of told) AccessOutcome.write({ service: of, result } as AccessOutcome, end);
    return end.done();
  };
  if (pieces.length === 0) {
    to.put(outcomes());
    return to.done();
  }
  cut();
  pieces.push({ head: nothing, stream: once(outcomes), instead: () => nothing });
  return pieces;
}

/** Octets that are made when they are read. */
function once(make: () => Uint8Array): StreamedData {
  let made = false;
  return {
    type: "streamed",
    next() {
      if (made) return undefined;
      made = true;
      return make();
    },
  };
}

function head(request: AccessRequest, to: Writer, echoed: boolean, dateTime: CosemDateTime | undefined): void {
  to.u8(ApduTag["access-response"]);
  LongInvoke.write(request, to);
  to.u8(dateTime === undefined ? 0 : dateTimeLength);
  if (dateTime !== undefined) CosemDateTime.write(dateTime, to);
  const described = echoed && request.selfDescriptive;
  to.u8(described ? 1 : 0);
  if (described) to.put(encode(Specifications, request.specifications));
}

/**
 * The data that fit, without date-time. An item whose data do not fit has failed, even if its action was invoked. The request specifications are not sent
 * back.
 */
function shortened(request: AccessRequest, results: readonly AccessResult[], room: number): Uint8Array {
  let left = room - fixedOctets - 2 * lengthOctets(results.length) - 3 * results.length;
  const kept = results.map((one): AccessResult => {
    if (one.data === undefined) return one;
    const { data } = one;
    const octets = data.type === "streamed" ? Number.POSITIVE_INFINITY : encodeData(data).length;
    left -= octets - 1;
    if (left >= 0) return one;
    left += octets - 1;
    if (data.type === "streamed") data.close?.();
    return failedWith("other-reason", one.service);
  });
  return written(request, kept, false) as Uint8Array;
}

class AccessExchange implements Exchange<AccessResponse, AccessResult> {
  readonly #port: ClientPort;
  readonly #items: readonly AccessItem[];
  readonly #options: AccessOptions;

  constructor(items: readonly AccessItem[], port: ClientPort, options: AccessOptions) {
    this.#items = items;
    this.#port = port;
    this.#options = options;
  }

  first(): ApduLike {
    const { invoke, has } = this.#port;
    const { breakOnError = false, selfDescriptive = false, dateTime } = this.#options;
    const apdu: ApduLike = {
      apdu: "access-request",
      longInvokeId: invoke.invokeId,
      priority: invoke.priority,
      serviceClass: invoke.serviceClass,
      selfDescriptive,
      processingOption: breakOnError ? "break-on-error" : "continue-on-error",
      dateTime,
      specifications: this.#items.map(specificationOf),
      data: this.#items.map(dataOf),
    } as ApduLike;
    needNegotiated(access.needs(apdu as AccessRequest) as readonly ConformanceName[], has);
    return mustFit(this.#port, apdu);
  }

  receive({ data, results, dateTime }: AccessResponse): Step<AccessResult> {
    const done = results.map((one, at): AccessResult => {
      const item = this.#items[at];
      if (item !== undefined && item.service !== one.service)
        throw unexpected(`an unexpected result of ${one.service}`);
      const value = data[at] as Data;
      // A get that returns null-data has read this value; for other services null-data means no data.
      const none = one.result !== "success" || (value.type === "null-data" && one.service !== "get");
      return { service: one.service, result: one.result, ...(none || one.service === "set" ? {} : { data: value }) };
    });
    return { ...doneWith(done, this.#items), ...(dateTime && { dateTime }) };
  }
}

function specificationOf(item: AccessItem): object {
  if (item.service === "action") return { service: "action", method: item.method };
  const { attribute, access: selection } = attributeWithSelection(item.attribute);
  return selection === undefined
    ? { service: item.service, attribute }
    : { service: `${item.service}-with-selection`, attribute, access: selection };
}

function dataOf(item: AccessItem): DataLike {
  if (item.service === "get") return nullData;
  return encoded((item.service === "set" ? item.value : item.parameters) ?? nullData);
}
