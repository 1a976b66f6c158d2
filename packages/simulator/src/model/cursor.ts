import type { ExpectedLoad } from "./expected-load.ts";
import { daySeconds } from "./grid.ts";
import type { Interruptions } from "./power-quality.ts";
import { draw, signed } from "./random.ts";

// The arithmetic of splitting. A node (a run of equal cells of time) has a whole number of units of energy. It is shared between
// the node's halves by their expected weights and a random number of the node's own; what is rounded down on the left is left over
// for the right. So parts sum to the whole exactly, nothing is negative, and where there is no weight there is no energy.
//
// Two energies go down together: the active energy, and the extra that makes apparent energy of it (VAh = Wh + extra). The extra
// follows the active energy, so that apparent is never below active and the power factor stays near the household's own.
//
// The way from the root to a cell is kept: the next cell, or one near it, is found from the node that both lie in.

/** How far the extra may be from its share of the active energy: this part of the share of the other half. */
const extraSpread = 0.08;

// What the way holds of each node, in this order: its first cell and the one after its last; units and extra in it and before it;
// its weight and number; which interruptions touch it.
const width = 10;
const [lowAt, highAt, unitsAt, extraAt, unitsBeforeAt, extraBeforeAt] = [0, 1, 2, 3, 4, 5];
const [weightAt, nodeAt, firstDarkAt, lastDarkAt] = [6, 7, 8, 9];

/** Energy shared out over a row of equal cells. One of these is used again and again, for one meter after the other. */
export class Cursor {
  readonly #cells: number;
  readonly #cellSeconds: number;
  /** By the level of the node, the first whole one: at most 1. */
  readonly #spread: Float64Array;
  readonly #extraSpread: number;

  // What is shared out.
  #prefix: Float64Array = new Float64Array(1);
  #offset = 0;
  #seed = 0;
  #node = 0;
  #jitter = 0;
  #start = 0;
  #dark: Interruptions | undefined;
  #load: ExpectedLoad | undefined;
  #firstDay = 0;

  // The way down to the cell: `width` numbers a level.
  readonly #way: Float64Array;
  /** How many nodes lead to the cell. */
  #depth = 0;

  /** `spread`: how far the halves of a node may be from what is expected, 0 to 1 of the other half's share, for each level. */
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
  /** Units in the cell, or in the node at a level of the way to it. */
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
   * What is to be shared out: so many units and so much extra, by weights whose sums are in `prefix` from `offset` on.
   * `seed` and `node` choose the random numbers, `jitter` scales their effect; the cells begin at second `start` of the span.
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
  ): void {
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
   * Takes the interruptions out of the weights: after `begin`. `load` says what weight they have, and `weights` of `dark` has it;
   * without it a second of interruption has the weight 1. `firstDay`: the day on which the span begins.
   */
  without(dark: Interruptions, load: ExpectedLoad | undefined, firstDay: number): void {
    const end = this.#start + this.#cells * this.#cellSeconds;
    let first = 0;
    let last = dark.count;
    while (first < last && (dark.ends[first] as number) <= this.#start) first++;
    while (last > first && (dark.starts[last - 1] as number) >= end) last--;
    if (first === last) return;
    this.#dark = dark;
    this.#load = load;
    this.#firstDay = firstDay;
    this.#way[firstDarkAt] = first;
    this.#way[lastDarkAt] = last;
    this.#way[weightAt] = (this.#way[weightAt] as number) - this.#lost(dark, this.#start, end, first, last);
  }

  /** The weight that interruptions take from [from, to), seconds of the span. */
  #lost(dark: Interruptions, from: number, to: number, first: number, last: number): number {
    const load = this.#load;
    let lost = 0;
    for (let at = first; at < last; at++) {
      const start = dark.starts[at] as number;
      const end = dark.ends[at] as number;
      if (start >= to) break;
      if (start >= from && end <= to) {
        lost += load === undefined ? end - start : (dark.weights[at] as number);
      } else if (end > from) {
        const [begin, stop] = [Math.max(start, from), Math.min(end, to)];
        lost += load === undefined ? stop - begin : weightBetween(load, this.#firstDay, begin, stop);
      }
    }
    return lost;
  }

  /** Goes to a cell. */
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
        weightLeft -= this.#lost(dark as Interruptions, from, to, first, last);
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
        const darkness = dark as Interruptions;
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
 * The left half's share, 0 to 1, moved by a random number from -1 to 1. The right half's is moved against it, so that what is
 * expected stays so. A share of 0 stays 0 and one of 1 stays 1.
 */
function movedShare(share: number, random: number): number {
  return share * (1 + random * (1 - share));
}

/** The expected weight of [from, to), seconds of the span that begins on a day. */
export function weightBetween(load: ExpectedLoad, firstDay: number, from: number, to: number): number {
  const fromDay = (from / daySeconds) | 0;
  const toDay = (to / daySeconds) | 0;
  return (
    load.before(firstDay + toDay, to - toDay * daySeconds) -
    load.before(firstDay + fromDay, from - fromDay * daySeconds)
  );
}
