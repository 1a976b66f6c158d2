/** A pending message. Messages are ordered by the time when they are due, then by their id. */
interface Waiting {
  readonly scheduledTime: number;
  readonly id: number;
}

const isBefore = (one: Waiting, other: Waiting): boolean =>
  one.scheduledTime < other.scheduledTime || (one.scheduledTime === other.scheduledTime && one.id < other.id);

// When at least this number of messages was taken, and at least half of the list, the list is shortened.
const mostGone = 1024;

/** The messages of one priority, ordered by the time when they are due. */
class Lane {
  #all: Waiting[] = [];
  #first = 0;

  get first(): Waiting | undefined {
    return this.#all[this.#first];
  }

  /** The index of the first message that is not before this one. */
  #placeOf(waiting: Waiting): number {
    let low = this.#first;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#all[middle] as Waiting, waiting)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  remove(waiting: Waiting): void {
    const place = this.#placeOf(waiting);
    if (this.#all[place]?.id === waiting.id) this.#all.splice(place, 1);
  }

  add(waiting: Waiting): void {
    const low = this.#placeOf(waiting);
    // Most messages are added at the end.
    if (low === this.#all.length) this.#all.push(waiting);
    else this.#all.splice(low, 0, waiting);
  }

  take(): void {
    this.#first++;
    if (this.#first < mostGone || this.#first * 2 < this.#all.length) return;
    this.#all = this.#all.slice(this.#first);
    this.#first = 0;
  }
}

/** The PENDING messages in the order in which they are given out. Messages that are not due are not scanned. */
export class PendingMessages {
  readonly #lanes = new Map<number, Lane>();
  /** Highest priority first. */
  #priorities: readonly number[] = [];

  add({ priority, scheduledTime, id }: Waiting & { readonly priority: number }): void {
    let lane = this.#lanes.get(priority);
    if (lane === undefined) {
      lane = new Lane();
      this.#lanes.set(priority, lane);
      this.#priorities = [...this.#lanes.keys()].sort((one, other) => other - one);
    }
    lane.add({ scheduledTime, id });
  }

  /** Removes a message that is not pending any more. */
  remove(waiting: Waiting & { readonly priority: number }): void {
    this.#lanes.get(waiting.priority)?.remove(waiting);
  }

  /** Takes the next message that is due at `now`. Undefined if none is due. */
  take(now: number): number | undefined {
    for (const priority of this.#priorities) {
      const lane = this.#lanes.get(priority);
      const first = lane?.first;
      if (lane === undefined || first === undefined || first.scheduledTime > now) continue;
      lane.take();
      return first.id;
    }
    return undefined;
  }

  /** When the earliest of all messages is due. */
  get nextDue(): number | undefined {
    const firsts = [...this.#lanes.values()].flatMap(({ first }) => first?.scheduledTime ?? []);
    return firsts.length === 0 ? undefined : Math.min(...firsts);
  }
}
