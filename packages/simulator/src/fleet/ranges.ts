/** The numbers from the first to the last, both included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/**
 * Ascending ranges that do not overlap. Their numbers are counted from place 0. The place gives the number, and the number gives the place.
 */
export class Ranges {
  readonly #ranges: readonly Range[];
  /** How many numbers come before each range. */
  readonly #before: readonly number[];
  readonly count: number;

  constructor(ranges: readonly Range[]) {
    const before: number[] = [];
    let count = 0;
    for (const { first, last } of ranges) {
      before.push(count);
      count += last - first + 1;
    }
    this.#ranges = ranges;
    this.#before = before;
    this.count = count;
  }

  /** The number at a place from 0 to count - 1. */
  at(place: number): number {
    const range = lastUpTo(this.#ranges.length, (at) => (this.#before[at] as number) <= place);
    return (this.#ranges[range] as Range).first + place - (this.#before[range] as number);
  }

  /** The place of a number; undefined: the number is in no range. */
  placeOf(number: number): number | undefined {
    const at = lastUpTo(this.#ranges.length, (one) => (this.#ranges[one] as Range).first <= number);
    const range = this.#ranges[at];
    return range === undefined || number > range.last ? undefined : (this.#before[at] as number) + number - range.first;
  }
}

/** Ascending ranges from a number on, without the given numbers (in ascending order). */
export function without(ranges: readonly Range[], from: number, numbers: readonly number[]): readonly Range[] {
  const left: Range[] = [];
  let next = 0;
  for (const { first, last } of ranges) {
    let begin = Math.max(first, from);
    for (; (numbers[next] ?? Number.POSITIVE_INFINITY) <= last; next++) {
      const number = numbers[next] as number;
      if (number < begin) continue;
      if (number > begin) left.push({ first: begin, last: number - 1 });
      begin = number + 1;
    }
    if (begin <= last) left.push({ first: begin, last });
  }
  return left;
}

/**
 * The last index of 0 … count - 1 for which `holds` is true; -1 if there is none. `holds` must be false for all indexes after the first one
 * for which it is false.
 */
function lastUpTo(count: number, holds: (at: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
