import { decodeApdu, type GeneralBlockTransfer } from "@dlmskit/apdu";
import { Fault, sameOctets } from "@dlmskit/core";
import { refusal } from "../../refusals.ts";
import type { Source } from "../source.ts";
import { GeneralExchange, isAbort } from "./exchange.ts";
import type { GeneralBlocksUsed } from "./options.ts";
import { UnconfirmedAssembly } from "./unconfirmed.ts";

export interface ServerBlocksPort extends Pick<GeneralBlocksUsed, "window" | "streaming"> {
  /** Octets of the longest APDU that the client takes. */
  readonly most: number;
  /** Octets of the longest request that is put together. */
  readonly cap: number;
  /** How long an exchange may stand still, ms; what was sent is kept as long. */
  readonly transferTimeout: number;
  transmit(apdu: Uint8Array): void;
  /** Something fits nothing, or came to its end too soon: the client is not told. */
  refused(fault: Fault): void;
}

/** A request that came in general block transfer. */
export interface GeneralRequest {
  readonly octets: Uint8Array;
  /** Whether its answer goes in general block transfer, too. */
  readonly confirmed: boolean;
}

/** The exchange of a client with the server, and what it sends unconfirmed. One at a time: the next one ends it. */
export class ServerBlocks {
  readonly #port: ServerBlocksPort;
  readonly #unconfirmed: UnconfirmedAssembly;
  #exchange: GeneralExchange | undefined;
  /** The first block of the request, and the number of its last; absent while it is not whole. */
  #first: Uint8Array | undefined;
  #requestEnd: number | undefined;
  /** The request is being served. */
  #busy = false;
  #deadline = 0;

  constructor(port: ServerBlocksPort) {
    this.#port = port;
    this.#unconfirmed = new UnconfirmedAssembly(port.cap);
  }

  get deadline(): number | undefined {
    return this.#exchange === undefined ? undefined : this.#deadline;
  }

  /** Whether an answer waits for a stream. */
  get suspended(): boolean {
    return this.#exchange?.suspended === true;
  }

  /** Whether blocks of an answer were not sent yet. */
  get sending(): boolean {
    return this.#exchange?.unfinished === true;
  }

  /** An APDU of general block transfer; the request, once it is whole. Faults of decoding, `pdu-too-long`. */
  receive(pdu: Uint8Array, now: number): GeneralRequest | undefined {
    const apdu = decodeApdu(pdu) as GeneralBlockTransfer;
    if (this.#unconfirmed.owns(apdu)) {
      const octets = this.#unconfirmed.receive(apdu, now);
      return octets === undefined ? undefined : { octets, confirmed: false };
    }
    if (isAbort(apdu)) {
      this.end();
      return undefined;
    }
    if (this.#begins(apdu)) {
      this.end();
      this.#exchange = this.#newExchange();
      this.#first = apdu.blockData.slice();
    }
    if (this.#exchange === undefined) {
      this.#port.refused(
        new Fault("stray-block", `block ${apdu.blockNumber} belongs to no transfer`, { layer: "association" }),
      );
      return undefined;
    }
    const came = this.#exchange.receive(apdu, this.#busy);
    if (came.type !== "dropped") this.#deadline = now + this.#port.transferTimeout;
    switch (came.type) {
      case "message":
        this.#requestEnd = this.#exchange.gapless;
        this.#busy = true;
        return { octets: came.octets, confirmed: true };
      case "dropped":
        this.#port.refused(came.fault);
        return undefined;
      case "cap":
        this.end();
        throw refusal("pdu-too-long", `a request in general block transfer has more than ${this.#port.cap} octets`);
      case "aborted":
        this.end();
        return undefined;
      case "taken":
        return undefined;
    }
  }

  /** Answers. A request that came plain has no exchange yet. Fault `pdu-too-long`. */
  send(message: Uint8Array | Source, now: number): void {
    this.#busy = false;
    if (this.#requestEnd === undefined) {
      this.end();
      this.#exchange = this.#newExchange();
    }
    this.#deadline = now + this.#port.transferTimeout;
    this.#exchange?.send(message);
  }

  resume(now: number): void {
    if (!this.suspended) return;
    this.#exchange?.resume();
    if (!this.suspended) this.#deadline = now + this.#port.transferTimeout;
  }

  /** Drops what stood still: the client asks for what it misses, the server does not speak by itself. */
  expire(now: number): void {
    const exchange = this.#exchange;
    if (exchange === undefined || now < this.#deadline) return;
    if (exchange.suspended) {
      this.#port.refused(
        new Fault("stream-timeout", `a streamed value gave no data for ${this.#port.transferTimeout} ms`, {
          layer: "association",
        }),
      );
      this.#deadline = now + this.#port.transferTimeout;
      exchange.late();
      return;
    }
    this.end();
  }

  /** A new request in plain, an exception, the end of the association: nothing of it is wanted any more. */
  end(): void {
    this.#exchange?.close();
    this.#exchange = undefined;
    this.#first = undefined;
    this.#requestEnd = undefined;
    this.#busy = false;
  }

  /** Whether it is the first block of another request, and not that of the present one again. */
  #begins({ blockNumber, blockNumberAck, blockData }: GeneralBlockTransfer): boolean {
    if (blockNumber !== 1 || blockNumberAck !== 0 || blockData.length === 0) return false;
    const first = this.#first;
    const exchange = this.#exchange;
    if (first === undefined || exchange === undefined) return true;
    // Whoever acknowledged the answer has seen it, and asks again.
    const answered = this.#requestEnd !== undefined && exchange.gapless > this.#requestEnd;
    return answered || !sameOctets(first, blockData);
  }

  #newExchange(): GeneralExchange {
    const { window, streaming, most, cap, transmit } = this.#port;
    return new GeneralExchange({ window, streaming, most, cap, transmit });
  }
}
