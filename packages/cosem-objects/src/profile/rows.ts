import { type DataLike, type StreamPart, treeOf } from "@dlmskit/apdu";
import { Fault, sameOctets } from "@dlmskit/core";
import { after, type MaybePromise } from "../maybe-promise.ts";
import type { Context } from "../object.ts";
import { cellOf, comparable } from "./cells.ts";
import { describedAs } from "./description.ts";
import { elementsOf, encodedArray, encodedArrayHead, encodedStructure } from "./elements.ts";
import type { BufferSelection } from "./selective-access.ts";

/**
 * Encoded rows, oldest first. With a `length` the rows are sent one by one as they are generated, and their number must be `length`;
 * without it they are collected first.
 */
export type Rows = Iterable<Uint8Array> & { readonly length?: number };

/**
 * The source of the rows of a profile: a ring with captured rows, a generator, a table. Rows are encoded structures with one element for
 * each capture object; entry 1 is the oldest row. All rows of one answer must show the state at the instant of the request, even if they
 * are generated later.
 */
export interface RowSource {
  /** The number of rows: entries_in_use. */
  count(context: Context): MaybePromise<number>;
  /** Rows captured from `from` to `to`, ms since 1970 UTC, both included; undefined: no bound. Oldest first. */
  range(from: number | undefined, to: number | undefined, context: Context): MaybePromise<Rows>;
  /** Rows `first` to `last` (`last` may be past the end), both included, counted from 1. Oldest first. */
  entries(first: number, last: number, context: Context): MaybePromise<Rows>;
}

/** The options for reading a buffer. */
export interface Reading {
  /** The order of sort method 2 (last in, first out). */
  readonly newestFirst: boolean;
  /** The rows are not sorted by their time stamps: for a range of instants every row must be checked. */
  readonly scan?: boolean;
  /** The time from one row to the next, ms; 0: irregular. */
  readonly period?: number;
  /** Cells whose value follows from the previous row are sent as null-data. `stamps`: the columns with the time. */
  readonly nullData?: { readonly stamps: readonly number[] } | undefined;
  /** Rows are sent as a compact-array if they all have the same type. */
  readonly compactArray?: boolean | undefined;
}

/** The encoded buffer, or the part of it that a client selected. */
export function readRows(
  source: RowSource,
  selection: BufferSelection | undefined,
  reading: Reading,
  context: Context,
): MaybePromise<DataLike> {
  const { newestFirst, nullData, compactArray, period = 0 } = reading;
  const columns = selection?.columns;
  const picked = (row: Uint8Array): Uint8Array => (columns === undefined ? row : pick(row, columns));
  const shorten = nullData && shortening({ ...nullData, period }, columns, context);
  const chosen = (row: Uint8Array): Uint8Array => (shorten === undefined ? picked(row) : shorten(picked(row)));
  return after(chosenRows(source, selection, reading, context), (found): DataLike => {
    const { length } = found;
    const whole = newestFirst || compactArray === true;
    if (!whole && length !== undefined && length > fewRows) return streamed(found, length, chosen);
    const rows = [...found];
    if (newestFirst) rows.reverse();
    if (compactArray === true) return compacted(rows.map(picked));
    return { type: "encoded", octets: encodedArray(rows.map(chosen)) };
  });
}

// The maximum number of rows that are generated at once.
const fewRows = 16;

/** An array whose rows are generated while they are sent. */
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
        if (done === true) throw new Fault("bad-profile", `${left} rows are missing`, { layer: "cosem" });
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
  { newestFirst, scan = false, period = 0 }: Reading,
  context: Context,
): MaybePromise<Rows> {
  const all = (): MaybePromise<Rows> => source.entries(1, Number.POSITIVE_INFINITY, context);
  if (selection === undefined) return all();
  if (selection.by === "range") {
    const { from, to, column } = selection;
    if (from !== undefined && to !== undefined && from > to) return [];
    if (!scan) return source.range(from, to, context);
    return after(all(), (rows) => stampedWithin(rows, { from, to, column, period }, context));
  }
  if (selection.by === "value") {
    const { column } = selection;
    const has = (row: Uint8Array): boolean => selection.has(cellOf(elementsOf(row)[column] ?? noData));
    return after(all(), (rows) => [...rows].filter(has));
  }
  const { first, last } = selection;
  if (first > last) return [];
  if (!newestFirst) return source.entries(first, last, context);
  // In a buffer that starts with the newest row, entry 1 is the row that was captured last.
  return after(source.count(context), (count) =>
    first > count ? [] : source.entries(Math.max(1, count - last + 1), count - first + 1, context),
  );
}

const noData = Uint8Array.of(0);

interface Stamps {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly column: number;
  readonly period: number;
}

/** A time stamp of null-data is one period later than the previous one. */
function stampedWithin(rows: Rows, { from, to, column, period }: Stamps, { local }: Context): Uint8Array[] {
  let last: number | undefined;
  return [...rows].filter((row) => {
    const told = comparable(cellOf(elementsOf(row)[column] ?? noData), local);
    const stamp = told === undefined ? last && last + Math.abs(period) : Number(told);
    last = stamp;
    return stamp !== undefined && (from === undefined || stamp >= from) && (to === undefined || stamp <= to);
  });
}

/**
 * Replaces cells by null-data if they follow from the previous row: an equal value, or a time stamp one period later. The first row is not
 * changed, and neither is a row with a different number of columns.
 */
function shortening(
  { stamps, period }: { readonly stamps: readonly number[]; readonly period: number },
  columns: readonly number[] | undefined,
  { local }: Context,
): (row: Uint8Array) => Uint8Array {
  const places = stamps.map((at) => (columns === undefined ? at : columns.indexOf(at)));
  let before: readonly Uint8Array[] | undefined;
  const follows = (cell: Uint8Array, last: Uint8Array, place: number): boolean => {
    if (!places.includes(place) || period === 0) return sameOctets(cell, last);
    const [now, then] = [cell, last].map((one) => comparable(cellOf(one), local));
    return typeof now === "number" && typeof then === "number" && now - then === period;
  };
  return (row) => {
    const cells = elementsOf(row);
    const last = before;
    before = cells;
    if (last === undefined || last.length !== cells.length) return row;
    return encodedStructure(
      cells.map((cell, place) => (follows(cell, last[place] as Uint8Array, place) ? noData : cell)),
    );
  };
}

/** The rows as a compact-array; as an array if they do not all have the same type. */
function compacted(rows: readonly Uint8Array[]): DataLike {
  const plain: DataLike = { type: "encoded", octets: encodedArray(rows) };
  const value = rows.map((octets) => treeOf({ type: "encoded", octets }));
  const contents = describedAs(value);
  return contents === undefined ? plain : { type: "compact-array", contents, value };
}

function pick(row: Uint8Array, columns: readonly number[]): Uint8Array {
  const elements = elementsOf(row);
  return encodedStructure(columns.map((at) => elements[at] ?? noData));
}
