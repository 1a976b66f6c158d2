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

/** The result of a received block. */
export type Taken<T> =
  /** The request is complete. */
  | {
      readonly state: "whole";
      readonly what: T;
      readonly octets: Uint8Array;
      readonly seen: ProtectionSeen;
    }
  /** More blocks are expected. */
  | { readonly state: "more" }
  /** No transfer is in progress (`"none"`), or the transfer was ended (`"aborted"`, reported once). */
  | { readonly state: "none" | "aborted" }
  /** The block is not the next one (`"number"`), or the request is too long (`"cap"`): the transfer has ended. */
  | { readonly state: "number" | "cap" };

/** A request of one service that is received in blocks. `T`: the contents of its first APDU other than the first block. */
export class RequestTransfer<T> {
  readonly #port: TransferPort;
  #long: Long<T> | undefined;
  /** The invoke id of the transfer that ended before the client sent its next block: that block is answered with `"aborted"`. */
  #aborted: number | undefined;

  constructor(port: TransferPort) {
    this.#port = port;
  }

  get deadline(): number | undefined {
    return this.#long?.deadline;
  }

  /** Drops the transfer after its deadline. */
  expire(now: number): void {
    if (this.#long !== undefined && now >= this.#long.deadline) this.abort();
  }

  /** Ends the transfer; a new request of the service calls this. */
  abort(): void {
    this.#aborted = this.#long?.invokeId ?? this.#aborted;
    this.#long = undefined;
  }

  /** Accepts the first block. */
  first(what: T, block: Block, context: RequestContext, now: number): Taken<T> {
    this.abort();
    if (this.#aborted === context.invokeId) this.#aborted = undefined;
    const blocks = new IncomingBlocks(this.#port.maxApdu);
    this.#long = { invokeId: context.invokeId, what, blocks, seen: context.seen, deadline: 0 };
    return this.#take(this.#long, block, context, now);
  }

  /** Accepts any other block. */
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
