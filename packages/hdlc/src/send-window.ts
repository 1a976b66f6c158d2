import { inRange } from "@dlmskit/core";
import { maxInfoLimit } from "./negotiation.ts";

/** One information field of a message that may take several. */
export interface Piece {
  readonly information: Uint8Array;
  readonly segmented: boolean;
}

/**
 * The sending half of a numbered link: messages in, pieces out, at most `size` of them unacknowledged. What the peer
 * does not acknowledge in its turn is sent again in the next (go back N, IEC 62056-46 6.4.4.8).
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
   * What was negotiated: octets a piece, pieces in a row. Messages that wait stay. Fault `out-of-range` outside 1 to 2030
   * octets and 1 to 7 pieces: pieces of 0 octets would never end a message.
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

  /** Nothing is unacknowledged and nothing waits. */
  get idle(): boolean {
    return this.#unacknowledged.length === 0 && this.#messages.length === 0;
  }

  /** A message behind those that wait. An empty one has nothing to send. */
  queue(message: Uint8Array): void {
    if (message.length > 0) this.#messages.push(message);
  }

  /** Takes the peer's N(R): how many pieces it newly acknowledges, -1 when it acknowledges what was never sent. */
  acknowledge(receiveSequence: number): number {
    const count = (receiveSequence - this.#oldest) & 7;
    if (count > this.#unacknowledged.length) return -1;
    if (count > 0) {
      // A new list where none is left: an idle link keeps no room for what it once had to send.
      if (count === this.#unacknowledged.length) this.#unacknowledged = [];
      else this.#unacknowledged.splice(0, count);
      this.#oldest = receiveSequence;
    }
    return count;
  }

  /** All that may be sent in one turn: first what is unacknowledged, then new pieces as far as the window goes. */
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
