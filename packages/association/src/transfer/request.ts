import type { ProtectionSeen } from "../protection/sealing.ts";
import { weaker } from "../protection/sealing.ts";
import { type Block, IncomingBlocks } from "./blocks.ts";
import type { RequestContext, TransferPort } from "./port.ts";

interface Long<T> {
  readonly invokeId: number;
  readonly what: T;
  readonly blocks: IncomingBlocks;
  seen: ProtectionSeen;
  deadline: number;
}

/** The result of a block. */
export type Taken<T> =
  /** The request is whole. */
  | {
      readonly state: "whole";
      readonly what: T;
      readonly octets: Uint8Array;
      readonly seen: ProtectionSeen;
    }
  /** There are blocks to come. */
  | { readonly state: "more" }
  /** Nothing is in progress; or it was and was ended, which is said once. */
  | { readonly state: "none" | "aborted" }
  /** It is not the next one, or all are more octets than are taken: the transfer is over. */
  | { readonly state: "number" | "cap" };

/** A request of one service that comes in blocks; `T` is what its first APDU says beside the first block. */
export class RequestTransfer<T> {
  readonly #port: TransferPort;
  #long: Long<T> | undefined;
  /** The invoke id of the transfer that was dropped while the client was not speaking: its next block is told so. */
  #aborted: number | undefined;

  constructor(port: TransferPort) {
    this.#port = port;
  }

  get deadline(): number | undefined {
    return this.#long?.deadline;
  }

  /** Drops what stood still. */
  expire(now: number): void {
    if (this.#long !== undefined && now >= this.#long.deadline) this.abort();
  }

  /** Ends the transfer: a new request of the service does. */
  abort(): void {
    this.#aborted = this.#long?.invokeId ?? this.#aborted;
    this.#long = undefined;
  }

  /** The first block. */
  first(what: T, block: Block, context: RequestContext, now: number): Taken<T> {
    this.abort();
    if (this.#aborted === context.invokeId) this.#aborted = undefined;
    const blocks = new IncomingBlocks(this.#port.maxApdu);
    this.#long = { invokeId: context.invokeId, what, blocks, seen: context.seen, deadline: 0 };
    return this.#take(this.#long, block, context, now);
  }

  /** Any other block. */
  next(block: Block, context: RequestContext, now: number): Taken<T> {
    const long = this.#long;
    if (long !== undefined && long.invokeId === context.invokeId) return this.#take(long, block, context, now);
    const aborted = this.#aborted === context.invokeId;
    if (aborted) this.#aborted = undefined;
    return { state: aborted ? "aborted" : "none" };
  }

  #take(long: Long<T>, block: Block, context: RequestContext, now: number): Taken<T> {
    const taken = long.blocks.add(block);
    if (taken !== "taken") {
      this.#long = undefined;
      return { state: taken };
    }
    long.seen = weaker(long.seen, context.seen);
    if (!block.lastBlock) {
      long.deadline = now + this.#port.transferTimeout;
      return { state: "more" };
    }
    this.#long = undefined;
    return { state: "whole", what: long.what, octets: long.blocks.whole(), seen: long.seen };
  }
}
