import { encodeApdu, type GeneralBlockTransfer } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { contentIn } from "../../lengths.ts";
import { refusal } from "../../refusals.ts";
import { Source } from "../source.ts";
import { ReceivedBlocks } from "./received.ts";
import { SentBlocks } from "./sent.ts";

export interface ExchangeOptions {
  /** Blocks that this end takes at once, 1 to 63. */
  readonly window: number;
  /** Whether this end sends several blocks at once, as many as the peer takes. */
  readonly streaming: boolean;
  /** Octets of the longest APDU that the peer takes. */
  readonly most: number;
  /** Octets of the longest message that this end takes. */
  readonly cap: number;
  transmit(apdu: Uint8Array): void;
}

/** The result of an APDU. */
export type Came =
  /** The message of the peer, whole. */
  | { readonly type: "message"; readonly octets: Uint8Array }
  /** It was of use; there is more to come. */
  | { readonly type: "taken" }
  /** It fits nothing: the state is as it was before. */
  | { readonly type: "dropped"; readonly fault: Fault }
  /** The message is longer than is taken. */
  | { readonly type: "cap" }
  | { readonly type: "aborted" };

const nothing = new Uint8Array(0);
const lastNumber = 0xffff;
/** What this end keeps at most of blocks that are not acknowledged, octets. */
const mostInFlight = 0x40000;
// tag, block-control, block-number, block-number-ack
const header = 1 + 1 + 2 + 2;

/** The APDU that ends an exchange, from either end. Green Book 9.4.6.13. */
export const abort: Uint8Array = encodeApdu({
  apdu: "general-block-transfer",
  ...{ lastBlock: true, streaming: false, window: 0, blockNumber: 0, blockNumberAck: 0, blockData: nothing },
});

export function isAbort({
  blockNumber,
  blockNumberAck,
  lastBlock,
  streaming,
  blockData,
}: GeneralBlockTransfer): boolean {
  return blockNumber === 0 && blockNumberAck === 0 && lastBlock && !streaming && blockData.length === 0;
}

/** Octets of data in a block of an APDU of `most` octets. */
export function blockSize(most: number): number {
  return contentIn(most - header);
}

/**
 * One exchange in general block transfer, confirmed, at either end: a message each way, each in blocks with numbers of its own. It
 * knows nothing of what the messages are. Green Book 9.3.5 and 9.4.6.13.
 */
export class GeneralExchange {
  readonly #options: ExchangeOptions;
  readonly #received: ReceivedBlocks;
  #sending: SentBlocks | undefined;
  /** The highest own number that the peer has acknowledged, and the highest that was sent. */
  #acknowledged = 0;
  #sent = 0;
  /** The number of the first block with data of the message that is sent: what is below was empty. */
  #firstData = 1;
  /** How many blocks the peer takes at once; one until it has told. */
  #peerWindow = 1;
  /** Up to this number the peer was allowed to send, and up to this one it is asked block by block. */
  #granted = 0;
  #repairTo = 0;
  /** A stream gave way: the next block, and how many are left of this window. */
  #waits: { readonly number: number; readonly count: number } | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#received = new ReceivedBlocks(options.window, options.cap);
  }

  /** Whether a stream has to give more before anything can be sent. */
  get suspended(): boolean {
    return this.#waits !== undefined;
  }

  /** Whether blocks of the message were never sent. */
  get unfinished(): boolean {
    return this.#sending?.has(this.#sent + 1) === true;
  }

  /** Up to this number of the peer nothing is missing. */
  get gapless(): number {
    return this.#received.gapless;
  }

  /** Sends a message. Fault `pdu-too-long` when it has more blocks than there are numbers, or no block fits. */
  send(message: Uint8Array | Source): void {
    const size = blockSize(this.#options.most);
    // An acknowledgement that may be lost has its number for itself.
    const first = Math.max(this.#acknowledged, this.#sent) + 1;
    if (size < 1) throw refusal("pdu-too-long", "the other end's PDU size is too small for a block");
    if (message instanceof Uint8Array && Math.ceil(message.length / size) > lastNumber - first + 1) {
      throw refusal("pdu-too-long", `${message.length} octets are more than ${lastNumber} blocks of ${size}`);
    }
    this.#sending?.close();
    const source = message instanceof Uint8Array ? new Source([message], () => undefined) : message;
    this.#sending = new SentBlocks(source, first, size);
    this.#firstData = first;
    this.#pump(first);
  }

  /** An APDU of the peer. `busy`: its request is being served, so that there will be something to send. */
  receive(apdu: GeneralBlockTransfer, busy: boolean): Came {
    if (isAbort(apdu)) {
      this.close();
      return { type: "aborted" };
    }
    const { blockNumber, blockNumberAck, blockData, lastBlock, streaming, window } = apdu;
    const why = this.#unfit(apdu);
    if (why !== undefined) {
      return { type: "dropped", fault: new Fault("stray-block", why, { layer: "association" }) };
    }
    const kept = this.#received.add(blockNumber, blockData, lastBlock);
    if (kept === "cap") return { type: "cap" };
    this.#peerWindow = window;
    this.#acknowledge(blockNumberAck);
    if (this.#received.complete) return { type: "message", octets: this.#received.take() };
    if (streaming) return { type: "taken" };
    if (this.#unsent) this.#pump();
    else if (blockData.length > 0 || busy) this.#answer();
    return { type: "taken" };
  }

  /** Nothing came in time: what is not acknowledged is sent again, or what is missing asked for again. */
  repeat(): void {
    if (this.#unsent) {
      this.#pump();
      return;
    }
    if (this.#granted > this.#received.gapless) this.#repairTo = this.#granted;
    this.#answer();
  }

  /** Goes on with a message whose stream gave way. */
  resume(): void {
    const waits = this.#waits;
    if (waits !== undefined) this.#pump(waits.number, waits.count);
  }

  /** Ends the stream that does not come. */
  late(): void {
    if (this.#sending?.fail() === true) this.resume();
    else this.#abort();
  }

  close(): void {
    this.#waits = undefined;
    this.#sending?.close();
    this.#sending = undefined;
  }

  /** Whether this end has blocks that the peer has not acknowledged. */
  get #unsent(): boolean {
    return this.#sending?.has(this.#acknowledged + 1) === true;
  }

  #unfit({ blockNumber, blockNumberAck }: GeneralBlockTransfer): string | undefined {
    const { gapless } = this.#received;
    if (blockNumber === 0) return "received a block with the number 0";
    if (blockNumber > gapless + this.#options.window)
      return `received block ${blockNumber}, which is outside the window after block ${gapless}`;
    if (blockNumberAck > this.#sent)
      return `received an acknowledgement of block ${blockNumberAck}, which was not sent`;
    if (blockNumberAck < this.#acknowledged) {
      return `received an acknowledgement of block ${blockNumberAck} after one of block ${this.#acknowledged}`;
    }
    return undefined;
  }

  #acknowledge(number: number): void {
    this.#acknowledged = number;
    this.#sending?.acknowledged(number);
    if (this.#sending?.has(number + 1) !== true) {
      this.#sending?.close();
      this.#sending = undefined;
    }
  }

  /** Sends a window of blocks, from the first that is not acknowledged on. */
  #pump(from = this.#acknowledged + 1, count = this.#mayBeSent): void {
    this.#waits = undefined;
    if (from < this.#firstData) {
      this.#answer();
      return;
    }
    for (let left = count, number = from; left > 0; left--, number++) {
      if (number > lastNumber) {
        this.#abort();
        return;
      }
      const block = this.#sending?.at(number);
      if (block === undefined) return;
      if (block === "later") {
        this.#waits = { number, count: left };
        return;
      }
      if (block === "broken") {
        this.#abort();
        return;
      }
      this.#transmit(number, block.data, block.last, !block.last && left > 1, this.#options.window);
      this.#granted = Math.max(this.#granted, this.#received.gapless + this.#options.window);
    }
  }

  get #mayBeSent(): number {
    const { streaming, most } = this.#options;
    return Math.min(this.#peerWindow, streaming ? Math.max(1, Math.floor(mostInFlight / most)) : 1);
  }

  /** An empty block: what is here, and how much of what is missing may come. */
  #answer(): void {
    const { window } = this.#options;
    const { gapless, firstGap } = this.#received;
    let asked = window;
    if (firstGap > 0) asked = Math.min(firstGap, window);
    else if (gapless < this.#repairTo) asked = 1;
    else this.#granted = gapless + window;
    // It has nothing to send, which the last-block bit says of an empty block.
    this.#transmit(this.#acknowledged + 1, nothing, true, false, asked);
  }

  #transmit(blockNumber: number, blockData: Uint8Array, lastBlock: boolean, streaming: boolean, window: number): void {
    this.#sent = Math.max(this.#sent, blockNumber);
    const blockNumberAck = this.#received.gapless;
    const fields = { lastBlock, streaming, window, blockNumber, blockNumberAck, blockData };
    this.#options.transmit(encodeApdu({ apdu: "general-block-transfer", ...fields }));
  }

  #abort(): void {
    this.close();
    this.#options.transmit(abort);
  }
}
