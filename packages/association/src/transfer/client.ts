import { type ApduLike, type ConformanceName, encodeApdu } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { contentIn } from "../lengths.ts";
import { type Block, IncomingBlocks, OutgoingBlocks } from "./blocks.ts";

/** The parts of the association that a transfer at the client's end uses. */
export interface ClientTransferPort {
  readonly maxApdu: number;
  readonly firstBlock: number;
  readonly room: number;
  /** Whether general block transfer can send longer APDUs, and whether it replaces the blocks of the service. */
  readonly general: "no" | "possible" | "preferred";
  readonly invoke: { readonly serviceClass: string };
  has(name: ConformanceName): boolean;
}

/**
 * Returns the APDU; Fault `pdu-too-long` if the server does not accept its length and it cannot be sent in blocks. An APDU of a known
 * `length` is not encoded to measure it.
 */
export function mustFit(port: ClientTransferPort, apdu: ApduLike, length?: number): ApduLike {
  if (port.general !== "no" || (length ?? encodeApdu(apdu).length) <= port.room) return apdu;
  throw new Fault("pdu-too-long", `the server accepts at most ${port.room} octets`, {
    layer: "association",
    hint: "ask for fewer items at a time",
  });
}

function fits(port: ClientTransferPort, apdu: ApduLike): boolean {
  return encodeApdu(apdu).length <= port.room;
}

/** A request to the server, sent complete if it fits, else in blocks. */
export class OutgoingRequest {
  readonly #port: ClientTransferPort;
  readonly #inBlocks: ConformanceName;
  #blocks: OutgoingBlocks | undefined;

  /** `inBlocks`: the conformance bit of the service's blocks. */
  constructor(port: ClientTransferPort, inBlocks: ConformanceName) {
    this.#port = port;
    this.#inBlocks = inBlocks;
  }

  /** Whether it is sent in blocks. */
  get long(): boolean {
    return this.#blocks !== undefined;
  }

  /** Whether it has blocks that were not sent yet. */
  get unfinished(): boolean {
    return this.#blocks?.finished === false;
  }

  /** The number of the block that was sent last. */
  get number(): number | undefined {
    return this.#blocks?.number;
  }

  /** The first APDU: `whole`, or an APDU with the part of `content` that fits. Fault `pdu-too-long`. */
  first(whole: ApduLike, content: () => Uint8Array, apduWith: (block: Block) => ApduLike): ApduLike {
    const port = this.#port;
    const ofService = port.has(this.#inBlocks) && port.invoke.serviceClass === "confirmed";
    if (!ofService || port.general === "preferred") return mustFit(port, whole);
    if (fits(port, whole)) return whole;
    this.#blocks = new OutgoingBlocks(content());
    return this.next(apduWith);
  }

  /** The next block with as many octets as fit. Fault `pdu-too-long` if no octet fits. */
  next(apduWith: (block: Block) => ApduLike): ApduLike {
    const { room } = this.#port;
    const empty = encodeApdu(apduWith({ blockNumber: 0, lastBlock: false, rawData: new Uint8Array(0) })).length - 1;
    const most = contentIn(room - empty);
    if (most < 1) {
      throw new Fault("pdu-too-long", `the server accepts at most ${room} octets, which is too little for a block`, {
        layer: "association",
      });
    }
    return apduWith((this.#blocks as OutgoingBlocks).next(most));
  }
}

/** A response that is received in blocks. */
export class IncomingResponse {
  readonly #port: ClientTransferPort;
  #blocks: IncomingBlocks | undefined;

  constructor(port: ClientTransferPort) {
    this.#port = port;
  }

  /** Whether blocks were received, but not the last one. */
  get unfinished(): boolean {
    return this.#blocks !== undefined;
  }

  /** Accepts a block; returns the complete response after the last block. Faults `block-number`, `empty-block`, `response-too-long`. */
  take(block: Block): Uint8Array | undefined {
    if (block.rawData.length === 0 && !block.lastBlock) {
      throw new Fault("empty-block", `block ${block.blockNumber} is empty, but not the last`, { layer: "association" });
    }
    this.#blocks ??= new IncomingBlocks(this.#port.maxApdu, this.#port.firstBlock);
    const blocks = this.#blocks;
    const taken = blocks.add(block);
    if (taken === "number") {
      const countsFrom0 = block.blockNumber === 0 && this.#port.firstBlock === 1;
      throw new Fault("block-number", `received block ${block.blockNumber} after block ${blocks.number}`, {
        layer: "association",
        ...(countsFrom0 ? { hint: 'the quirk "blocks-from-0" accepts it' } : {}),
      });
    }
    if (taken === "cap") {
      throw new Fault("response-too-long", "the blocks of the response have more octets than limits.maxApdu", {
        layer: "association",
        hint: "raise limits.maxApdu, or request less",
      });
    }
    if (!block.lastBlock) return undefined;
    this.#blocks = undefined;
    return blocks.whole();
  }
}
