import type { EncodedData } from "@dlmskit/apdu";
import { after, type MaybePromise } from "../maybe-promise.ts";
import type { Context } from "../object.ts";
import { elementsOf, encodedArray, encodedStructure } from "./elements.ts";
import type { BufferSelection } from "./selective-access.ts";

/**
 * Where the rows of a profile come from: a ring that was captured into, a generator, a table.
 * Rows are encoded structures, one element a capture object; entry 1 is the oldest row.
 */
export interface RowSource {
  /** How many rows there are: entries_in_use. */
  count(context: Context): MaybePromise<number>;
  /** Rows captured from `from` to `to`, ms since 1970 UTC, both inclusive, undefined: no bound. Oldest first. */
  range(from: number | undefined, to: number | undefined, context: Context): MaybePromise<Iterable<Uint8Array>>;
  /** Rows `first` to `last` (`last` may be past the end), both inclusive and from 1. Oldest first. */
  entries(first: number, last: number, context: Context): MaybePromise<Iterable<Uint8Array>>;
}

/** The encoded buffer, or the part of it that a client selected. `newestFirst`: the order of sort method 2 (last in, first out). */
export function readRows(
  source: RowSource,
  selection: BufferSelection | undefined,
  newestFirst: boolean,
  context: Context,
): MaybePromise<EncodedData> {
  const columns = selection?.columns;
  return after(chosenRows(source, selection, newestFirst, context), (found) => {
    const rows = [...found];
    if (newestFirst) rows.reverse();
    const chosen = columns === undefined ? rows : rows.map((row) => pick(row, columns));
    return { type: "encoded", octets: encodedArray(chosen) };
  });
}

function chosenRows(
  source: RowSource,
  selection: BufferSelection | undefined,
  newestFirst: boolean,
  context: Context,
): MaybePromise<Iterable<Uint8Array>> {
  if (selection === undefined) return source.entries(1, Number.POSITIVE_INFINITY, context);
  if (selection.by === "range") {
    const { from, to } = selection;
    if (from !== undefined && to !== undefined && from > to) return [];
    return source.range(from, to, context);
  }
  const { first, last } = selection;
  if (first > last) return [];
  if (!newestFirst) return source.entries(first, last, context);
  // Entry 1 of a buffer that starts with the newest is the last that was captured.
  return after(source.count(context), (count) =>
    first > count ? [] : source.entries(Math.max(1, count - last + 1), count - first + 1, context),
  );
}

function pick(row: Uint8Array, columns: readonly number[]): Uint8Array {
  const elements = elementsOf(row);
  return encodedStructure(columns.map((at) => elements[at] ?? Uint8Array.of(0)));
}
