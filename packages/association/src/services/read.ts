import {
  type ApduLike,
  ApduTag,
  Data,
  type DataAccessResultName,
  encodeApdu,
  type ReadRequest,
  type ReadResponse,
  type ReadResult as ReadResultOnWire,
  ReadResults,
  VariableAccessList,
} from "@dlmskit/apdu";
import { decode, encode, Fault } from "@dlmskit/core";
import { lengthOctets } from "../lengths.ts";
import { withData } from "../spoilt.ts";
import type { AnswerForm } from "../transfer/answer.ts";
import { IncomingResponse, OutgoingRequest } from "../transfer/client.ts";
import type { RequestContext } from "../transfer/port.ts";
import type { VariableReference } from "./items.ts";
import { AnswerWriter, type DataOrError, encoded } from "./results.ts";
import {
  type ClientPort,
  doneWith,
  type Exchange,
  needItems,
  needNegotiated,
  type ServerPort,
  type ServiceServer,
  type Step,
  service,
  unexpected,
} from "./service.ts";
import { BothInBlocks } from "./transferring.ts";
import { blockError, neededFor, takeBlock, variableAccess, variableReferences } from "./variables.ts";

/** The data of an attribute, the return value of a method (null-data if it has none), or why there are no data. */
export type ReadResult = DataOrError;

type Variables = ReadRequest["variables"];

/** The request block among these variables; undefined if they are no block. */
function requestBlock([only, ...others]: Variables) {
  return others.length === 0 ? only?.readDataBlockAccess : undefined;
}

/** Read: reads attributes by short name, whole or in part, and invokes methods with their parameter, one or a list. Green Book 9.3.14. */
export const read = service({
  name: "read",
  referencing: "short-name",
  does: "read",
  requestTag: ApduTag["read-request"],
  responseTag: ApduTag["read-response"],
  conformance: ["read", "multiple-references", "parameterized-access", "block-transfer-with-get-or-read"],
  besides: [],
  needs: ({ variables }: ReadRequest) => [
    "read",
    ...neededFor(variables),
    ...(requestBlock(variables) === undefined ? [] : (["block-transfer-with-get-or-read"] as const)),
  ],
  isUnconfirmed: () => false,
  // A method is invoked only if its result can be sent: tag, count and an error for each, or in blocks.
  leastAnswer: ({ length }, has) =>
    has("block-transfer-with-get-or-read") ? blockHeader + 2 : 1 + lengthOctets(length) + 2 * length,
  refused: (error): ReadResult => ({ error }),
  granted: (result: ReadResult) => "data" in result,
  client: (items: readonly VariableReference[], port): Exchange<ReadResponse, ReadResult> =>
    new ReadExchange(items, port),
  server: (port: ServerPort<VariableReference, ReadResult>): ServiceServer<ReadRequest> => new ReadServer(port),
});

// tag, count, choice of the result, last-block, block-number
const blockHeader = 1 + 1 + 1 + 1 + 2;

const one = (result: ReadResultOnWire): ApduLike => ({ apdu: "read-response", results: [result] });

const form: AnswerForm = {
  whole: Uint8Array.of(ApduTag["read-response"]),
  onlyWhole: 1,
  inBlocks: "block-transfer-with-get-or-read",
  blockHeader,
  block: (block) => one({ dataBlockResult: block }),
  aborted: () => one({ dataAccessError: "long-get-aborted" }),
};

function write(results: readonly ReadResult[]): AnswerWriter {
  const to = new AnswerWriter(form.whole);
  to.count(results.length);
  for (const result of results) to.result(result);
  return to;
}

/** Leaves out data that are too long. The result of a method without return value stays. */
function shortened(result: ReadResult): ReadResult {
  return "error" in result || result.data.type === "null-data" ? result : { error: "other-reason" };
}

class ReadServer extends BothInBlocks<ReadRequest, VariableReference, ReadResult, undefined> {
  receive({ variables }: ReadRequest, context: RequestContext, now: number): void {
    needItems(variables);
    const [only] = variables;
    if (variables.length === 1 && only?.blockNumberAccess !== undefined) {
      this.#next(only.blockNumberAccess.blockNumber, context, now);
      return;
    }
    const block = requestBlock(variables);
    if (block === undefined) {
      const items = variableReferences(variables);
      this.request.abort();
      this.#deliver(items, context);
      return;
    }
    this.answers.supersede(context);
    const taken = takeBlock(this.request, block, context, now);
    switch (taken.state) {
      case "more":
        this.port.transfer.reply(encodeApdu(one({ blockNumber: block.blockNumber })), context);
        return;
      case "whole":
        this.#deliver(this.#items(taken.octets), { ...context, seen: taken.seen });
        return;
      default:
        this.#fail(blockError(taken.state, "get"), context);
    }
  }

  /** The variables in the received blocks. Faults of decoding; `service-not-supported` for a bit that was not negotiated. */
  #items(octets: Uint8Array): readonly VariableReference[] {
    const variables = decode(VariableAccessList, octets, { layer: "xdlms" });
    needItems(variables);
    needNegotiated(neededFor(variables), this.port.transfer.has);
    return variableReferences(variables);
  }

  #deliver(items: readonly VariableReference[], context: RequestContext): void {
    this.answers.supersede(context);
    this.port.deliver(items, context, (results, now) => {
      const shorter = () => write(results.map(shortened)).done() as Uint8Array;
      this.answers.begin({ form, whole: write(results).done(), shorter }, context, now);
    });
  }

  #next(blockNumber: number, context: RequestContext, now: number): void {
    const next = this.answers.next(blockNumber, context, now);
    if (next !== "sent") this.#fail(blockError(next, "get"), context);
  }

  #fail(dataAccessError: DataAccessResultName, context: RequestContext): void {
    this.port.transfer.reply(encodeApdu(one({ dataAccessError })), context);
  }
}

class ReadExchange implements Exchange<ReadResponse, ReadResult> {
  readonly #port: ClientPort;
  readonly #items: readonly VariableReference[];
  readonly #request: OutgoingRequest;
  readonly #response: IncomingResponse;

  constructor(items: readonly VariableReference[], port: ClientPort) {
    this.#items = items;
    this.#port = port;
    this.#request = new OutgoingRequest(port, "block-transfer-with-get-or-read");
    this.#response = new IncomingResponse(port);
  }

  first(): ApduLike {
    const variables = this.#items.map(({ variableName, access }) =>
      variableAccess(
        access === undefined
          ? { variableName }
          : { variableName, access: { ...access, parameters: encoded(access.parameters) } },
      ),
    );
    needNegotiated(["read", ...neededFor(variables)], this.#port.has);
    return this.#request.first(
      { apdu: "read-request", variables },
      () => encode(VariableAccessList, variables),
      (readDataBlockAccess) => ({ apdu: "read-request", variables: [{ readDataBlockAccess }] }),
    );
  }

  receive({ results }: ReadResponse): Step<ReadResult> {
    const request = this.#request;
    const [only] = results;
    if (only !== undefined && results.length === 1) {
      if (only.dataBlockResult !== undefined) return this.#block(only.dataBlockResult);
      if (only.blockNumber !== undefined) {
        if (!request.unfinished || only.blockNumber !== request.number) {
          throw unexpected(`an unexpected acknowledgement of block ${only.blockNumber}`);
        }
        return {
          send: request.next((readDataBlockAccess) => ({ apdu: "read-request", variables: [{ readDataBlockAccess }] })),
        };
      }
      // An interrupted transfer, in either direction, has one result for all variables.
      const error = only.dataAccessError;
      if (error !== undefined && (request.unfinished || this.#response.unfinished)) {
        return { done: this.#items.map(() => ({ error })) };
      }
    }
    if (request.unfinished || this.#response.unfinished) throw unexpected("unexpected results");
    return doneWith(results.map(outcome), this.#items);
  }

  #block(block: NonNullable<ReadResultOnWire["dataBlockResult"]>): Step<ReadResult> {
    if (this.#request.unfinished) throw unexpected("a block of the response came before the request was complete");
    const { blockNumber } = block;
    const whole = this.#response.take(block);
    if (whole === undefined) {
      return { send: { apdu: "read-request", variables: [{ blockNumberAccess: { blockNumber } }] } };
    }
    return doneWith(this.#results(whole), this.#items);
  }

  /** The blocks contain the list of results; some servers send only the Data of a single variable. */
  #results(octets: Uint8Array): readonly ReadResult[] {
    try {
      return decode(ReadResults, octets, { layer: "xdlms" }).map(outcome);
    } catch (caught) {
      if (!(caught instanceof Fault) || this.#items.length !== 1) throw caught;
      // The count and the choice before the Data of a list with one result.
      const listed = octets[0] === 1 && octets[1] === 0 && octets.length > 2;
      try {
        return [{ data: decode(Data, octets, { layer: "axdr" }) }];
      } catch (bare) {
        throw listed ? withData(caught, octets.subarray(2)) : bare instanceof Fault ? withData(bare, octets) : bare;
      }
    }
  }
}

function outcome(result: ReadResultOnWire): ReadResult {
  if (result.data !== undefined) return { data: result.data };
  if (result.dataAccessError !== undefined) return { error: result.dataAccessError };
  throw unexpected("an unexpected block among the results");
}
