import {
  type ActionRequest,
  ActionResponseItem,
  type ActionResultName,
  Data,
  type DataBlockSA,
  type DataLike,
} from "@dlmskit/apdu";
import { decode, encode, Fault } from "@dlmskit/core";
import { contentIn, IncomingBlocks, OutgoingBlocks } from "./blocks.ts";
import { least, strengthened } from "./policy.ts";
import { refusal } from "./refusals.ts";
import { ActionResponseItems, actionResponseItem, DataList } from "./results.ts";
import {
  badResults,
  echo,
  need,
  needConfirmed,
  needItems,
  type RequestContext,
  type ServerPort,
  weaker,
} from "./server-port.ts";
import type { ActionOutcome, MethodReference } from "./services.ts";

interface LongRequest {
  readonly invokeId: number;
  readonly methods: readonly MethodReference[];
  readonly list: boolean;
  readonly blocks: IncomingBlocks;
  seen: RequestContext["seen"];
  deadline: number;
}

interface LongResponse {
  readonly invokeId: number;
  readonly blocks: OutgoingBlocks;
  /** What its first block was protected with: no other is protected less. */
  readonly sealing: RequestContext["sealing"];
  deadline: number;
}

// tag, choice, invoke-id, last-block, block-number
const blockHeader = 3 + 1 + 4;
const header = 3;

/** ACTION at the server's end: one method, a list of them; parameters and return parameters may both travel in blocks. */
export class ActionServer {
  readonly #port: ServerPort;
  #request: LongRequest | undefined;
  #response: LongResponse | undefined;
  #aborted: number | undefined;

  constructor(port: ServerPort) {
    this.#port = port;
  }

  get deadline(): number | undefined {
    const request = this.#request?.deadline;
    const response = this.#response?.deadline;
    return request === undefined || response === undefined ? (request ?? response) : Math.min(request, response);
  }

  expire(now: number): void {
    if (this.#response !== undefined && now >= this.#response.deadline) this.#response = undefined;
    if (this.#request !== undefined && now >= this.#request.deadline) this.#abort();
  }

  /** A new ACTION ends the transfers of the one before. */
  #abort(): void {
    this.#aborted = this.#request?.invokeId ?? this.#aborted;
    this.#request = undefined;
    this.#response = undefined;
  }

  receive(apdu: ActionRequest, context: RequestContext, now: number): void {
    const port = this.#port;
    need(port, "action");
    switch (apdu.apdu) {
      case "action-request-normal":
        this.#abort();
        this.#deliver([apdu.method], [apdu.parameters], false, context);
        return;
      case "action-request-with-list":
        this.#needList(apdu.methods);
        this.#abort();
        this.#deliver(apdu.methods, apdu.parameters, true, context);
        return;
      case "action-request-with-first-pblock":
        this.#first([apdu.method], false, apdu.block, context, now);
        return;
      case "action-request-with-list-and-first-pblock":
        this.#needList(apdu.methods);
        this.#first(apdu.methods, true, apdu.block, context, now);
        return;
      case "action-request-with-pblock":
        need(port, "block-transfer-with-action");
        needConfirmed(context);
        this.#nextRequestBlock(apdu.block, context, now);
        return;
      case "action-request-next-pblock":
        needConfirmed(context);
        this.#nextResponseBlock(apdu.blockNumber, context, now);
        return;
    }
  }

  #needList(methods: readonly MethodReference[]): void {
    need(this.#port, "multiple-references");
    needItems(methods);
  }

  #deliver(
    methods: readonly MethodReference[],
    parameters: readonly (DataLike | undefined)[],
    list: boolean,
    context: RequestContext,
  ): void {
    const items = methods.map((method, at) => {
      const given = parameters[at];
      return given === undefined ? { method } : { method, parameters: given };
    });
    this.#port.deliver({ service: "action", items }, context, (results, now) => {
      if (results.length !== items.length) throw badResults(items.length, results.length);
      this.#answer((results as readonly ActionOutcome[]).map(actionResponseItem), list, context, now);
    });
  }

  #answer(results: ActionResponseItem[], list: boolean, context: RequestContext, now: number): void {
    const port = this.#port;
    const first = results[0] as ActionResponseItem;
    const octets = list ? encode(ActionResponseItems, results) : encode(ActionResponseItem, first);
    if (header + octets.length <= port.room(context)) {
      port.reply(
        list
          ? { apdu: "action-response-with-list", ...echo(context), results }
          : { apdu: "action-response-normal", ...echo(context), ...first },
        context,
      );
      return;
    }
    if (port.has("block-transfer-with-action")) {
      const { invokeId, sealing } = context;
      this.#response = { invokeId, blocks: new OutgoingBlocks(octets), sealing, deadline: 0 };
      this.#sendBlock(this.#response, context, now);
      return;
    }
    // The method was invoked: its result is told, and that its return parameters cannot be had.
    const short = results.map(
      ({ result, returnParameters }): ActionResponseItem =>
        returnParameters === undefined
          ? { result }
          : { result, returnParameters: { dataAccessResult: "other-reason" } },
    );
    port.reply(
      list
        ? { apdu: "action-response-with-list", ...echo(context), results: short }
        : { apdu: "action-response-normal", ...echo(context), ...(short[0] as ActionResponseItem) },
      context,
    );
  }

  #sendBlock(response: LongResponse, context: RequestContext, now: number): void {
    const most = contentIn(this.#port.room(context) - blockHeader);
    if (most < 1) {
      this.#response = undefined;
      throw refusal("pdu-too-long", "the client takes no APDU that a block fits in");
    }
    const block = response.blocks.next(most);
    response.deadline = now + this.#port.transferTimeout;
    if (block.lastBlock) this.#response = undefined;
    this.#port.reply({ apdu: "action-response-with-pblock", ...echo(context), block }, context);
  }

  #nextResponseBlock(blockNumber: number, context: RequestContext, now: number): void {
    const response = this.#response;
    if (response === undefined || response.invokeId !== context.invokeId) {
      this.#fail("no-long-action-in-progress", context);
      return;
    }
    if (response.blocks.number !== blockNumber) {
      this.#response = undefined;
      // Action-Result has no data-block-number-invalid.
      this.#fail("long-action-aborted", context);
      return;
    }
    this.#sendBlock(response, { ...context, sealing: strengthened(context.sealing, least(response.sealing)) }, now);
  }

  #first(
    methods: readonly MethodReference[],
    list: boolean,
    block: DataBlockSA,
    context: RequestContext,
    now: number,
  ): void {
    need(this.#port, "block-transfer-with-action");
    needConfirmed(context);
    this.#abort();
    if (this.#aborted === context.invokeId) this.#aborted = undefined;
    const blocks = new IncomingBlocks(this.#port.maxApdu);
    this.#request = { invokeId: context.invokeId, methods, list, blocks, seen: context.seen, deadline: 0 };
    this.#take(this.#request, block, context, now);
  }

  #nextRequestBlock(block: DataBlockSA, context: RequestContext, now: number): void {
    const request = this.#request;
    if (request !== undefined && request.invokeId === context.invokeId) {
      this.#take(request, block, context, now);
      return;
    }
    const aborted = this.#aborted === context.invokeId;
    if (aborted) this.#aborted = undefined;
    this.#fail(aborted ? "long-action-aborted" : "no-long-action-in-progress", context);
  }

  #take(request: LongRequest, block: DataBlockSA, context: RequestContext, now: number): void {
    if (request.blocks.add(block) !== "taken") {
      this.#request = undefined;
      this.#fail("long-action-aborted", context);
      return;
    }
    request.seen = weaker(request.seen, context.seen);
    const { blockNumber } = block;
    if (!block.lastBlock) {
      request.deadline = now + this.#port.transferTimeout;
      this.#port.reply({ apdu: "action-response-next-pblock", ...echo(context), blockNumber }, context);
      return;
    }
    this.#request = undefined;
    const parameters = this.#parameters(request);
    if (parameters === undefined) {
      this.#fail("other-reason", context);
      return;
    }
    this.#deliver(request.methods, parameters, request.list, { ...context, seen: request.seen });
  }

  #parameters(request: LongRequest): readonly Data[] | undefined {
    try {
      const whole = request.blocks.whole();
      const values = request.list
        ? decode(DataList, whole, { layer: "axdr" })
        : [decode(Data, whole, { layer: "axdr" })];
      return values.length === request.methods.length ? values : undefined;
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#port.refused(caught);
      return undefined;
    }
  }

  #fail(result: ActionResultName, context: RequestContext): void {
    this.#port.reply({ apdu: "action-response-normal", ...echo(context), result }, context);
  }
}
