import type { DataLike, StreamedData } from "@dlmskit/apdu";
import type { Clock } from "@dlmskit/transport";

// Time that all long answers together may use in one turn of the event loop, ms.
const turnMs = 2;
// Number of octets that are encoded between two checks of the clock.
const stepOctets = 2048;

/** The owner of an answer that waits for its turn. */
export interface Paced {
  resume(): void;
}

/**
 * Lets long answers share the event loop. All of them together get a few ms of each turn and continue in the next turn, in the order
 * in which they started to wait. So any number of long answers does not delay other clients.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #waiting = new Set<Paced>();
  /** Start time of the work in this turn; undefined: no work was done yet. */
  #began: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the answer, encoded in small steps. `paced` is resumed after a wait. */
  pace(data: DataLike, paced: Paced): DataLike {
    return data.type === "streamed" ? this.#stream(data, paced) : data;
  }

  #stream(stream: StreamedData, paced: Paced): StreamedData {
    return {
      type: "streamed",
      next: (wanted) => {
        if (!this.#mayGoOn()) {
          this.#waiting.add(paced);
          return "later";
        }
        return stream.next(Math.min(wanted, stepOctets));
      },
      close: () => stream.close?.(),
    };
  }

  #mayGoOn(): boolean {
    const now = this.#clock.now();
    if (this.#began === undefined) {
      this.#began = now;
      this.#clock.at(now, () => this.#turn());
    }
    return now - this.#began < turnMs;
  }

  #turn(): void {
    this.#began = undefined;
    // A caller that has to wait again goes to the end; callers that this turn does not reach keep their places.
    for (const paced of [...this.#waiting]) {
      if (this.#began !== undefined && this.#clock.now() - this.#began >= turnMs) return;
      this.#waiting.delete(paced);
      paced.resume();
    }
  }

  /** Removes an owner that has ended. */
  forget(paced: Paced): void {
    this.#waiting.delete(paced);
  }
}
