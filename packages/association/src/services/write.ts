import {
  type ApduLike,
  ApduTag,
  type Data,
  type DataAccessResultName,
  encodeApdu,
  VariableWrites,
  type WriteRequest,
  type WriteResponse,
} from "@dlmskit/apdu";
import { decode, encode } from "@dlmskit/core";
import { lengthOctets } from "../lengths.ts";
import { refusal } from "../refusals.ts";
import type { Block } from "../transfer/blocks.ts";
import { OutgoingRequest } from "../transfer/client.ts";
import type { RequestContext } from "../transfer/port.ts";
import type { VariableValue } from "./items.ts";
import { encoded } from "./results.ts";
import {
  type ClientPort,
  doneWith,
  type Exchange,
  needAnswers,
  needItems,
  needNegotiated,
  type ServerPort,
  type ServiceServer,
  type Step,
  service,
  unexpected,
} from "./service.ts";
import { RequestsInBlocks } from "./transferring.ts";
import { blockError, neededFor, takeBlock, variableAccess, variableReferences } from "./variables.ts";

/** The result of writing a value, or of invoking a method by a Write. */
export type WriteResult = DataAccessResultName;

/** Write and UnconfirmedWrite: write attributes by short name, and invoke methods with their parameter. Green Book 9.3.15 and 9.3.16. */
export const write = service({
  name: "write",
  referencing: "short-name",
  does: "write",
  requestTag: ApduTag["write-request"],
  responseTag: ApduTag["write-response"],
  unconfirmedTag: ApduTag["unconfirmed-write-request"],
  conformance: [
    "write",
    "unconfirmed-write",
    "multiple-references",
    "parameterized-access",
    "block-transfer-with-set-or-write",
  ],
  besides: [],
  needs: ({ apdu, variables }: WriteRequest) => [
    apdu === "write-request" ? "write" : "unconfirmed-write",
    ...neededFor(variables),
    ...(variables[0]?.writeDataBlockAccess === undefined ? [] : (["block-transfer-with-set-or-write"] as const)),
  ],
  isUnconfirmed: ([tag]) => tag === ApduTag["unconfirmed-write-request"],
  // tag, count, an error for each
  leastAnswer: ({ length }) => 1 + lengthOctets(length) + 2 * length,
  refused: (result): WriteResult => result,
  granted: (result: WriteResult) => result === "success",
  client: (items: readonly VariableValue[], port): Exchange<WriteResponse, WriteResult> =>
    new WriteExchange(items, port),
  server: (port: ServerPort<VariableValue, WriteResult>): ServiceServer<WriteRequest> => new WriteServer(port),
});

type Answered = WriteResponse["results"][number];

const onWire = (result: WriteResult): Answered =>
  result === "success" ? { success: null } : { dataAccessError: result };

class WriteServer extends RequestsInBlocks<WriteRequest, VariableValue, WriteResult, undefined> {
  receive(apdu: WriteRequest, context: RequestContext, now: number): void {
    const { variables, data } = apdu;
    needItems(variables);
    const access = variables[0]?.writeDataBlockAccess;
    if (access === undefined || variables.length > 1) {
      const items = itemsOf(apdu);
      this.request.abort();
      this.#deliver(items, context);
      return;
    }
    needAnswers(context);
    const [piece] = data;
    if (piece?.type !== "octet-string") throw refusal("service-not-supported", "a block must be an octet-string");
    this.#block({ ...access, rawData: piece.value }, context, now);
  }

  #block(block: Block, context: RequestContext, now: number): void {
    const taken = takeBlock(this.request, block, context, now);
    switch (taken.state) {
      case "more":
        this.#answer([{ blockNumber: block.blockNumber }], context);
        return;
      case "whole": {
        const whole = decode(VariableWrites, taken.octets, { layer: "xdlms" });
        needItems(whole.variables);
        needNegotiated(neededFor(whole.variables), this.port.transfer.has);
        this.#deliver(itemsOf(whole), { ...context, seen: taken.seen });
        return;
      }
      default:
        this.#answer([{ dataAccessError: blockError(taken.state, "set") }], context);
    }
  }

  #deliver(items: readonly VariableValue[], context: RequestContext): void {
    this.port.deliver(items, context, (results) => this.#answer(results.map(onWire), context));
  }

  #answer(results: readonly Answered[], context: RequestContext): void {
    this.port.transfer.reply(encodeApdu({ apdu: "write-response", results: [...results] }), context);
  }
}

function itemsOf({ variables, data }: VariableWrites): readonly VariableValue[] {
  return variableReferences(variables).map((variable, at) => ({ variable, value: data[at] as Data }));
}

class WriteExchange implements Exchange<WriteResponse, WriteResult> {
  readonly #port: ClientPort;
  readonly #items: readonly VariableValue[];
  readonly #request: OutgoingRequest;

  constructor(items: readonly VariableValue[], port: ClientPort) {
    this.#items = items;
    this.#port = port;
    this.#request = new OutgoingRequest(port, "block-transfer-with-set-or-write");
  }

  first(): ApduLike {
    const { invoke, has } = this.#port;
    const confirmed = invoke.serviceClass === "confirmed";
    const variables = this.#items.map(({ variable }) => variableAccess(variable));
    const data = this.#items.map(({ value }) => encoded(value) as Data);
    needNegotiated([confirmed ? "write" : "unconfirmed-write", ...neededFor(variables)], has);
    return this.#request.first(
      { apdu: confirmed ? "write-request" : "unconfirmed-write-request", variables, data },
      () => encode(VariableWrites, { variables, data }),
      writeBlock,
    );
  }

  receive({ results }: WriteResponse): Step<WriteResult> {
    const request = this.#request;
    const [only] = results;
    if (only !== undefined && results.length === 1) {
      if (only.blockNumber !== undefined) {
        if (!request.unfinished || only.blockNumber !== request.number) {
          throw unexpected(`an unexpected acknowledgement of block ${only.blockNumber}`);
        }
        return { send: request.next(writeBlock) };
      }
      // An interrupted transfer has one result for all values.
      const error = only.dataAccessError;
      if (error !== undefined && request.unfinished) return { done: this.#items.map(() => error) };
    }
    if (request.unfinished) throw unexpected("results came before the request was complete");
    return doneWith(results.map(outcome), this.#items);
  }
}

function writeBlock({ lastBlock, blockNumber, rawData }: Block): ApduLike {
  return {
    apdu: "write-request",
    variables: [{ writeDataBlockAccess: { lastBlock, blockNumber } }],
    data: [{ type: "octet-string", value: rawData }],
  };
}

function outcome({ success, dataAccessError }: Answered): WriteResult {
  if (success !== undefined) return "success";
  if (dataAccessError !== undefined) return dataAccessError;
  throw unexpected("an unexpected block-number among the results");
}
