import { Data, type DataAccessResultName, type DataBlockSA, type SetRequest } from "@dlmskit/apdu";
import { decode, Fault } from "@dlmskit/core";
import { IncomingBlocks, lengthOctets } from "./blocks.ts";
import { attributeReference } from "./references.ts";
import { refusal } from "./refusals.ts";
import { DataList } from "./results.ts";
import {
  badResults,
  echo,
  need,
  needConfirmed,
  needFor,
  needItems,
  type RequestContext,
  type ServerPort,
  weaker,
} from "./server-port.ts";
import type { AttributeReference, SetResult } from "./services.ts";

interface LongSet {
  readonly invokeId: number;
  readonly attributes: readonly AttributeReference[];
  readonly list: boolean;
  readonly blocks: IncomingBlocks;
  seen: RequestContext["seen"];
  deadline: number;
}

/** SET at the server's end: one attribute, a list of them, values that come in blocks. Nothing is written before all is here. */
export class SetServer {
  readonly #port: ServerPort;
  #long: LongSet | undefined;
  /** The invoke id of the transfer that was dropped while the client was not speaking: its next block is told so. */
  #aborted: number | undefined;

  constructor(port: ServerPort) {
    this.#port = port;
  }

  get deadline(): number | undefined {
    return this.#long?.deadline;
  }

  expire(now: number): void {
    if (this.#long !== undefined && now >= this.#long.deadline) this.#abort();
  }

  #abort(): void {
    this.#aborted = this.#long?.invokeId ?? this.#aborted;
    this.#long = undefined;
  }

  receive(apdu: SetRequest, context: RequestContext, now: number): void {
    const port = this.#port;
    need(port, "set");
    switch (apdu.apdu) {
      case "set-request-normal": {
        const attribute = attributeReference(apdu);
        needFor(port, attribute, "set");
        this.#abort();
        this.#deliver([attribute], [apdu.value], context, (results) => {
          port.reply({ apdu: "set-response-normal", ...echo(context), result: results[0] as SetResult }, context);
        });
        return;
      }
      case "set-request-with-list": {
        const attributes = this.#list(apdu.attributes.map(attributeReference));
        this.#abort();
        this.#deliver(attributes, apdu.values, context, (results) => {
          port.reply({ apdu: "set-response-with-list", ...echo(context), results: [...results] }, context);
        });
        return;
      }
      case "set-request-with-first-datablock": {
        const attribute = attributeReference(apdu);
        needFor(port, attribute, "set");
        this.#first([attribute], false, apdu.block, context, now);
        return;
      }
      case "set-request-with-list-and-first-datablock":
        this.#first(this.#list(apdu.attributes.map(attributeReference)), true, apdu.block, context, now);
        return;
      case "set-request-with-datablock":
        need(port, "block-transfer-with-set-or-write");
        needConfirmed(context);
        this.#next(apdu.block, context, now);
        return;
    }
  }

  #list(attributes: readonly AttributeReference[]): readonly AttributeReference[] {
    need(this.#port, "multiple-references");
    needItems(attributes);
    for (const attribute of attributes) needFor(this.#port, attribute, "set");
    return attributes;
  }

  #deliver(
    attributes: readonly AttributeReference[],
    values: readonly Data[],
    context: RequestContext,
    answer: (results: readonly SetResult[]) => void,
  ): void {
    const items = attributes.map((attribute, at) => ({ attribute, value: values[at] as Data }));
    this.#port.deliver({ service: "set", items }, context, (results) => {
      if (results.length !== items.length) throw badResults(items.length, results.length);
      answer(results as readonly SetResult[]);
    });
  }

  #first(
    attributes: readonly AttributeReference[],
    list: boolean,
    block: DataBlockSA,
    context: RequestContext,
    now: number,
  ): void {
    need(this.#port, "block-transfer-with-set-or-write");
    needConfirmed(context);
    // Tag, choice, invoke-id, results, block-number: what the client cannot be told in the end is not begun.
    const answer = 3 + (list ? lengthOctets(attributes.length) : 0) + attributes.length + 4;
    if (answer > this.#port.room(context)) {
      throw refusal("pdu-too-long", `the client takes no answer for ${attributes.length} attributes`);
    }
    this.#abort();
    if (this.#aborted === context.invokeId) this.#aborted = undefined;
    const blocks = new IncomingBlocks(this.#port.maxApdu);
    this.#long = { invokeId: context.invokeId, attributes, list, blocks, seen: context.seen, deadline: 0 };
    this.#take(this.#long, block, context, now);
  }

  #next(block: DataBlockSA, context: RequestContext, now: number): void {
    const long = this.#long;
    if (long !== undefined && long.invokeId === context.invokeId) {
      this.#take(long, block, context, now);
      return;
    }
    const aborted = this.#aborted === context.invokeId;
    if (aborted) this.#aborted = undefined;
    this.#fail(aborted ? "long-set-aborted" : "no-long-set-in-progress", block.blockNumber, context);
  }

  #take(long: LongSet, block: DataBlockSA, context: RequestContext, now: number): void {
    const { blockNumber } = block;
    const taken = long.blocks.add(block);
    if (taken !== "taken") {
      this.#long = undefined;
      this.#fail(taken === "number" ? "data-block-number-invalid" : "long-set-aborted", blockNumber, context);
      return;
    }
    long.seen = weaker(long.seen, context.seen);
    if (!block.lastBlock) {
      long.deadline = now + this.#port.transferTimeout;
      this.#port.reply({ apdu: "set-response-datablock", ...echo(context), blockNumber }, context);
      return;
    }
    this.#long = undefined;
    this.#finish(long, blockNumber, context);
  }

  #finish(long: LongSet, blockNumber: number, context: RequestContext): void {
    const port = this.#port;
    const values = this.#values(long);
    if (values === undefined) {
      this.#fail("other-reason", blockNumber, context);
      return;
    }
    this.#deliver(long.attributes, values, { ...context, seen: long.seen }, (results) => {
      port.reply(
        long.list
          ? { apdu: "set-response-last-datablock-with-list", ...echo(context), results: [...results], blockNumber }
          : { apdu: "set-response-last-datablock", ...echo(context), result: results[0] as SetResult, blockNumber },
        context,
      );
    });
  }

  /** The values that the blocks made; undefined when they make none, or not as many as there are attributes. */
  #values(long: LongSet): readonly Data[] | undefined {
    try {
      const whole = long.blocks.whole();
      const values = long.list ? decode(DataList, whole, { layer: "axdr" }) : [decode(Data, whole, { layer: "axdr" })];
      return values.length === long.attributes.length ? values : undefined;
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#port.refused(caught);
      return undefined;
    }
  }

  #fail(result: DataAccessResultName, blockNumber: number, context: RequestContext): void {
    this.#port.reply({ apdu: "set-response-last-datablock", ...echo(context), result, blockNumber }, context);
  }
}
