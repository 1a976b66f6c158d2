import { inRange } from "@dlmskit/core";
import { maxInfoLimit } from "./negotiation.ts";

/** The content of one information field: a message or a part of one. */
export interface Piece {
  readonly information: Uint8Array;
  readonly segmented: boolean;
}

/**
 * The sending side of a numbered link: it divides messages into pieces, with at most `size` of them unacknowledged. Pieces that
 * the peer does not acknowledge in its turn are sent again in the next turn (go back N, IEC 62056-46 6.4.4.8).
 */
export class SendWindow {
  #maxInfo = 128;
  #size = 1;
  /** N(S) of the oldest unacknowledged piece. */
  #oldest = 0;
  #unacknowledged: Piece[] = [];
  #messages: Uint8Array[] = [];
  #at = 0;

  /**
   * Sets the negotiated limits: octets per piece and the window size. Waiting messages are kept. Fault `out-of-range` outside 1 to
   * 2030 octets and 1 to 7 pieces: a message would never end with pieces of 0 octets.
   */
  setLimits(maxInfo: number, size: number): void {
    this.#maxInfo = inRange(maxInfo, 1, maxInfoLimit);
    this.#size = inRange(size, 1, 7);
  }

  reset(maxInfo = 128, size = 1): void {
    this.setLimits(maxInfo, size);
    this.#oldest = 0;
    this.#unacknowledged = [];
    this.#messages = [];
    this.#at = 0;
  }

  /** V(S): the number of the next new piece. */
  get sendSequence(): number {
    return (this.#oldest + this.#unacknowledged.length) & 7;
  }

  /** N(S) of the first piece that `turn` gives. */
  get firstSequence(): number {
    return this.#oldest;
  }

  get unacknowledged(): number {
    return this.#unacknowledged.length;
  }

  /** Whether no piece is unacknowledged and no message waits. */
  get idle(): boolean {
    return this.#unacknowledged.length === 0 && this.#messages.length === 0;
  }

  /** Adds a message after those that wait. An empty message is ignored. */
  queue(message: Uint8Array): void {
    if (message.length > 0) this.#messages.push(message);
  }

  /** Processes the peer's N(R). Gives the number of newly acknowledged pieces, or -1 for an N(R) that acknowledges unsent pieces. */
  acknowledge(receiveSequence: number): number {
    const count = (receiveSequence - this.#oldest) & 7;
    if (count > this.#unacknowledged.length) return -1;
    if (count > 0) {
      // When no piece is left, a new list is made, so that an idle link does not keep the memory of earlier pieces.
      if (count === this.#unacknowledged.length) this.#unacknowledged = [];
      else this.#unacknowledged.splice(0, count);
      this.#oldest = receiveSequence;
    }
    return count;
  }

  /** All pieces that may be sent in one turn: first the unacknowledged ones, then new ones up to the window size. */
  turn(): readonly Piece[] {
    while (this.#unacknowledged.length < this.#size) {
      const message = this.#messages[0];
      if (message === undefined) break;
      const end = Math.min(this.#at + this.#maxInfo, message.length);
      const segmented = end < message.length;
      this.#unacknowledged.push({ information: message.subarray(this.#at, end), segmented });
      this.#at = end;
      if (!segmented) {
        if (this.#messages.length === 1) this.#messages = [];
        else this.#messages.shift();
        this.#at = 0;
      }
    }
    return this.#unacknowledged;
  }
}
