import type { Changes } from "./changes.ts";
import { daySeconds } from "./grid.ts";
import { draw, signed } from "./random.ts";

// The arithmetic of splitting. A node is a sequence of equal time cells, with a whole number of energy units. These units are divided
// between the two halves of the node, according to the expected weights of the halves and a random number of the node. The left half is
// rounded down, and the remainder belongs to the right half. Therefore the parts sum to the whole exactly, no part is negative, and a part
// without weight has no energy.
//
// Two energies are split together: the active energy, and the extra energy that is added to it to give the apparent energy (VAh = Wh +
// extra). The extra follows the active energy, so the apparent energy is never below the active energy, and the power factor stays near
// that of the household.
//
// The path from the root to a cell is kept. The next cell, or a cell nearby, is found from the node that contains both cells.

/** The maximum deviation of the extra from its share of the active energy, as a fraction of the share of the other half. */
const extraSpread = 0.08;

// The values of each node on the path, in this order: its first cell and the cell after its last; units and extra in it and before it; its
// weight and number; which interruptions overlap it.
const width = 10;
const [lowAt, highAt, unitsAt, extraAt, unitsBeforeAt, extraBeforeAt] = [0, 1, 2, 3, 4, 5];
const [weightAt, nodeAt, firstDarkAt, lastDarkAt] = [6, 7, 8, 9];

/** Weights of the seconds of some days. */
export interface Weights {
  /** The weight before a second of a day. */
  before(day: number, second: number): number;
}

/** Energy that is divided among a sequence of equal cells. One instance is used many times, for one meter after another. */
export class Cursor {
  readonly #cells: number;
  readonly #cellSeconds: number;
  /** By the level of the node; the first level is the whole. At most 1. */
  #spread: Float64Array;
  readonly #extraSpread: number;

  // The quantity that is divided.
  #prefix: Float64Array = new Float64Array(1);
  #offset = 0;
  #seed = 0;
  #node = 0;
  #jitter = 0;
  #start = 0;
  #dark: Changes | undefined;
  #load: Weights | undefined;
  #weights: Float64Array = new Float64Array(0);
  #ownWeights: Float64Array = new Float64Array(16);
  #firstDay = 0;

  // The path down to the cell: `width` numbers per level.
  readonly #way: Float64Array;
  /** Number of nodes on the path to the cell. */
  #depth = 0;

  /**
   * `spread`: the maximum deviation of the halves of a node from their expected share, 0 to 1 of the other half's share, for each level.
   */
  constructor(cells: number, cellSeconds: number, spread: readonly number[], withExtra: boolean) {
    this.#cells = cells;
    this.#cellSeconds = cellSeconds;
    this.#spread = Float64Array.from(spread);
    this.#extraSpread = withExtra ? extraSpread : 0;
    this.#way = new Float64Array((spread.length + 1) * width);
  }

  get depth(): number {
    return this.#depth;
  }
  /** Units in the cell, or in the node at a level of the path to it. */
  units(level = this.#depth): number {
    return this.#way[level * width + unitsAt] as number;
  }
  extra(level = this.#depth): number {
    return this.#way[level * width + extraAt] as number;
  }
  /** Units in all cells before. */
  unitsBefore(level = this.#depth): number {
    return this.#way[level * width + unitsBeforeAt] as number;
  }
  extraBefore(level = this.#depth): number {
    return this.#way[level * width + extraBeforeAt] as number;
  }
  /** The first cell of the node at a level. */
  low(level: number): number {
    return this.#way[level * width + lowAt] as number;
  }
  /** The cell after the last of the node at a level. */
  high(level: number): number {
    return this.#way[level * width + highAt] as number;
  }

  /**
   * Sets what is divided: a number of units and of extra, by weights whose sums are in `prefix` from `offset` on. `seed` and `node` select
   * the random numbers, and `jitter` scales their effect. The cells begin at second `start` of the span. `spread` replaces that of the
   * constructor, with as many levels.
   */
  begin(
    units: number,
    extra: number,
    prefix: Float64Array,
    offset: number,
    seed: number,
    node: number,
    jitter: number,
    start: number,
    spread?: Float64Array,
  ): void {
    if (spread !== undefined) this.#spread = spread;
    this.#prefix = prefix;
    this.#offset = offset;
    this.#seed = seed;
    this.#node = node;
    this.#jitter = jitter;
    this.#start = start;
    this.#dark = undefined;
    this.#depth = 0;
    const way = this.#way;
    way[lowAt] = 0;
    way[highAt] = this.#cells;
    way[unitsAt] = units;
    way[extraAt] = extra;
    way[unitsBeforeAt] = 0;
    way[extraBeforeAt] = 0;
    way[weightAt] = (prefix[offset + this.#cells] as number) - (prefix[offset] as number);
    way[nodeAt] = 1;
    way[firstDarkAt] = 0;
    way[lastDarkAt] = 0;
  }

  /**
   * Changes the weights; call it after `begin`. `load` gives the weight of a time; without it, a second has the weight 1. `firstDay`: the
   * day on which the span begins. `weighed`: `weights` of `dark` has the lost weights by this load.
   */
  without(dark: Changes, load: Weights | undefined, firstDay: number, weighed: boolean): void {
    const end = this.#start + this.#cells * this.#cellSeconds;
    let first = 0;
    let last = dark.count;
    while (first < last && (dark.ends[first] as number) <= this.#start) first++;
    while (last > first && (dark.starts[last - 1] as number) >= end) last--;
    if (first === last) return;
    this.#dark = dark;
    this.#load = load;
    this.#firstDay = firstDay;
    if (weighed) this.#weights = dark.weights;
    else {
      if (this.#ownWeights.length < last) this.#ownWeights = new Float64Array(dark.weights.length);
      this.#weights = this.#ownWeights;
      for (let at = first; at < last; at++) {
        this.#weights[at] = this.#weightOf(dark, at, dark.starts[at] as number, dark.ends[at] as number);
      }
    }
    this.#way[firstDarkAt] = first;
    this.#way[lastDarkAt] = last;
    this.#way[weightAt] = (this.#way[weightAt] as number) - this.#lost(dark, this.#start, end, first, last);
  }

  /** The weight that the changes remove from [from, to), seconds of the span. */
  #lost(dark: Changes, from: number, to: number, first: number, last: number): number {
    let lost = 0;
    for (let at = first; at < last; at++) {
      const start = dark.starts[at] as number;
      const end = dark.ends[at] as number;
      if (start >= to) break;
      if (start >= from && end <= to) lost += this.#weights[at] as number;
      else if (end > from) lost += this.#weightOf(dark, at, Math.max(start, from), Math.min(end, to));
    }
    return lost;
  }

  /** The weight that a change removes from [begin, stop), a part of it. */
  #weightOf(dark: Changes, at: number, begin: number, stop: number): number {
    const load = this.#load;
    const weight = load === undefined ? stop - begin : weightBetween(load, this.#firstDay, begin, stop);
    return weight * (1 - (dark.kept[at] as number));
  }

  /** Moves to a cell. */
  seek(cell: number): void {
    const way = this.#way;
    let at = this.#depth * width;
    while (cell < (way[at + lowAt] as number) || cell >= (way[at + highAt] as number)) at -= width;
    let low = (way[at + lowAt] as number) | 0;
    let high = (way[at + highAt] as number) | 0;
    const prefix = this.#prefix;
    const spread = this.#spread;
    const offset = this.#offset;
    const seed = this.#seed;
    const nodes = this.#node;
    const jitter = this.#jitter;
    const spreadOfExtra = this.#extraSpread;
    const dark = this.#dark;
    let units = way[at + unitsAt] as number;
    let extra = way[at + extraAt] as number;
    let unitsBefore = way[at + unitsBeforeAt] as number;
    let extraBefore = way[at + extraBeforeAt] as number;
    let weight = way[at + weightAt] as number;
    let node = (way[at + nodeAt] as number) | 0;
    let first = (way[at + firstDarkAt] as number) | 0;
    let last = (way[at + lastDarkAt] as number) | 0;
    let level = (at / width) | 0;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      let weightLeft = (prefix[offset + middle] as number) - (prefix[offset + low] as number);
      if (first < last) {
        const from = this.#start + low * this.#cellSeconds;
        const to = this.#start + middle * this.#cellSeconds;
        weightLeft -= this.#lost(dark as Changes, from, to, first, last);
      }
      const random = draw(seed, nodes + node);
      const share = weight === 0 ? 0 : weightLeft / weight;
      const moved = movedShare(share, signed(random) * (spread[level] as number) * jitter);
      const left = Math.floor(units * moved);
      const ofExtra = movedShare(moved, signed(Math.imul(random, 0x2545f491)) * spreadOfExtra);
      const extraLeft = left === 0 ? 0 : left === units ? extra : Math.floor(extra * ofExtra);
      node <<= 1;
      if (cell < middle) {
        high = middle;
        units = left;
        extra = extraLeft;
        weight = weightLeft;
      } else {
        low = middle;
        unitsBefore += left;
        extraBefore += extraLeft;
        units -= left;
        extra -= extraLeft;
        weight -= weightLeft;
        node |= 1;
      }
      if (first < last) {
        const darkness = dark as Changes;
        const from = this.#start + low * this.#cellSeconds;
        const to = this.#start + high * this.#cellSeconds;
        while (first < last && (darkness.ends[first] as number) <= from) first++;
        while (first < last && (darkness.starts[last - 1] as number) >= to) last--;
      }
      level++;
      at += width;
      way[at + lowAt] = low;
      way[at + highAt] = high;
      way[at + unitsAt] = units;
      way[at + extraAt] = extra;
      way[at + unitsBeforeAt] = unitsBefore;
      way[at + extraBeforeAt] = extraBefore;
      way[at + weightAt] = weight;
      way[at + nodeAt] = node;
      way[at + firstDarkAt] = first;
      way[at + lastDarkAt] = last;
    }
    this.#depth = level;
  }
}

/**
 * The share of the left half, 0 to 1, changed by a random number from -1 to 1. The share of the right half changes in the opposite
 * direction, so the expected value stays the same. A share of 0 stays 0, and a share of 1 stays 1.
 */
function movedShare(share: number, random: number): number {
  return share * (1 + random * (1 - share));
}

/** The expected weight of [from, to), in seconds of the span that begins on a day. */
export function weightBetween(load: Weights, firstDay: number, from: number, to: number): number {
  const fromDay = (from / daySeconds) | 0;
  const toDay = (to / daySeconds) | 0;
  return (
    load.before(firstDay + toDay, to - toDay * daySeconds) -
    load.before(firstDay + fromDay, from - fromDay * daySeconds)
  );
}
