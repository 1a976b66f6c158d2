import {
  type ApduLike,
  ApduTag,
  Data,
  type DataAccessResultName,
  type DataBlockSA,
  type DataLike,
  encodeApdu,
  encodeData,
  type SetRequest,
  type SetResponse,
} from "@dlmskit/apdu";
import { decode, Fault } from "@dlmskit/core";
import { lengthOctets } from "../lengths.ts";
import { refusal } from "../refusals.ts";
import { OutgoingRequest } from "../transfer/client.ts";
import { echo, type RequestContext } from "../transfer/port.ts";
import type { Taken } from "../transfer/request.ts";
import type { AttributeReference } from "./items.ts";
import { attributeReference, attributeWithSelection } from "./references.ts";
import { DataList, dataList, encoded } from "./results.ts";
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
import { RequestsInBlocks } from "./transferring.ts";

export interface AttributeValue {
  readonly attribute: AttributeReference;
  readonly value: DataLike;
}

export type SetResult = DataAccessResultName;

type Block = Extract<SetRequest, { block: unknown }>["apdu"];
const inBlocks: readonly string[] = [
  "set-request-with-first-datablock",
  "set-request-with-list-and-first-datablock",
  "set-request-with-datablock",
] satisfies Block[];

/** SET writes attributes by logical name, one or a list. Nothing is written before all values are received. Green Book 9.3.7. */
export const set = service({
  name: "set",
  does: "write",
  requestTag: ApduTag["set-request"],
  responseTag: ApduTag["set-response"],
  conformance: ["set", "multiple-references", "selective-access", "block-transfer-with-set-or-write"],
  besides: ["attribute0-supported-with-set"],
  needs(request: SetRequest) {
    const attributes = "attributes" in request ? request.attributes : "attribute" in request ? [request] : [];
    return [
      "set",
      ...("attributes" in request ? (["multiple-references"] as const) : []),
      ...(attributes.some(({ access }) => access !== undefined) ? (["selective-access"] as const) : []),
      ...(attributes.some(({ attribute }) => attribute.attributeId === 0)
        ? (["attribute0-supported-with-set"] as const)
        : []),
      ...(inBlocks.includes(request.apdu) ? (["block-transfer-with-set-or-write"] as const) : []),
    ];
  },
  isUnconfirmed: isUnconfirmedInvoke,
  // tag, choice, invoke-id, result or results
  leastAnswer: ({ length }) => 3 + (length === 1 ? 1 : lengthOctets(length) + length),
  refused: (result): SetResult => result,
  granted: (result: SetResult) => result === "success",
  client: (items: readonly AttributeValue[], port): Exchange<SetResponse, SetResult> => new SetExchange(items, port),
  server: (port: ServerPort<AttributeValue, SetResult>): ServiceServer<SetRequest> => new SetServer(port),
});

interface Long {
  readonly attributes: readonly AttributeReference[];
  readonly list: boolean;
}

class SetServer extends RequestsInBlocks<SetRequest, AttributeValue, SetResult, Long> {
  receive(apdu: SetRequest, context: RequestContext, now: number): void {
    if ("attributes" in apdu) needItems(apdu.attributes);
    switch (apdu.apdu) {
      case "set-request-normal":
        this.request.abort();
        this.#deliver([attributeReference(apdu)], [apdu.value], context, (results) => ({
          apdu: "set-response-normal",
          ...echo(context),
          result: results[0] as SetResult,
        }));
        return;
      case "set-request-with-list":
        this.request.abort();
        this.#deliver(apdu.attributes.map(attributeReference), apdu.values, context, (results) => ({
          apdu: "set-response-with-list",
          ...echo(context),
          results,
        }));
        return;
      case "set-request-with-first-datablock":
        this.#first({ attributes: [attributeReference(apdu)], list: false }, apdu.block, context, now);
        return;
      case "set-request-with-list-and-first-datablock":
        this.#first({ attributes: apdu.attributes.map(attributeReference), list: true }, apdu.block, context, now);
        return;
      case "set-request-with-datablock":
        needAnswers(context);
        this.#taken(this.request.next(apdu.block, context, now), apdu.block, context);
        return;
    }
  }

  #deliver(
    attributes: readonly AttributeReference[],
    values: readonly Data[],
    context: RequestContext,
    response: (results: readonly SetResult[]) => ApduLike,
  ): void {
    const items = attributes.map((attribute, at) => ({ attribute, value: values[at] as Data }));
    this.port.deliver(items, context, (results) => this.port.transfer.reply(encodeApdu(response(results)), context));
  }

  #first(what: Long, block: DataBlockSA, context: RequestContext, now: number): void {
    needAnswers(context);
    const { length } = what.attributes;
    // Tag, choice, invoke-id, results, block-number: the transfer starts only if the final response fits.
    const answer = 3 + (what.list ? lengthOctets(length) : 0) + length + 4;
    if (answer > this.port.transfer.reach(context)) {
      throw refusal("pdu-too-long", `the client's PDU size is too small for the results of ${length} attributes`);
    }
    this.#taken(this.request.first(what, block, context, now), block, context);
  }

  #taken(taken: Taken<Long>, { blockNumber }: DataBlockSA, context: RequestContext): void {
    const port = this.port.transfer;
    switch (taken.state) {
      case "more":
        port.reply(encodeApdu({ apdu: "set-response-datablock", ...echo(context), blockNumber }), context);
        return;
      case "whole": {
        const { list, attributes } = taken.what;
        const values = this.#values(taken.octets, taken.what);
        if (values === undefined) {
          this.#fail("other-reason", blockNumber, context);
          return;
        }
        this.#deliver(attributes, values, { ...context, seen: taken.seen }, (results) =>
          list
            ? { apdu: "set-response-last-datablock-with-list", ...echo(context), results, blockNumber }
            : { apdu: "set-response-last-datablock", ...echo(context), result: results[0] as SetResult, blockNumber },
        );
        return;
      }
      case "none":
        this.#fail("no-long-set-in-progress", blockNumber, context);
        return;
      case "number":
        this.#fail("data-block-number-invalid", blockNumber, context);
        return;
      case "aborted":
      case "cap":
        this.#fail("long-set-aborted", blockNumber, context);
    }
  }

  /**
   * The values in the received blocks; undefined if the blocks cannot be decoded or if the number of values is not that of the
   * attributes.
   */
  #values(octets: Uint8Array, { list, attributes }: Long): readonly Data[] | undefined {
    try {
      const values = list ? decode(DataList, octets, { layer: "axdr" }) : [decode(Data, octets, { layer: "axdr" })];
      return values.length === attributes.length ? values : undefined;
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.port.transfer.refused(caught);
      return undefined;
    }
  }

  #fail(result: DataAccessResultName, blockNumber: number, context: RequestContext): void {
    this.port.transfer.reply(
      encodeApdu({ apdu: "set-response-last-datablock", ...echo(context), result, blockNumber }),
      context,
    );
  }
}

class SetExchange implements Exchange<SetResponse, SetResult> {
  readonly #port: ClientPort;
  readonly #items: readonly AttributeValue[];
  readonly #request: OutgoingRequest;

  constructor(items: readonly AttributeValue[], port: ClientPort) {
    this.#items = items;
    this.#port = port;
    this.#request = new OutgoingRequest(port, "block-transfer-with-set-or-write");
  }

  first(): ApduLike {
    const { invoke, has } = this.#port;
    const attributes = this.#items.map(({ attribute }) => attributeWithSelection(attribute));
    const values = this.#items.map(({ value }) => encoded(value));
    const [only] = attributes;
    const [value] = values;
    if (only === undefined || value === undefined || attributes.length > 1) {
      const whole: ApduLike = { apdu: "set-request-with-list", ...invoke, attributes, values };
      needNegotiated(set.needs(whole as SetRequest), has);
      return this.#request.first(
        whole,
        () => dataList(values),
        (block) => ({ apdu: "set-request-with-list-and-first-datablock", ...invoke, attributes, block }),
      );
    }
    const whole: ApduLike = { apdu: "set-request-normal", ...invoke, ...only, value };
    needNegotiated(set.needs(whole as SetRequest), has);
    return this.#request.first(
      whole,
      () => encodeData(value),
      (block) => ({ apdu: "set-request-with-first-datablock", ...invoke, ...only, block }),
    );
  }

  receive(apdu: SetResponse): Step<SetResult> {
    const request = this.#request;
    switch (apdu.apdu) {
      case "set-response-normal":
        if (this.#items.length !== 1 || request.long) throw unexpected("an unexpected single result");
        return doneWith([apdu.result], this.#items);
      case "set-response-with-list":
        if (this.#items.length === 1 || request.long) throw unexpected("an unexpected list of results");
        return doneWith(apdu.results, this.#items);
      case "set-response-datablock":
        if (!request.unfinished || apdu.blockNumber !== request.number) {
          throw unexpected(`an unexpected acknowledgement of block ${apdu.blockNumber}`);
        }
        return {
          send: request.next((block) => ({ apdu: "set-request-with-datablock", ...this.#port.invoke, block })),
        };
      case "set-response-last-datablock": {
        // An interrupted transfer has one result for all attributes; a success is valid only if the transfer was complete.
        const whole = !request.unfinished && this.#items.length === 1;
        if (!request.long || (apdu.result === "success" && !whole)) {
          throw unexpected("an unexpected result of a block transfer");
        }
        return { done: this.#items.map(() => apdu.result) };
      }
      case "set-response-last-datablock-with-list":
        if (!request.long || request.unfinished) throw unexpected("unexpected results of a block transfer");
        return doneWith(apdu.results, this.#items);
    }
  }
}
