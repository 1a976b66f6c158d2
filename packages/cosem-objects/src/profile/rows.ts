import type { DataLike, StreamPart } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { after, type MaybePromise } from "../maybe-promise.ts";
import type { Context } from "../object.ts";
import { elementsOf, encodedArray, encodedArrayHead, encodedStructure } from "./elements.ts";
import type { BufferSelection } from "./selective-access.ts";

/**
 * Encoded rows, oldest first. With a `length` they are sent one after another as they are made, and must be that many; without,
 * they are collected first.
 */
export type Rows = Iterable<Uint8Array> & { readonly length?: number };

/**
 * Where the rows of a profile come from: a ring that was captured into, a generator, a table.
 * Rows are encoded structures, one element a capture object; entry 1 is the oldest row. All rows of one answer must tell of the
 * instant at which they were asked for, however late they are made.
 */
export interface RowSource {
  /** How many rows there are: entries_in_use. */
  count(context: Context): MaybePromise<number>;
  /** Rows captured from `from` to `to`, ms since 1970 UTC, both inclusive, undefined: no bound. Oldest first. */
  range(from: number | undefined, to: number | undefined, context: Context): MaybePromise<Rows>;
  /** Rows `first` to `last` (`last` may be past the end), both inclusive and from 1. Oldest first. */
  entries(first: number, last: number, context: Context): MaybePromise<Rows>;
}

/** The encoded buffer, or the part of it that a client selected. `newestFirst`: the order of sort method 2 (last in, first out). */
export function readRows(
  source: RowSource,
  selection: BufferSelection | undefined,
  newestFirst: boolean,
  context: Context,
): MaybePromise<DataLike> {
  const columns = selection?.columns;
  const chosen = (row: Uint8Array): Uint8Array => (columns === undefined ? row : pick(row, columns));
  return after(chosenRows(source, selection, newestFirst, context), (found): DataLike => {
    const { length } = found;
    if (!newestFirst && length !== undefined && length > fewRows) return streamed(found, length, chosen);
    const rows = [...found];
    if (newestFirst) rows.reverse();
    return { type: "encoded", octets: encodedArray(rows.map(chosen)) };
  });
}

// So few rows are made at once.
const fewRows = 16;

/** An array whose rows are made as they are sent. */
function streamed(rows: Rows, length: number, chosen: (row: Uint8Array) => Uint8Array): DataLike {
  const iterator = rows[Symbol.iterator]();
  let left = length;
  let begun = false;
  return {
    type: "streamed",
    next(wanted): StreamPart {
      const parts: Uint8Array[] = [];
      let octets = 0;
      const add = (part: Uint8Array): void => {
        parts.push(part);
        octets += part.length;
      };
      if (!begun) add(encodedArrayHead(length));
      begun = true;
      while (octets < wanted && left > 0) {
        const { done, value } = iterator.next();
        if (done === true) throw new Fault("bad-profile", `${left} rows fewer than were told`, { layer: "cosem" });
        add(chosen(value));
        left--;
      }
      return parts.length === 0 ? undefined : joined(parts, octets);
    },
    close() {
      iterator.return?.();
    },
  };
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function chosenRows(
  source: RowSource,
  selection: BufferSelection | undefined,
  newestFirst: boolean,
  context: Context,
): MaybePromise<Rows> {
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
