import { encodeApdu, type GeneralBlockTransfer } from "@dlmskit/apdu";
import { concat } from "@dlmskit/core";
import { refusal } from "../../refusals.ts";
import { blockSize } from "./exchange.ts";

/** Without a block for so long, ms, the rest does not come. */
const silence = 5000;

/**
 * The APDUs of general block transfer that carry an APDU which nobody confirms: a notification, a request of service class 0. None of
 * them is longer than `most` octets. They are sent in their order, and nothing is answered. Fault `pdu-too-long` when it takes more
 * than 65535 blocks. IEC 62056-5-3.
 */
export function unconfirmedBlocks(apdu: Uint8Array, most: number): readonly Uint8Array[] {
  const size = blockSize(most);
  const count = Math.ceil(apdu.length / size);
  if (size < 1 || count > 0xffff) {
    throw refusal("pdu-too-long", `${apdu.length} octets do not fit into 65535 blocks of ${Math.max(0, size)}`);
  }
  return Array.from({ length: count }, (_, at) => {
    const lastBlock = at === count - 1;
    const blockData = apdu.subarray(at * size, (at + 1) * size);
    const fields = { lastBlock, streaming: !lastBlock, window: 0, blockNumber: at + 1, blockNumberAck: 0, blockData };
    return encodeApdu({ apdu: "general-block-transfer", ...fields });
  });
}

/** Puts an APDU together that comes in blocks which nobody confirms. A gap drops it, a first block begins another, silence ends it. */
export class UnconfirmedAssembly {
  readonly #cap: number;
  #parts: Uint8Array[] = [];
  #length = 0;
  /** The number of the next block; 1: nothing is here. */
  #next = 1;
  #last = 0;

  /** `cap`: octets of the longest APDU that is taken. */
  constructor(cap: number) {
    this.#cap = cap;
  }

  /** Whether the block is one of an unconfirmed APDU. */
  owns({ window, blockNumberAck, blockNumber, streaming }: GeneralBlockTransfer): boolean {
    if (window !== 0 || blockNumberAck !== 0) return false;
    // The last of them does not stream; only what came before tells it from a block that wants an answer.
    return streaming || (this.#next > 1 && blockNumber === this.#next);
  }

  /** One of its blocks; the APDU, once the last is here. */
  receive({ blockNumber, blockData, lastBlock }: GeneralBlockTransfer, now: number): Uint8Array | undefined {
    if (blockNumber === 1 || blockNumber !== this.#next || now - this.#last > silence) this.#drop();
    if (blockNumber !== this.#next) return undefined;
    this.#length += Math.max(1, blockData.length);
    if (this.#length > this.#cap) {
      this.#drop();
      return undefined;
    }
    this.#next++;
    this.#last = now;
    this.#parts.push(blockData.slice());
    if (!lastBlock || blockData.length === 0) return undefined;
    const whole = concat(...this.#parts);
    this.#drop();
    return whole;
  }

  #drop(): void {
    this.#parts = [];
    this.#length = 0;
    this.#next = 1;
  }
}
