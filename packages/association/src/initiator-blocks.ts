import { ApduTag } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import type { InitiatorOptions } from "./initiator-options.ts";
import type { Negotiated } from "./offer.ts";
import { ClientBlocks } from "./transfer/general/client.ts";
import { generalBlocks } from "./transfer/general/options.ts";
import { unconfirmedBlocks } from "./transfer/general/unconfirmed.ts";

/** The methods of the Initiator that general block transfer uses. */
export interface InitiatorBlocksPort {
  transmit(pdu: Uint8Array): void;
  /** A part of the answer was received. */
  goesOn(now: number): void;
  /** The answer cannot be received any more. */
  spoilt(fault: Fault, now: number): void;
  dropped(fault: Fault): void;
}

export const defaultMaxApdu = 0x400000;
const defaultRetries = 3;

/** General block transfer at the client's end of an association; undefined if it was not negotiated. */
export function initiatorBlocks(
  options: InitiatorOptions,
  { conformance, serverMaxReceivePduSize }: Negotiated,
  port: InitiatorBlocksPort,
): InitiatorBlocks | undefined {
  if (!conformance.includes("general-block-transfer")) return undefined;
  const { preferred, ...how } = generalBlocks(options.generalBlocks);
  const most = serverMaxReceivePduSize === 0 ? 0xffff : serverMaxReceivePduSize;
  const blocks = new ClientBlocks({
    ...how,
    most,
    cap: options.limits?.maxApdu ?? defaultMaxApdu,
    retries: options.generalBlocks?.retries ?? defaultRetries,
    transmit: (pdu) => port.transmit(pdu),
  });
  return new InitiatorBlocks(blocks, port, most, preferred);
}

export class InitiatorBlocks {
  readonly #blocks: ClientBlocks;
  readonly #port: InitiatorBlocksPort;
  readonly #most: number;
  /** Whether general block transfer replaces the blocks of the services. */
  readonly use: "possible" | "preferred";

  constructor(blocks: ClientBlocks, port: InitiatorBlocksPort, most: number, preferred: boolean) {
    this.#blocks = blocks;
    this.#port = port;
    this.#most = most;
    this.use = preferred ? "preferred" : "possible";
  }

  /** Sends a request. A request that the server does not confirm is sent at once with all its blocks. Fault `pdu-too-long`. */
  send(request: Uint8Array, confirmed: boolean): void {
    if (confirmed) this.#blocks.send(request);
    else for (const block of unconfirmedBlocks(request, this.#most)) this.#port.transmit(block);
  }

  /** Nothing was received in time. Returns true if the missing blocks were requested again. */
  repeat(): boolean {
    return this.#blocks.repeat();
  }

  /** Ends the current request. */
  end(): void {
    this.#blocks.end();
  }

  /**
   * Receives an APDU of general block transfer; returns the inner APDU when it is complete. `waiting`: a response is expected. Faults
   * of decoding.
   */
  receive(pdu: Uint8Array, waiting: boolean, now: number): Uint8Array | undefined {
    const came = this.#blocks.receive(pdu, waiting, now);
    switch (came.type) {
      case "whole":
        return came.octets;
      case "taken":
        this.#port.goesOn(now);
        break;
      case "dropped":
        this.#port.dropped(came.fault ?? failed("unexpected-apdu", "an unexpected block"));
        break;
      case "aborted":
        this.#port.spoilt(failed("transfer-aborted", "the server aborted the general block transfer"), now);
        break;
      case "cap":
        this.#port.spoilt(
          failed("response-too-long", "the blocks of the response have more octets than limits.maxApdu", {
            hint: "raise limits.maxApdu, or request less",
          }),
          now,
        );
    }
    return undefined;
  }
}

function failed(
  code: "unexpected-apdu" | "transfer-aborted" | "response-too-long",
  message: string,
  more: { readonly hint?: string } = {},
): Fault {
  return new Fault(code, message, { layer: "association", ...more });
}

/** Whether the APDU belongs to general block transfer. */
export function isGeneralBlock([tag]: Uint8Array): boolean {
  return tag === ApduTag["general-block-transfer"];
}
