import { type ApduLike, Data, type GetResponse } from "@dlmskit/apdu";
import { decode } from "@dlmskit/core";
import { IncomingBlocks } from "./blocks.ts";
import {
  type Exchange,
  type ExchangePort,
  mustFit,
  needNegotiated,
  type Step,
  takeBlock,
  unexpected,
} from "./client-exchange.ts";
import { attributeWithSelection } from "./references.ts";
import { GetDataResults, getResult } from "./results.ts";
import type { AttributeReference, GetResult } from "./services.ts";

/** GET at the client's end. */
export class GetExchange implements Exchange {
  readonly #port: ExchangePort;
  readonly #items: readonly AttributeReference[];
  #blocks: IncomingBlocks | undefined;

  constructor(items: readonly AttributeReference[], port: ExchangePort) {
    this.#items = items;
    this.#port = port;
  }

  first(): ApduLike {
    const port = this.#port;
    const { invoke } = port;
    needNegotiated(port, "get");
    if (this.#items.some(({ access }) => access !== undefined)) needNegotiated(port, "selective-access");
    const attributes = this.#items.map(attributeWithSelection);
    const [only, ...others] = attributes;
    if (only !== undefined && others.length === 0) {
      return mustFit(port, { apdu: "get-request-normal", ...invoke, ...only });
    }
    needNegotiated(port, "multiple-references", "ask for one attribute at a time");
    return mustFit(port, { apdu: "get-request-with-list", ...invoke, attributes });
  }

  receive(apdu: GetResponse): Step {
    switch (apdu.apdu) {
      case "get-response-normal":
        if (this.#items.length !== 1 || this.#blocks !== undefined) throw unexpected("one result, out of place");
        return this.#done([getResult(apdu.result)]);
      case "get-response-with-list":
        if (this.#items.length === 1 || this.#blocks !== undefined) throw unexpected("a list of results, out of place");
        return this.#done(apdu.results.map(getResult));
      case "get-response-with-datablock":
        return this.#block(apdu.block);
    }
  }

  #block({ lastBlock, blockNumber, result }: Extract<GetResponse, { block: unknown }>["block"]): Step {
    if (result.dataAccessResult !== undefined) {
      const error = result.dataAccessResult;
      return this.#done(this.#items.map(() => ({ error })));
    }
    this.#blocks ??= new IncomingBlocks(this.#port.maxApdu, this.#port.firstBlock);
    takeBlock(this.#blocks, { lastBlock, blockNumber, rawData: result.rawData });
    if (!lastBlock) return { send: { apdu: "get-request-next", ...this.#port.invoke, blockNumber } };
    const whole = this.#blocks.whole();
    this.#blocks = undefined;
    return this.#done(
      this.#items.length === 1
        ? [{ data: decode(Data, whole, { layer: "axdr" }) }]
        : decode(GetDataResults, whole, { layer: "xdlms" }).map(getResult),
    );
  }

  #done(results: readonly GetResult[]): Step {
    if (results.length !== this.#items.length) {
      throw unexpected(`${results.length} results for ${this.#items.length} attributes`);
    }
    return { done: { service: "get", results } };
  }
}
