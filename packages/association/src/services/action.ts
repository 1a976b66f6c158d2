import {
  type ActionRequest,
  type ActionResponse,
  ActionResponseItem,
  type ActionResultName,
  type ApduLike,
  ApduTag,
  Data,
  type DataAccessResultName,
  type DataBlockSA,
  type DataLike,
  encodeApdu,
  encodeData,
} from "@dlmskit/apdu";
import { decode, encode, Fault } from "@dlmskit/core";
import { lengthOctets } from "../lengths.ts";
import { type AnswerForm, headOf } from "../transfer/answer.ts";
import { IncomingResponse, mustFit, OutgoingRequest } from "../transfer/client.ts";
import { echo, type RequestContext } from "../transfer/port.ts";
import type { Taken } from "../transfer/request.ts";
import { actionResult } from "./action-result.ts";
import type { MethodReference } from "./items.ts";
import { ActionResponseItems, AnswerWriter, DataList, dataList, dataOrError, encoded } from "./results.ts";
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
import { BothInBlocks } from "./transferring.ts";

export interface MethodInvocation {
  readonly method: MethodReference;
  /** Absent: the method-invocation-parameters are absent. */
  readonly parameters?: DataLike;
}

export interface ActionOutcome {
  readonly result: ActionResultName;
  /** The return parameters (the server may give them as a stream), or why they are not available. */
  readonly data?: DataLike | { readonly error: DataAccessResultName };
}

const inBlocks: readonly string[] = [
  "action-request-with-first-pblock",
  "action-request-with-list-and-first-pblock",
  "action-request-with-pblock",
] satisfies ActionRequest["apdu"][];

/** ACTION invokes methods by logical name, one or a list. No method is invoked before all parameters are received. Green Book 9.3.8. */
export const action = service({
  name: "action",
  does: "invoke",
  requestTag: ApduTag["action-request"],
  responseTag: ApduTag["action-response"],
  conformance: ["action", "multiple-references", "block-transfer-with-action"],
  besides: [],
  needs: (request: ActionRequest) => [
    "action",
    ...("methods" in request ? (["multiple-references"] as const) : []),
    ...(inBlocks.includes(request.apdu) ? (["block-transfer-with-action"] as const) : []),
  ],
  isUnconfirmed: isUnconfirmedInvoke,
  leastAnswer({ length }, has) {
    // tag, choice, invoke-id, result, no return parameters
    if (length === 1) return 5;
    // tag, choice, invoke-id, last-block, block-number, one octet with its length
    return has("block-transfer-with-action") ? 10 : 3 + lengthOctets(length) + 2 * length;
  },
  refused: (result): ActionOutcome => ({ result: actionResult(result) }),
  granted: ({ result }: ActionOutcome) => result === "success",
  client: (items: readonly MethodInvocation[], port): Exchange<ActionResponse, ActionOutcome> =>
    new ActionExchange(items, port),
  server: (port: ServerPort<MethodInvocation, ActionOutcome>): ServiceServer<ActionRequest> => new ActionServer(port),
});

const blocks: Omit<AnswerForm, "whole"> = {
  // tag, choice, invoke-id
  onlyWhole: 3,
  inBlocks: "block-transfer-with-action",
  // tag, choice, invoke-id, last-block, block-number
  blockHeader: 3 + 1 + 4,
  block: (block, invoke) => ({ apdu: "action-response-with-pblock", ...echo(invoke), block }),
  aborted: (_, invoke) => ({ apdu: "action-response-normal", ...echo(invoke), result: "long-action-aborted" }),
};

const anyInvoke = { invokeId: 0, priority: "normal", serviceClass: "confirmed" } as const;
const normal: AnswerForm = {
  ...blocks,
  whole: headOf({ apdu: "action-response-normal", ...anyInvoke, result: "success" }),
};
const withList: AnswerForm = {
  ...blocks,
  whole: headOf({ apdu: "action-response-with-list", ...anyInvoke, results: [] }),
};

function write(results: readonly ActionOutcome[], list: boolean, context: RequestContext): AnswerWriter {
  const to = new AnswerWriter((list ? withList : normal).whole, context);
  if (list) to.count(results.length);
  for (const { result, data } of results) {
    to.put(encode(ActionResponseItem, { result }).subarray(0, 1));
    to.put(Uint8Array.of(data === undefined ? 0 : 1));
    if (data !== undefined) to.result("error" in data ? data : { data });
  }
  return to;
}

interface Long {
  readonly methods: readonly MethodReference[];
  readonly list: boolean;
}

class ActionServer extends BothInBlocks<ActionRequest, MethodInvocation, ActionOutcome, Long> {
  /** A new ACTION ends earlier transfers. */
  #abort(context: RequestContext): void {
    this.request.abort();
    this.answers.supersede(context);
  }

  receive(apdu: ActionRequest, context: RequestContext, now: number): void {
    if ("methods" in apdu) needItems(apdu.methods);
    switch (apdu.apdu) {
      case "action-request-normal":
        this.#abort(context);
        this.#deliver({ methods: [apdu.method], list: false }, [apdu.parameters], context);
        return;
      case "action-request-with-list":
        this.#abort(context);
        this.#deliver({ methods: apdu.methods, list: true }, apdu.parameters, context);
        return;
      case "action-request-with-first-pblock":
        this.#first({ methods: [apdu.method], list: false }, apdu.block, context, now);
        return;
      case "action-request-with-list-and-first-pblock":
        this.#first({ methods: apdu.methods, list: true }, apdu.block, context, now);
        return;
      case "action-request-with-pblock":
        needAnswers(context);
        this.#taken(this.request.next(apdu.block, context, now), apdu.block, context);
        return;
      case "action-request-next-pblock":
        needAnswers(context);
        this.#next(apdu.blockNumber, context, now);
        return;
    }
  }

  #deliver({ methods, list }: Long, parameters: readonly (DataLike | undefined)[], context: RequestContext): void {
    const items = methods.map((method, at) => {
      const given = parameters[at];
      return given === undefined ? { method } : { method, parameters: given };
    });
    this.port.deliver(items, context, (results, now) => {
      // The methods were invoked: the response has their results and an error in place of the return parameters.
      const shorter = () =>
        write(
          results.map(({ result, data }) => ({ result, ...(data && { data: { error: "other-reason" as const } }) })),
          list,
          context,
        ).done() as Uint8Array;
      const answer = { form: list ? withList : normal, whole: write(results, list, context).done(), shorter };
      this.answers.begin(answer, context, now);
    });
  }

  #next(blockNumber: number, context: RequestContext, now: number): void {
    const next = this.answers.next(blockNumber, context, now);
    if (next === "sent") return;
    // Action-Result has no value data-block-number-invalid.
    this.#fail(next === "none" ? "no-long-action-in-progress" : "long-action-aborted", context);
  }

  #first(what: Long, block: DataBlockSA, context: RequestContext, now: number): void {
    needAnswers(context);
    this.answers.supersede(context);
    this.#taken(this.request.first(what, block, context, now), block, context);
  }

  #taken(taken: Taken<Long>, { blockNumber }: DataBlockSA, context: RequestContext): void {
    switch (taken.state) {
      case "more":
        this.port.transfer.reply(
          encodeApdu({ apdu: "action-response-next-pblock", ...echo(context), blockNumber }),
          context,
        );
        return;
      case "whole": {
        const parameters = this.#parameters(taken.octets, taken.what);
        if (parameters === undefined) this.#fail("other-reason", context);
        else this.#deliver(taken.what, parameters, { ...context, seen: taken.seen });
        return;
      }
      case "none":
        this.#fail("no-long-action-in-progress", context);
        return;
      case "number":
      case "aborted":
      case "cap":
        this.#fail("long-action-aborted", context);
    }
  }

  #parameters(octets: Uint8Array, { list, methods }: Long): readonly Data[] | undefined {
    try {
      const values = list ? decode(DataList, octets, { layer: "axdr" }) : [decode(Data, octets, { layer: "axdr" })];
      return values.length === methods.length ? values : undefined;
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.port.transfer.refused(caught);
      return undefined;
    }
  }

  #fail(result: ActionResultName, context: RequestContext): void {
    this.port.transfer.reply(encodeApdu({ apdu: "action-response-normal", ...echo(context), result }), context);
  }
}

function actionOutcome({ result, returnParameters }: ActionResponseItem): ActionOutcome {
  if (returnParameters === undefined) return { result };
  const returned = dataOrError(returnParameters);
  return { result, data: "error" in returned ? returned : returned.data };
}

class ActionExchange implements Exchange<ActionResponse, ActionOutcome> {
  readonly #port: ClientPort;
  readonly #items: readonly MethodInvocation[];
  readonly #request: OutgoingRequest;
  readonly #response: IncomingResponse;

  constructor(items: readonly MethodInvocation[], port: ClientPort) {
    this.#items = items;
    this.#port = port;
    this.#request = new OutgoingRequest(port, "block-transfer-with-action");
    this.#response = new IncomingResponse(port);
  }

  first(): ApduLike {
    const { invoke, has } = this.#port;
    const methods = this.#items.map(({ method: { classId, instanceId, methodId } }) => ({
      classId,
      instanceId,
      methodId,
    }));
    const given = this.#items.map(({ parameters }) => (parameters === undefined ? undefined : encoded(parameters)));
    const [method] = methods;
    if (method === undefined || methods.length > 1) {
      // In a list every method has parameters: null-data means no parameters.
      const parameters = given.map((one): DataLike => one ?? { type: "null-data" });
      const whole: ApduLike = { apdu: "action-request-with-list", ...invoke, methods, parameters };
      needNegotiated(action.needs(whole as ActionRequest), has);
      return this.#request.first(
        whole,
        () => dataList(parameters),
        (block) => ({ apdu: "action-request-with-list-and-first-pblock", ...invoke, methods, block }),
      );
    }
    const [parameters] = given;
    const whole: ApduLike = {
      apdu: "action-request-normal",
      ...invoke,
      method,
      ...(parameters === undefined ? {} : { parameters }),
    };
    needNegotiated(action.needs(whole as ActionRequest), has);
    if (parameters === undefined) return mustFit(this.#port, whole);
    return this.#request.first(
      whole,
      () => encodeData(parameters),
      (block) => ({ apdu: "action-request-with-first-pblock", ...invoke, method, block }),
    );
  }

  receive(apdu: ActionResponse): Step<ActionOutcome> {
    const request = this.#request;
    switch (apdu.apdu) {
      case "action-response-normal":
        return this.#normal(apdu);
      case "action-response-with-list":
        if (this.#items.length === 1 || request.unfinished || this.#response.unfinished) {
          throw unexpected("an unexpected list of results");
        }
        return doneWith(apdu.results.map(actionOutcome), this.#items);
      case "action-response-next-pblock":
        if (!request.unfinished || apdu.blockNumber !== request.number) {
          throw unexpected(`an unexpected acknowledgement of block ${apdu.blockNumber}`);
        }
        return {
          send: request.next((block) => ({ apdu: "action-request-with-pblock", ...this.#port.invoke, block })),
        };
      case "action-response-with-pblock":
        return this.#block(apdu.block);
    }
  }

  #normal(item: ActionResponseItem): Step<ActionOutcome> {
    const { result } = item;
    // An interrupted transfer, in either direction, has one result for all methods.
    const inTransfer = this.#request.unfinished || this.#response.unfinished;
    if (!inTransfer && this.#items.length === 1) return { done: [actionOutcome(item)] };
    if (result === "success" || !(this.#request.long || this.#response.unfinished)) {
      throw unexpected("an unexpected single result");
    }
    return { done: this.#items.map(() => ({ result })) };
  }

  #block(block: DataBlockSA): Step<ActionOutcome> {
    if (this.#request.unfinished) throw unexpected("a block of the response came before the request was complete");
    const { blockNumber } = block;
    const whole = this.#response.take(block);
    if (whole === undefined) return { send: { apdu: "action-request-next-pblock", ...this.#port.invoke, blockNumber } };
    const results =
      this.#items.length === 1
        ? [actionOutcome(decode(ActionResponseItem, whole, { layer: "xdlms" }))]
        : decode(ActionResponseItems, whole, { layer: "xdlms" }).map(actionOutcome);
    return doneWith(results, this.#items);
  }
}
