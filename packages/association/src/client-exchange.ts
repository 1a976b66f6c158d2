import { type ApduLike, type ConformanceName, encodeApdu, type Invoke } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { type Block, contentIn, type IncomingBlocks, type OutgoingBlocks } from "./blocks.ts";
import type { ServiceResults } from "./services.ts";

/** What one request of the client needs of its association. */
export interface ExchangePort {
  readonly invoke: Invoke;
  /** The most octets that are put together from blocks. */
  readonly maxApdu: number;
  /** The number of the first block of a response: 1, but for the quirk `blocks-from-0`. */
  readonly firstBlock: number;
  /** Octets of the largest plain APDU that the server takes. */
  readonly room: number;
  has(name: ConformanceName): boolean;
}

/** After a response: the next APDU to send, or the results. */
export type Step = { readonly send: ApduLike } | { readonly done: ServiceResults };

/** One request at the client's end, from its first APDU to its results. */
export interface Exchange {
  /** The first APDU. Faults `pdu-too-long`, `service-not-supported` (the form was not negotiated). */
  first(): ApduLike;
  /** A response of the same service with the right invoke id. Throws a Fault when it makes no sense here: the request has failed. */
  receive(apdu: { readonly apdu: string }): Step;
}

export function needNegotiated(port: ExchangePort, name: ConformanceName, hint?: string): void {
  if (!port.has(name)) {
    throw new Fault("service-not-supported", `${name} was not negotiated`, {
      layer: "association",
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

/** Fault `unexpected-response`: the server answered in a form that does not fit the request. */
export function unexpected(message: string): Fault {
  return new Fault("unexpected-response", message, { layer: "association" });
}

/** The APDU, when the server takes one as long as that. */
export function fitting(port: ExchangePort, apdu: ApduLike): ApduLike | undefined {
  return encodeApdu(apdu).length <= port.room ? apdu : undefined;
}

/** The APDU; Fault `pdu-too-long` when the server does not take it and nothing can be cut off it. */
export function mustFit(port: ExchangePort, apdu: ApduLike): ApduLike {
  if (fitting(port, apdu) !== undefined) return apdu;
  throw new Fault("pdu-too-long", `the server takes ${port.room} octets`, {
    layer: "association",
    hint: "ask for fewer items at a time",
  });
}

/** The next block, as much of it as fits beside the rest of its APDU. Fault `pdu-too-long` when nothing does. */
export function nextBlock(port: ExchangePort, blocks: OutgoingBlocks, apduWith: (block: Block) => ApduLike): ApduLike {
  const empty = encodeApdu(apduWith({ blockNumber: 0, lastBlock: false, rawData: new Uint8Array(0) })).length - 1;
  const most = contentIn(port.room - empty);
  if (most < 1) {
    throw new Fault("pdu-too-long", `the server takes ${port.room} octets, a block does not fit`, {
      layer: "association",
    });
  }
  return apduWith(blocks.next(most));
}

/** Takes a block of a response. Faults `block-number`, `response-too-long`. */
export function takeBlock(blocks: IncomingBlocks, block: Block): void {
  const taken = blocks.add(block);
  if (taken === "number") {
    throw new Fault("block-number", `block ${block.blockNumber} after block ${blocks.number}`, {
      layer: "association",
    });
  }
  if (taken === "cap") {
    throw new Fault("response-too-long", "the blocks of the response are more octets than are taken", {
      layer: "association",
      hint: "raise limits.maxApdu, or ask for less",
    });
  }
}

export type { Block };
