import { SortMethod } from "../classes/data/sort-method.ts";
import type { LocalTime } from "../time/local-time.ts";
import { type Comparable, cellOf, comparable } from "./cells.ts";
import { elementsOf } from "./elements.ts";

const absolute = (value: Comparable): Comparable => (value < 0 ? -value : value);
const ascending = (one: Comparable, other: Comparable): number => (one < other ? -1 : one > other ? 1 : 0);

const orders: ReadonlyMap<number, (one: Comparable, other: Comparable) => number> = new Map([
  [SortMethod.largest, (one: Comparable, other: Comparable) => ascending(other, one)],
  [SortMethod.smallest, ascending],
  [SortMethod.nearestToZero, (one: Comparable, other: Comparable) => ascending(absolute(one), absolute(other))],
  [SortMethod.furthestFromZero, (one: Comparable, other: Comparable) => ascending(absolute(other), absolute(one))],
]);

/** Whether rows are sorted by a value instead of by the time of capture. */
export const isSorted = (sortMethod: number): boolean => orders.has(sortMethod);

/**
 * Inserts a new row at its place, with at most `keep` rows: after the rows with the same value; a row without a value is the last.
 * Undefined: the new row itself is not kept.
 */
export function sortedIn(
  rows: readonly Uint8Array[],
  newcomer: Uint8Array,
  { sortMethod, column, keep, local }: { sortMethod: number; column: number; keep: number; local: LocalTime },
): Uint8Array[] | undefined {
  const order = orders.get(sortMethod) ?? ascending;
  const sortValueOf = (row: Uint8Array): Comparable | undefined => {
    const cell = elementsOf(row)[column];
    return cell === undefined ? undefined : comparable(cellOf(cell), local);
  };
  const value = sortValueOf(newcomer);
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = sortValueOf(rows[middle] as Uint8Array);
    const before = other !== undefined && (value === undefined || order(other, value) <= 0);
    if (before || (other === undefined && value === undefined)) low = middle + 1;
    else high = middle;
  }
  if (low >= keep) return undefined;
  return [...rows.slice(0, low), newcomer, ...rows.slice(low)].slice(0, keep);
}
