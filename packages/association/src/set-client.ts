import { type ApduLike, type DataLike, encodeData, type SetResponse } from "@dlmskit/apdu";
import { OutgoingBlocks } from "./blocks.ts";
import {
  type Exchange,
  type ExchangePort,
  fitting,
  mustFit,
  needNegotiated,
  nextBlock,
  type Step,
  unexpected,
} from "./client-exchange.ts";
import { attributeWithSelection } from "./references.ts";
import { dataList } from "./results.ts";
import type { AttributeValue, SetResult } from "./services.ts";

/** SET at the client's end; in blocks where the server's PDU size asks for them. */
export class SetExchange implements Exchange {
  readonly #port: ExchangePort;
  readonly #items: readonly AttributeValue[];
  #blocks: OutgoingBlocks | undefined;

  constructor(items: readonly AttributeValue[], port: ExchangePort) {
    this.#items = items;
    this.#port = port;
  }

  first(): ApduLike {
    const port = this.#port;
    const { invoke } = port;
    needNegotiated(port, "set");
    if (this.#items.some(({ attribute }) => attribute.access !== undefined)) needNegotiated(port, "selective-access");
    const attributes = this.#items.map(({ attribute }) => attributeWithSelection(attribute));
    const values = this.#items.map(({ value }): DataLike => ({ type: "encoded", octets: encodeData(value) }));
    const [only] = attributes;
    const [value] = values;
    if (only === undefined || value === undefined || attributes.length > 1) {
      needNegotiated(port, "multiple-references", "write one attribute at a time");
      const whole: ApduLike = { apdu: "set-request-with-list", ...invoke, attributes, values };
      return (
        this.#whole(whole) ??
        this.#firstBlock(dataList(values), (block) => ({
          apdu: "set-request-with-list-and-first-datablock",
          ...invoke,
          attributes,
          block,
        }))
      );
    }
    return (
      this.#whole({ apdu: "set-request-normal", ...invoke, ...only, value }) ??
      this.#firstBlock(encodeData(value), (block) => ({
        apdu: "set-request-with-first-datablock",
        ...invoke,
        ...only,
        block,
      }))
    );
  }

  #whole(apdu: ApduLike): ApduLike | undefined {
    const port = this.#port;
    const inBlocks = port.has("block-transfer-with-set-or-write") && port.invoke.serviceClass === "confirmed";
    return inBlocks ? fitting(port, apdu) : mustFit(port, apdu);
  }

  #firstBlock(octets: Uint8Array, apduWith: Parameters<typeof nextBlock>[2]): ApduLike {
    this.#blocks = new OutgoingBlocks(octets);
    return nextBlock(this.#port, this.#blocks, apduWith);
  }

  receive(apdu: SetResponse): Step {
    const blocks = this.#blocks;
    switch (apdu.apdu) {
      case "set-response-normal":
        if (this.#items.length !== 1 || blocks !== undefined) throw unexpected("one result, out of place");
        return this.#done([apdu.result]);
      case "set-response-with-list":
        if (this.#items.length === 1 || blocks !== undefined) throw unexpected("a list of results, out of place");
        return this.#done(apdu.results);
      case "set-response-datablock":
        if (blocks === undefined || blocks.finished || apdu.blockNumber !== blocks.number) {
          throw unexpected(`block ${apdu.blockNumber} acknowledged, out of place`);
        }
        return {
          send: nextBlock(this.#port, blocks, (block) => ({
            apdu: "set-request-with-datablock",
            ...this.#port.invoke,
            block,
          })),
        };
      case "set-response-last-datablock":
        // A transfer that was broken off has one result for all; a success is one only of a transfer that was finished.
        if (blocks === undefined || (apdu.result === "success" && !(blocks.finished && this.#items.length === 1))) {
          throw unexpected("the result of a transfer, out of place");
        }
        return this.#done(this.#items.map(() => apdu.result));
      case "set-response-last-datablock-with-list":
        if (blocks?.finished !== true) throw unexpected("the results of a transfer, out of place");
        return this.#done(apdu.results);
    }
  }

  #done(results: readonly SetResult[]): Step {
    if (results.length !== this.#items.length) {
      throw unexpected(`${results.length} results for ${this.#items.length} attributes`);
    }
    return { done: { service: "set", results } };
  }
}
