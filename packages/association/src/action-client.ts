import { type ActionResponse, ActionResponseItem, type ApduLike, type DataLike, encodeData } from "@dlmskit/apdu";
import { decode } from "@dlmskit/core";
import { IncomingBlocks, OutgoingBlocks } from "./blocks.ts";
import {
  type Block,
  type Exchange,
  type ExchangePort,
  fitting,
  mustFit,
  needNegotiated,
  nextBlock,
  type Step,
  takeBlock,
  unexpected,
} from "./client-exchange.ts";
import { ActionResponseItems, actionOutcome, dataList } from "./results.ts";
import type { ActionOutcome, MethodInvocation } from "./services.ts";

/** ACTION at the client's end; parameters and return parameters may both travel in blocks. */
export class ActionExchange implements Exchange {
  readonly #port: ExchangePort;
  readonly #items: readonly MethodInvocation[];
  #request: OutgoingBlocks | undefined;
  #response: IncomingBlocks | undefined;

  constructor(items: readonly MethodInvocation[], port: ExchangePort) {
    this.#items = items;
    this.#port = port;
  }

  first(): ApduLike {
    const port = this.#port;
    const { invoke } = port;
    needNegotiated(port, "action");
    const methods = this.#items.map(({ method: { classId, instanceId, methodId } }) => ({
      classId,
      instanceId,
      methodId,
    }));
    const encoded = this.#items.map(({ parameters }): DataLike | undefined =>
      parameters === undefined ? undefined : { type: "encoded", octets: encodeData(parameters) },
    );
    const [method] = methods;
    if (method === undefined || methods.length > 1) {
      needNegotiated(port, "multiple-references", "invoke one method at a time");
      // In a list every method has parameters: none is null-data.
      const parameters = encoded.map((given): DataLike => given ?? { type: "null-data" });
      return (
        this.#whole({ apdu: "action-request-with-list", ...invoke, methods, parameters }) ??
        this.#firstBlock(dataList(parameters), (block) => ({
          apdu: "action-request-with-list-and-first-pblock",
          ...invoke,
          methods,
          block,
        }))
      );
    }
    const [parameters] = encoded;
    const apdu: ApduLike = {
      apdu: "action-request-normal",
      ...invoke,
      method,
      ...(parameters === undefined ? {} : { parameters }),
    };
    if (parameters === undefined) return mustFit(port, apdu);
    return (
      this.#whole(apdu) ??
      this.#firstBlock(encodeData(parameters), (block) => ({
        apdu: "action-request-with-first-pblock",
        ...invoke,
        method,
        block,
      }))
    );
  }

  #whole(apdu: ApduLike): ApduLike | undefined {
    const port = this.#port;
    const inBlocks = port.has("block-transfer-with-action") && port.invoke.serviceClass === "confirmed";
    return inBlocks ? fitting(port, apdu) : mustFit(port, apdu);
  }

  #firstBlock(octets: Uint8Array, apduWith: Parameters<typeof nextBlock>[2]): ApduLike {
    this.#request = new OutgoingBlocks(octets);
    return nextBlock(this.#port, this.#request, apduWith);
  }

  receive(apdu: ActionResponse): Step {
    switch (apdu.apdu) {
      case "action-response-normal":
        return this.#normal(apdu);
      case "action-response-with-list":
        if (this.#items.length === 1 || this.#unfinished || this.#response !== undefined) {
          throw unexpected("a list of results, out of place");
        }
        return this.#done(apdu.results.map(actionOutcome));
      case "action-response-next-pblock":
        if (!this.#unfinished || apdu.blockNumber !== this.#request?.number) {
          throw unexpected(`block ${apdu.blockNumber} acknowledged, out of place`);
        }
        return {
          send: nextBlock(this.#port, this.#request, (block) => ({
            apdu: "action-request-with-pblock",
            ...this.#port.invoke,
            block,
          })),
        };
      case "action-response-with-pblock":
        return this.#block(apdu.block);
    }
  }

  /** Whether the request has blocks that were not sent yet. */
  get #unfinished(): boolean {
    return this.#request?.finished === false;
  }

  #normal(item: ActionResponseItem): Step {
    const { result } = item;
    // A transfer that was broken off, either way, has one result for all.
    const inTransfer = this.#unfinished || this.#response !== undefined;
    if (inTransfer || this.#items.length > 1) {
      if (result === "success" || (this.#request === undefined && this.#response === undefined)) {
        throw unexpected("one result, out of place");
      }
      return this.#done(this.#items.map(() => ({ result })));
    }
    const { returnParameters } = item;
    return this.#done([actionOutcome(returnParameters === undefined ? { result } : { result, returnParameters })]);
  }

  #block(block: Block): Step {
    if (this.#unfinished) throw unexpected("a block of the response before the request was whole");
    this.#response ??= new IncomingBlocks(this.#port.maxApdu, this.#port.firstBlock);
    takeBlock(this.#response, block);
    const { blockNumber } = block;
    if (!block.lastBlock) return { send: { apdu: "action-request-next-pblock", ...this.#port.invoke, blockNumber } };
    const whole = this.#response.whole();
    this.#response = undefined;
    return this.#done(
      this.#items.length === 1
        ? [actionOutcome(decode(ActionResponseItem, whole, { layer: "xdlms" }))]
        : decode(ActionResponseItems, whole, { layer: "xdlms" }).map(actionOutcome),
    );
  }

  #done(results: readonly ActionOutcome[]): Step {
    if (results.length !== this.#items.length) {
      throw unexpected(`${results.length} results for ${this.#items.length} methods`);
    }
    return { done: { service: "action", results } };
  }
}
