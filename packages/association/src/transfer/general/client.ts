import { decodeApdu, type GeneralBlockTransfer } from "@dlmskit/apdu";
import type { Fault } from "@dlmskit/core";
import { abort, GeneralExchange } from "./exchange.ts";
import type { GeneralBlocksUsed } from "./options.ts";
import { UnconfirmedAssembly } from "./unconfirmed.ts";

export interface ClientBlocksPort extends Pick<GeneralBlocksUsed, "window" | "streaming"> {
  /** Octets of the longest APDU that the server takes. */
  readonly most: number;
  /** Octets of the longest response and notification that are put together. */
  readonly cap: number;
  /** How often what is not answered is sent again before it is given up. */
  readonly retries: number;
  transmit(apdu: Uint8Array): void;
}

/** The result of an APDU, for the client. */
export type Arrived =
  | { readonly type: "whole"; readonly octets: Uint8Array }
  | { readonly type: "taken" | "aborted" | "cap" }
  | { readonly type: "dropped"; readonly fault?: Fault };

/** The exchange of the request that is on its way, and notifications that come in blocks. */
export class ClientBlocks {
  readonly #port: ClientBlocksPort;
  readonly #notified: UnconfirmedAssembly;
  #exchange: GeneralExchange | undefined;
  #tries = 0;

  constructor(port: ClientBlocksPort) {
    this.#port = port;
    this.#notified = new UnconfirmedAssembly(port.cap);
  }

  /** Sends a request. Fault `pdu-too-long`. */
  send(request: Uint8Array): void {
    this.#exchange = this.#newExchange();
    this.#exchange.send(request);
  }

  /** `waiting`: for the response to a request that was sent. */
  receive(pdu: Uint8Array, waiting: boolean, now: number): Arrived {
    const apdu = decodeApdu(pdu) as GeneralBlockTransfer;
    if (this.#notified.owns(apdu)) {
      const octets = this.#notified.receive(apdu, now);
      return octets === undefined ? { type: "taken" } : { type: "whole", octets };
    }
    if (!waiting) return { type: "dropped" };
    this.#exchange ??= this.#newExchange();
    const came = this.#exchange.receive(apdu, false);
    if (came.type === "dropped") return came;
    this.#tries = 0;
    if (came.type === "taken") return came;
    if (came.type === "cap") this.#port.transmit(abort);
    this.end();
    return came.type === "message" ? { type: "whole", octets: came.octets } : { type: came.type };
  }

  /** Nothing came in time. True: what is missing was asked for again; false: nothing can be, or it was often enough. */
  repeat(): boolean {
    if (this.#exchange === undefined) return false;
    if (this.#tries >= this.#port.retries) {
      this.#port.transmit(abort);
      this.end();
      return false;
    }
    this.#tries++;
    this.#exchange.repeat();
    return true;
  }

  /** The request is over. */
  end(): void {
    this.#exchange?.close();
    this.#exchange = undefined;
    this.#tries = 0;
  }

  #newExchange(): GeneralExchange {
    this.end();
    const { window, streaming, most, cap, transmit } = this.#port;
    return new GeneralExchange({ window, streaming, most, cap, transmit });
  }
}
