import {
  type Apdu,
  type ApduLike,
  ApduTag,
  Data,
  type DataAccessResultName,
  decodeApdu,
  encodeApdu,
  type GetRequest,
  type GetResponse,
} from "@dlmskit/apdu";
import { decode, Fault } from "@dlmskit/core";
import { withData } from "../spoilt.ts";
import { type AnswerForm, headOf } from "../transfer/answer.ts";
import { IncomingResponse, mustFit } from "../transfer/client.ts";
import { echo, type RequestContext } from "../transfer/port.ts";
import type { AttributeReference } from "./items.ts";
import { attributeReference, attributeWithSelection } from "./references.ts";
import { AnswerWriter, type DataOrError, dataOrError, GetDataResults } from "./results.ts";
import {
  type ClientPort,
  doneWith,
  type Exchange,
  isUnconfirmedInvoke,
  needAnswers,
  needItems,
  needNegotiated,
  type ServerPort,
  type ServiceServer,
  type Step,
  service,
  unexpected,
} from "./service.ts";
import { AnswersInBlocks } from "./transferring.ts";

/** The data of an attribute, or why it is not available. The server may give the data as a stream (`StreamedData`). */
export type GetResult = DataOrError;

const onlyGet = ["get"] as const;
// Octets of a request for one attribute: tag, choice, invoke-id, descriptor, no access selection.
const plainRequest = 3 + 9 + 1;

/** GET reads attributes by logical name, one or a list; attribute 0 means all attributes of an object. Green Book 9.3.6. */
export const get = service({
  name: "get",
  does: "read",
  requestTag: ApduTag["get-request"],
  responseTag: ApduTag["get-response"],
  conformance: [
    "get",
    "multiple-references",
    "selective-access",
    "attribute0-supported-with-get",
    "block-transfer-with-get-or-read",
  ],
  besides: [],
  needs(request: GetRequest) {
    if (request.apdu === "get-request-next") return onlyGet;
    const list = request.apdu === "get-request-with-list";
    const attributes = list ? request.attributes : [request];
    if (!list && request.access === undefined && request.attribute.attributeId !== 0) return onlyGet;
    return [
      "get",
      ...(list ? (["multiple-references"] as const) : []),
      ...(attributes.some(({ access }) => access !== undefined) ? (["selective-access"] as const) : []),
      ...(attributes.some(({ attribute }) => attribute.attributeId === 0)
        ? (["attribute0-supported-with-get"] as const)
        : []),
    ];
  },
  isUnconfirmed: isUnconfirmedInvoke,
  // A response that is too long is replaced by an error or sent in blocks.
  leastAnswer: () => 0,
  refused: (error): GetResult => ({ error }),
  granted: (result: GetResult) => "data" in result,
  client: (items: readonly AttributeReference[], port): Exchange<GetResponse, GetResult> =>
    new GetExchange(items, port),
  server: (port: ServerPort<AttributeReference, GetResult>): ServiceServer<GetRequest> => new GetServer(port),
});

const inBlocks: Pick<AnswerForm, "inBlocks" | "blockHeader" | "block" | "aborted"> = {
  inBlocks: "block-transfer-with-get-or-read",
  // tag, choice, invoke-id, last-block, block-number, choice of the result
  blockHeader: 3 + 1 + 4 + 1,
  block: ({ lastBlock, blockNumber, rawData }, invoke) => ({
    apdu: "get-response-with-datablock",
    ...echo(invoke),
    block: { lastBlock, blockNumber, result: { rawData } },
  }),
  aborted: (blockNumber, invoke) => failedBlock(blockNumber, "long-get-aborted", invoke),
};

const anyInvoke = { invokeId: 0, priority: "normal", serviceClass: "confirmed" } as const;

const normal: AnswerForm = {
  ...inBlocks,
  whole: headOf({ apdu: "get-response-normal", ...anyInvoke, result: { dataAccessResult: "success" } }),
  // tag, choice, invoke-id. Blocks of one attribute contain the Data without the choice of Get-Data-Result.
  onlyWhole: 3 + 1,
};
const withList: AnswerForm = {
  ...inBlocks,
  whole: headOf({ apdu: "get-response-with-list", ...anyInvoke, results: [] }),
  onlyWhole: 3,
};

function failedBlock(
  blockNumber: number,
  dataAccessResult: DataAccessResultName,
  invoke: Parameters<typeof echo>[0],
): ApduLike {
  return {
    apdu: "get-response-with-datablock",
    ...echo(invoke),
    block: { lastBlock: true, blockNumber, result: { dataAccessResult } },
  };
}

function write(results: readonly GetResult[], list: boolean, context: RequestContext): AnswerWriter {
  const to = new AnswerWriter((list ? withList : normal).whole, context);
  if (list) to.count(results.length);
  for (const result of results) to.result(result);
  return to;
}

const tooLong = (): GetResult => ({ error: "other-reason" });

/**
 * Decodes an APDU of the server. If the response has a single Data, a Fault contains the octets that could not be decoded: see
 * `undecodedData`.
 */
export function decodeResponse(octets: Uint8Array): Apdu {
  try {
    return decodeApdu(octets);
  } catch (caught) {
    const at = dataIn(octets);
    throw at !== undefined && caught instanceof Fault ? withData(caught, octets.subarray(at)) : caught;
  }
}

/** The position of the Data in a response with a single Data; undefined if it has none or several. */
function dataIn([tag, first, second, third]: Uint8Array): number | undefined {
  // tag, choice, invoke-id, choice of the result
  if (tag === ApduTag["get-response"]) return first === 1 && third === 0 ? 4 : undefined;
  // tag, count, choice of the result
  return tag === ApduTag["read-response"] && first === 1 && second === 0 ? 3 : undefined;
}

function decodeBlocks(octets: Uint8Array): Data {
  try {
    return decode(Data, octets, { layer: "axdr" });
  } catch (caught) {
    throw caught instanceof Fault ? withData(caught, octets) : caught;
  }
}

class GetServer extends AnswersInBlocks<GetRequest, AttributeReference, GetResult> {
  receive(apdu: GetRequest, context: RequestContext, now: number): void {
    switch (apdu.apdu) {
      case "get-request-normal":
        this.#deliver([attributeReference(apdu)], context, false);
        return;
      case "get-request-with-list":
        needItems(apdu.attributes);
        this.#deliver(apdu.attributes.map(attributeReference), context, true);
        return;
      case "get-request-next":
        needAnswers(context);
        this.#next(apdu.blockNumber, context, now);
        return;
    }
  }

  #deliver(items: readonly AttributeReference[], context: RequestContext, list: boolean): void {
    // A new GET ends the block transfer: a later request for its next block gets an error.
    this.answers.supersede(context);
    this.port.deliver(items, context, (results, now) => {
      const form = list ? withList : normal;
      const shorter = () => write(results.map(tooLong), list, context).done() as Uint8Array;
      this.answers.begin({ form, whole: write(results, list, context).done(), shorter }, context, now);
    });
  }

  #next(blockNumber: number, context: RequestContext, now: number): void {
    const next = this.answers.next(blockNumber, context, now);
    if (next === "sent") return;
    const why = next === "none" ? "no-long-get-in-progress" : "data-block-number-invalid";
    this.port.transfer.reply(encodeApdu(failedBlock(blockNumber, why, context)), context);
  }
}

class GetExchange implements Exchange<GetResponse, GetResult> {
  readonly #port: ClientPort;
  readonly #items: readonly AttributeReference[];
  readonly #response: IncomingResponse;

  constructor(items: readonly AttributeReference[], port: ClientPort) {
    this.#items = items;
    this.#port = port;
    this.#response = new IncomingResponse(port);
  }

  first(): ApduLike {
    const [only] = this.#items;
    const single = only !== undefined && this.#items.length === 1;
    const apdu = single ? this.#normal(only) : this.#withList();
    needNegotiated(get.needs(apdu as GetRequest), this.#port.has);
    return mustFit(this.#port, apdu, single && only.access === undefined ? plainRequest : undefined);
  }

  #normal(item: AttributeReference): ApduLike {
    const { invokeId, priority, serviceClass } = this.#port.invoke;
    const { attribute, access } = attributeWithSelection(item);
    const plain = { apdu: "get-request-normal", invokeId, priority, serviceClass, attribute } as const;
    return access === undefined ? plain : { ...plain, access };
  }

  #withList(): ApduLike {
    const attributes = this.#items.map(attributeWithSelection);
    return { apdu: "get-request-with-list", ...this.#port.invoke, attributes };
  }

  receive(apdu: GetResponse): Step<GetResult> {
    switch (apdu.apdu) {
      case "get-response-normal":
        if (this.#items.length !== 1 || this.#response.unfinished) throw unexpected("an unexpected single result");
        return doneWith([dataOrError(apdu.result)], this.#items);
      case "get-response-with-list":
        if (this.#items.length === 1 || this.#response.unfinished) {
          throw unexpected("an unexpected list of results");
        }
        return doneWith(apdu.results.map(dataOrError), this.#items);
      case "get-response-with-datablock":
        return this.#block(apdu.block);
    }
  }

  #block({ lastBlock, blockNumber, result }: Extract<GetResponse, { block: unknown }>["block"]): Step<GetResult> {
    if (result.dataAccessResult !== undefined) {
      const error = result.dataAccessResult;
      return { done: this.#items.map(() => ({ error })) };
    }
    const whole = this.#response.take({ lastBlock, blockNumber, rawData: result.rawData });
    if (whole === undefined) return { send: { apdu: "get-request-next", ...this.#port.invoke, blockNumber } };
    const results =
      this.#items.length === 1
        ? [{ data: decodeBlocks(whole) }]
        : decode(GetDataResults, whole, { layer: "xdlms" }).map(dataOrError);
    return doneWith(results, this.#items);
  }
}
