import type { DataLike, StreamedData } from "@dlmskit/apdu";
import type { Clock } from "@dlmskit/transport";

// What all long answers together may take of one turn of the event loop, ms.
const turnMs = 2;
// So many octets are made between two looks at the clock.
const stepOctets = 2048;

/** Somebody whose answer waits for its turn. */
export interface Paced {
  resume(): void;
}

/**
 * Lets long answers share the event loop: all of them together get a few ms of each turn, and go on in the next one, in the order
 * in which they had to wait. So no long answer, and no number of them, keeps others waiting.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #waiting = new Set<Paced>();
  /** When this turn's work began; undefined: none was done yet. */
  #began: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The answer, made in small steps. `paced` is resumed where it has to wait. */
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
    // A caller that has to wait again goes to the end; those that this turn does not reach keep their places.
    for (const paced of [...this.#waiting]) {
      if (this.#began !== undefined && this.#clock.now() - this.#began >= turnMs) return;
      this.#waiting.delete(paced);
      paced.resume();
    }
  }

  /** It is gone: nothing waits for it. */
  forget(paced: Paced): void {
    this.#waiting.delete(paced);
  }
}
