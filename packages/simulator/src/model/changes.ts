/**
 * Times of one span in which the load is not the expected one, in order and without overlap, in seconds from the beginning of the span:
 * interruptions, in which nothing flows, and times in which a part of the load flows. The object is filled again for each span.
 */
export class Changes {
  count = 0;
  starts = new Int32Array(16);
  ends = new Int32Array(16);
  /** The part of the load that flows: 0 during an interruption. A multiple of 1/64, so that the weights stay exact. */
  kept = new Float64Array(16);
  /** The weight that each of them removes from the divided energy. It is set by the code that divides the energy. */
  weights = new Float64Array(16);

  /** Inserts in the order of the starts. */
  insert(start: number, end: number, kept = 0): void {
    if (this.count === this.starts.length) this.#grow();
    let at = this.count++;
    for (; at > 0 && (this.starts[at - 1] as number) > start; at--) this.#move(at - 1, at);
    this.starts[at] = start;
    this.ends[at] = end;
    this.kept[at] = kept;
  }

  /** Joins interruptions that touch each other. To be called while there are only interruptions. */
  join(): void {
    let last = -1;
    for (let at = 0; at < this.count; at++) {
      const [start, end] = [this.starts[at] as number, this.ends[at] as number];
      if (last >= 0 && start <= (this.ends[last] as number)) {
        if (end > (this.ends[last] as number)) this.ends[last] = end;
      } else {
        last++;
        this.starts[last] = start;
        this.ends[last] = end;
      }
    }
    this.count = last + 1;
  }

  /** Inserts the parts of [start, end) in which nothing else is yet. */
  fill(start: number, end: number, kept: number): void {
    let from = start;
    // Inserting moves what comes later, so the gaps are found first.
    const gaps: number[] = [];
    for (let at = 0; at < this.count && from < end; at++) {
      if ((this.ends[at] as number) <= from) continue;
      const next = this.starts[at] as number;
      if (next >= end) break;
      if (next > from) gaps.push(from, next);
      from = this.ends[at] as number;
    }
    if (from < end) gaps.push(from, end);
    for (let at = 0; at < gaps.length; at += 2) this.insert(gaps[at] as number, gaps[at + 1] as number, kept);
  }

  /** Keeps only the times that are in another list as well. To be called while there are only interruptions. */
  keepWithin(other: Changes): void {
    const [starts, ends, count] = [this.starts.slice(), this.ends.slice(), this.count];
    this.count = 0;
    for (let at = 0; at < count; at++) {
      for (let near = 0; near < other.count; near++) {
        const start = Math.max(starts[at] as number, other.starts[near] as number);
        const end = Math.min(ends[at] as number, other.ends[near] as number);
        if (end > start) this.insert(start, end);
      }
    }
  }

  /** The number of interrupted seconds in [from, to), with fractions. */
  within(from: number, to: number): number {
    let sum = 0;
    for (let at = 0; at < this.count; at++) {
      const start = this.starts[at] as number;
      if (start >= to) break;
      const end = this.ends[at] as number;
      if (end > from && this.kept[at] === 0) sum += Math.min(end, to) - Math.max(start, from);
    }
    return sum;
  }

  #move(from: number, to: number): void {
    this.starts[to] = this.starts[from] as number;
    this.ends[to] = this.ends[from] as number;
    this.kept[to] = this.kept[from] as number;
  }

  #grow(): void {
    const [starts, ends, kept] = [this.starts, this.ends, this.kept];
    this.starts = new Int32Array(starts.length * 2);
    this.ends = new Int32Array(starts.length * 2);
    this.kept = new Float64Array(starts.length * 2);
    this.weights = new Float64Array(starts.length * 2);
    this.starts.set(starts);
    this.ends.set(ends);
    this.kept.set(kept);
  }
}
