import type { DataAccessResultName, DataBlockG, EncodedData, GetDataResult, GetRequest } from "@dlmskit/apdu";
import { encode } from "@dlmskit/core";
import { contentIn, OutgoingBlocks } from "./blocks.ts";
import { least, strengthened } from "./policy.ts";
import { attributeReference } from "./references.ts";
import { refusal } from "./refusals.ts";
import { GetDataResults, getDataResult } from "./results.ts";
import {
  badResults,
  echo,
  need,
  needConfirmed,
  needFor,
  needItems,
  type RequestContext,
  type ServerPort,
} from "./server-port.ts";
import type { AttributeReference, GetResult } from "./services.ts";

interface LongGet {
  readonly invokeId: number;
  readonly blocks: OutgoingBlocks;
  /** What its first block was protected with: no other is protected less. */
  readonly sealing: RequestContext["sealing"];
  deadline: number;
}

// tag, choice, invoke-id, last-block, block-number, choice of the result
const blockHeader = 3 + 1 + 4 + 1;
// tag, choice, invoke-id, choice of the result
const normalHeader = 4;
const listHeader = 3;

/** GET at the server's end: one attribute, a list of them, and the blocks of what is too long for one APDU. */
export class GetServer {
  readonly #port: ServerPort;
  #long: LongGet | undefined;

  constructor(port: ServerPort) {
    this.#port = port;
  }

  get deadline(): number | undefined {
    return this.#long?.deadline;
  }

  /** Drops a transfer that stood still. */
  expire(now: number): void {
    if (this.#long !== undefined && now >= this.#long.deadline) this.#long = undefined;
  }

  receive(apdu: GetRequest, context: RequestContext, now: number): void {
    const port = this.#port;
    need(port, "get");
    switch (apdu.apdu) {
      case "get-request-normal": {
        const attribute = attributeReference(apdu);
        needFor(port, attribute, "get");
        this.#deliver([attribute], context, false);
        return;
      }
      case "get-request-with-list": {
        need(port, "multiple-references");
        needItems(apdu.attributes);
        const attributes = apdu.attributes.map(attributeReference);
        for (const attribute of attributes) needFor(port, attribute, "get");
        this.#deliver(attributes, context, true);
        return;
      }
      case "get-request-next":
        needConfirmed(context);
        this.#next(apdu.blockNumber, context, now);
        return;
    }
  }

  #deliver(items: readonly AttributeReference[], context: RequestContext, list: boolean): void {
    // A new GET ends the long one: its next block is asked for in vain.
    this.#long = undefined;
    this.#port.deliver({ service: "get", items }, context, (given, now) => {
      if (given.length !== items.length) throw badResults(items.length, given.length);
      const results = (given as readonly GetResult[]).map(getDataResult);
      if (list) this.#answerList(results, context, now);
      else this.#answer(results[0] as GetDataResult, context, now);
    });
  }

  #answer(result: GetDataResult, context: RequestContext, now: number): void {
    const port = this.#port;
    const octets = (result.data as EncodedData | undefined)?.octets;
    if (octets === undefined || normalHeader + octets.length <= port.room(context)) {
      port.reply({ apdu: "get-response-normal", ...echo(context), result }, context);
      return;
    }
    if (this.#begin(octets, context, now)) return;
    port.reply(
      { apdu: "get-response-normal", ...echo(context), result: { dataAccessResult: "other-reason" } },
      context,
    );
  }

  #answerList(results: GetDataResult[], context: RequestContext, now: number): void {
    const port = this.#port;
    const octets = encode(GetDataResults, results);
    if (listHeader + octets.length <= port.room(context)) {
      port.reply({ apdu: "get-response-with-list", ...echo(context), results }, context);
      return;
    }
    if (this.#begin(octets, context, now)) return;
    const errors = results.map((): GetDataResult => ({ dataAccessResult: "other-reason" }));
    port.reply({ apdu: "get-response-with-list", ...echo(context), results: errors }, context);
  }

  /** Sends the first block, where blocks were negotiated. */
  #begin(octets: Uint8Array, context: RequestContext, now: number): boolean {
    if (!this.#port.has("block-transfer-with-get-or-read")) return false;
    this.#long = {
      invokeId: context.invokeId,
      blocks: new OutgoingBlocks(octets),
      sealing: context.sealing,
      deadline: 0,
    };
    this.#sendBlock(this.#long, context, now);
    return true;
  }

  #sendBlock(long: LongGet, context: RequestContext, now: number): void {
    const most = contentIn(this.#port.room(context) - blockHeader);
    if (most < 1) {
      this.#long = undefined;
      throw refusal("pdu-too-long", "the client takes no APDU that a block fits in");
    }
    const { blockNumber, lastBlock, rawData } = long.blocks.next(most);
    long.deadline = now + this.#port.transferTimeout;
    if (lastBlock) this.#long = undefined;
    this.#reply({ lastBlock, blockNumber, result: { rawData } }, context);
  }

  #next(blockNumber: number, context: RequestContext, now: number): void {
    const long = this.#long;
    if (long === undefined || long.invokeId !== context.invokeId) {
      this.#fail(blockNumber, "no-long-get-in-progress", context);
      return;
    }
    // The client names the block that it received last.
    if (long.blocks.number !== blockNumber) {
      this.#long = undefined;
      this.#fail(blockNumber, "data-block-number-invalid", context);
      return;
    }
    this.#sendBlock(long, { ...context, sealing: strengthened(context.sealing, least(long.sealing)) }, now);
  }

  #fail(blockNumber: number, dataAccessResult: DataAccessResultName, context: RequestContext): void {
    this.#reply({ lastBlock: true, blockNumber, result: { dataAccessResult } }, context);
  }

  #reply(block: DataBlockG, context: RequestContext): void {
    this.#port.reply({ apdu: "get-response-with-datablock", ...echo(context), block }, context);
  }
}
