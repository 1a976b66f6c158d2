import { type DataLike, type StreamPart, treeOf } from "@dlmskit/apdu";
import { Fault, sameOctets } from "@dlmskit/core";
import { after, type MaybePromise } from "../maybe-promise.ts";
import type { Context } from "../object.ts";
import { cellOf, comparable } from "./cells.ts";
import { describedAs } from "./description.ts";
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

/** How a buffer is read. */
export interface Reading {
  /** The order of sort method 2 (last in, first out). */
  readonly newestFirst: boolean;
  /** Rows are not in the order of their stamps: a range of instants looks at each. */
  readonly scan?: boolean;
  /** From one row to the next, ms; 0: they come as they come. */
  readonly period?: number;
  /** A cell is null-data where it follows from the row before. `stamps`: the columns with the time. */
  readonly nullData?: { readonly stamps: readonly number[] } | undefined;
  /** Rows are sent as a compact-array, where they are all of one type. */
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
  // Entry 1 of a buffer that starts with the newest is the last that was captured.
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

/** A stamp of null-data is one period after the one before it. */
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
 * Makes cells null-data that follow from the row before: the same value; a stamp that is one period after the one before. The first
 * row is left complete, and so is a row of another length.
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

/** Rows as a compact-array; as an array where they are not all of one type. */
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
