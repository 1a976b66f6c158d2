import { Fault, type LogicalName } from "@dlmskit/core";
import { captures, ProfileGeneric, ProfileGeneric0 } from "../classes/data/profile-generic.ts";
import { SortMethod } from "../classes/data/sort-method.ts";
import type { Timeline } from "../interface-class.ts";
import { after, type MaybePromise } from "../maybe-promise.ts";
import {
  type AnyObject,
  type Context,
  type CosemObject,
  type Hooks,
  object,
  type Selection,
  type TimeContext,
} from "../object.ts";
import { checkColumns, resetWithCaptors } from "../profile/captors.ts";
import { captureCells, noteStatus, ProfileStatusBit, type StatusObject, statusCell } from "../profile/capture.ts";
import { encodedStructure } from "../profile/elements.ts";
import { type RowSource, readRows } from "../profile/rows.ts";
import {
  type AnyColumn,
  type CaptureObject,
  isClock,
  RangeDescriptor,
  RangeDescriptor0,
  sameColumn,
  selectionOf,
} from "../profile/selective-access.ts";
import { isSorted, sortedIn } from "../profile/sorting.ts";
import { refuse } from "../refusal.ts";

/**
 * A column: an object and its attribute (2, its value, by default; 0 means all attributes), or an element of a structure in the attribute.
 */
export type Column =
  | AnyObject
  | CaptureObject
  | { readonly object: AnyObject; readonly attributeId?: number; readonly dataIndex?: number };

/** The capture object of a column. */
export function captureObject(column: Column): CaptureObject {
  if ("classId" in column) return column;
  const { object: from, attributeId = 2, dataIndex = 0 } = "spec" in column ? { object: column as AnyObject } : column;
  return { classId: from.spec.classId, instanceId: from.instance, attributeId, dataIndex };
}

export interface ProfileOptions {
  readonly capture: readonly Column[];
  /** The maximum number of rows. */
  readonly entries: number;
  /**
   * Seconds between captures, which take place at full multiples of the period in the meter's local time; 0 (no automatic capture) by
   * default.
   */
  readonly period?: number;
  /**
   * 1 (oldest first) to 6, as `SortMethod`; 1 by default. A buffer that is sorted by a value is written again at each capture that adds a
   * row: keep it short if the meter uses a store.
   */
  readonly sortMethod?: number;
  /** The column by which methods 3 to 6 sort. */
  readonly sortBy?: Column;
  /** The maximum value of profile_entries that a client can write; a higher value is reduced to it. No limit by default. */
  readonly maxEntries?: number;
  /** True: writing profile_entries keeps the rows that fit (with methods 1 and 2 the newest). By default it clears the buffer. */
  readonly resizeKeepsRows?: boolean;
  /** Cells whose value follows from the previous row are sent as null-data: an equal value, or a time stamp one period later. */
  readonly nullData?: boolean;
  /** The buffer is sent as a compact-array if all of its rows have the same types (version 1). */
  readonly compactArray?: boolean;
  /**
   * Rows for the time without power, in addition to the first regular row after it: one for each period boundary, at power-down, at
   * power-up. None by default.
   */
  readonly powerFailure?: {
    readonly fillMissing?: boolean;
    readonly entryAtPowerDown?: boolean;
    readonly entryAtPowerUp?: boolean;
  };
  /**
   * A column that is a status word of the interval: a Data object whose value is a number of bits (`ProfileStatusBit`). The profile sets a
   * bit when the power was off or the clock was set, captures the word together with daylight saving and the clock status, and then clears
   * it.
   */
  readonly status?: StatusObject;
  /** Rows from another source. Then nothing is captured or written, and the methods `reset` and `capture` do not exist. */
  readonly rows?: RowSource;
}

interface ProfileValues {
  captureObjects: readonly AnyColumn[];
  capturePeriod: number;
  sortMethod: number;
  sortObject: AnyColumn;
  profileEntries: number;
  capturedAfter?: number;
}

/** The rows that were captured into the object. */
const captured: RowSource = {
  count: ({ device, object: profile }) => device.rows(profile).count(),
  range: (from, to, { device, object: profile }) => device.rows(profile).range(from, to),
  entries: (first, last, { device, object: profile }) => device.rows(profile).entries(first, last),
};

const noSortObject = { classId: 0, instanceId: "0.0.0.0.0.0", attributeId: 0, dataIndex: 0 };
const everyRow = Number.POSITIVE_INFINITY;

/**
 * A profile: with `rows` it shows the rows of that source, otherwise its buffer is filled by `capture` (Blue Book 4.3.6). Fault
 * `bad-profile`.
 */
export function profileGeneric(
  instance: LogicalName,
  options: ProfileOptions,
  hooks: Hooks<typeof ProfileGeneric> = {},
): CosemObject<typeof ProfileGeneric> {
  const { values, behaviour } = made(options, RangeDescriptor);
  return object(
    ProfileGeneric,
    instance,
    { buffer: { type: "array", value: [] }, ...values } as never,
    {
      ...behaviour,
      ...hooks,
      read: { ...behaviour.read, ...hooks.read },
      write: { ...behaviour.write, ...hooks.write },
      invoke: { ...behaviour.invoke, ...hooks.invoke },
    } as Hooks<typeof ProfileGeneric>,
  );
}

/**
 * A profile of version 0: columns are whole attributes, and methods 3 and 4 return rows by range and by entry, as the selectors do. Fault
 * `bad-profile`.
 */
export function profileGeneric0(
  instance: LogicalName,
  options: Omit<ProfileOptions, "compactArray">,
  hooks: Hooks<typeof ProfileGeneric0> = {},
): CosemObject<typeof ProfileGeneric0> {
  const { values, behaviour, read } = made(options, RangeDescriptor0);
  const whole = ({ dataIndex = 0, ...column }: AnyColumn) => {
    if (dataIndex !== 0) throw bad("a profile of version 0 captures whole attributes");
    return column;
  };
  const first = {
    ...{ ...values, buffer: [], captureObjects: values.captureObjects.map(whole) },
    sortObject: whole(values.sortObject),
  };
  const selected = (selector: number) => (own: ProfileValues, parameters: Selection["parameters"], context: Context) =>
    read(own, context, { selector, parameters });
  return object(
    ProfileGeneric0,
    instance,
    first as never,
    {
      ...behaviour,
      ...hooks,
      read: { ...behaviour.read, ...hooks.read },
      write: { ...behaviour.write, ...hooks.write },
      invoke: { ...behaviour.invoke, getBufferByRange: selected(1), getBufferByIndex: selected(2), ...hooks.invoke },
    } as unknown as Hooks<typeof ProfileGeneric0>,
  );
}

const bad = (message: string): Fault => new Fault("bad-profile", message, { layer: "cosem" });

/** The part that both versions have in common. */
function made(options: ProfileOptions, descriptor: typeof RangeDescriptor | typeof RangeDescriptor0) {
  const { entries, period = 0, sortMethod = SortMethod.fifo, sortBy, rows } = options;
  if (!Number.isInteger(entries) || entries < 1) throw bad(`a profile keeps at least one entry, not ${entries}`);
  const captureObjects = options.capture.map(captureObject);
  const sortObject = sortBy === undefined ? noSortObject : captureObject(sortBy);
  if (isSorted(sortMethod) && !captureObjects.some((one) => sameColumn(one, sortObject))) {
    throw bad(`sort method ${sortMethod} needs one of the columns to sort by (\`sortBy\`)`);
  }
  const values = {
    ...{ captureObjects, capturePeriod: period, sortMethod, sortObject, entriesInUse: 0, profileEntries: entries },
  };
  const source = rows ?? captured;
  const read = (own: Readonly<ProfileValues>, context: Context, selection?: Selection) => {
    const stamps = own.captureObjects.flatMap((column, at) => (isClock(column, context) ? [at] : []));
    const newestFirst = own.sortMethod === SortMethod.lifo;
    const periodMs = own.capturePeriod * 1000;
    const reading = {
      ...{ newestFirst, compactArray: options.compactArray, period: newestFirst ? -periodMs : periodMs },
      scan: isOutOfOrder(own) || isSorted(own.sortMethod),
      nullData: options.nullData === true ? { stamps } : undefined,
    };
    const chosen =
      selection && selectionOf(selection, own.captureObjects, context, { descriptor, byAnyClock: rows !== undefined });
    return readRows(source, chosen, reading, context);
  };
  const reading = { buffer: read, entriesInUse: (_: unknown, context: Context) => source.count(context) };
  if (rows !== undefined) return { values, read, behaviour: { read: reading, write: unwritable } };
  return {
    values,
    read,
    behaviour: {
      time: timesOf(options),
      read: reading,
      write: { ...unwritable, ...writesOf(options) },
      invoke: {
        reset: (own: ProfileValues, _: number, context: Context) => reset(own, context),
        capture: (own: ProfileValues, _: number, context: Context) =>
          capture(own, context, context.now, options.status),
      },
    },
  };
}

function denied(): never {
  throw refuse("read-write-denied");
}
const unwritable = {
  ...{ buffer: denied, captureObjects: denied, capturePeriod: denied, sortMethod: denied, sortObject: denied },
  ...{ entriesInUse: denied, profileEntries: denied },
};

/** Whether the rows may be in another order than their time stamps. */
const isOutOfOrder = ({ capturedAfter = 0 }: Readonly<ProfileValues>): boolean => capturedAfter > 0;

function reset(own: ProfileValues, context: Context): void {
  if (isOutOfOrder(own)) own.capturedAfter = 0;
  resetWithCaptors(context);
}

/** Captures one row with a time stamp of full seconds of the meter's clock. `late`: the row belongs to an interval without power. */
function capture(
  own: ProfileValues,
  context: Context,
  at: number,
  status?: StatusObject,
  late = false,
): MaybePromise<void> {
  const { captureObjects } = own;
  const { device } = context;
  const statusPlace =
    status === undefined ? -1 : captureObjects.findIndex((column) => sameColumn(column, captureObject(status)));
  return after(captureCells(captureObjects, context, at), (cells) => {
    if (status !== undefined && statusPlace >= 0) {
      const more = late ? 1 << ProfileStatusBit.powerDown : 0;
      cells[statusPlace] = statusCell(cells[statusPlace] as Uint8Array, more, context, at);
      if (!late && device.get(status, "value") !== 0) device.set(status, "value", 0);
    }
    return keep(own, context, at, encodedStructure(cells));
  });
}

function keep(own: ProfileValues, context: Context, at: number, row: Uint8Array): MaybePromise<void> {
  const { captureObjects, sortMethod, sortObject, profileEntries, capturedAfter = 0 } = own;
  const rows = context.device.rows(context.object);
  const second = Math.floor(at / 1000) * 1000;
  // The rows are kept in the order of capture, even after the clock was set back.
  if (!isSorted(sortMethod)) return rows.append(Math.max(second, capturedAfter), row, profileEntries);
  const column = captureObjects.findIndex((one) => sameColumn(one, sortObject));
  const how = { sortMethod, column, keep: profileEntries, local: context.local };
  const insert = (before: Iterable<Uint8Array>): void => {
    const sorted = sortedIn([...before], row, how);
    if (sorted === undefined) return;
    rows.clear();
    for (const [place, one] of sorted.entries()) rows.append(place + 1, one, profileEntries);
  };
  // If the buffer is full, the last row is enough to decide whether the new row is kept.
  return after(rows.entries(profileEntries, profileEntries), (found) => {
    const last = [...found];
    if (last.length > 0 && sortedIn(last, row, { ...how, keep: 1 }) === undefined) return undefined;
    return after(rows.entries(1, everyRow), insert);
  });
}

function writesOf({ maxEntries = everyRow, resizeKeepsRows = false }: ProfileOptions) {
  const hasSortObject = (columns: readonly AnyColumn[], sortObject: AnyColumn, sortMethod: number): boolean =>
    (sortObject.classId === 0 && !isSorted(sortMethod)) || columns.some((one) => sameColumn(one, sortObject));
  const write =
    <K extends "captureObjects" | "capturePeriod" | "sortMethod" | "sortObject">(name: K) =>
    (own: ProfileValues, value: ProfileValues[K], context: Context): void => {
      const next = { ...own, [name]: value };
      if (name === "captureObjects") checkColumns(next.captureObjects, context);
      if (!hasSortObject(next.captureObjects, next.sortObject, next.sortMethod)) {
        throw refuse("other-reason", "the sort object is none of the capture objects");
      }
      own[name] = value;
      reset(own, context);
    };
  return {
    captureObjects: write("captureObjects"),
    capturePeriod: write("capturePeriod"),
    sortMethod: write("sortMethod"),
    sortObject: write("sortObject"),
    profileEntries(own: ProfileValues, value: number, context: Context): MaybePromise<void> {
      if (value < 1) throw refuse("other-reason", "a profile keeps at least one entry");
      own.profileEntries = Math.min(value, maxEntries);
      return resizeKeepsRows ? resize(own, context) : reset(own, context);
    },
  };
}

/** Keeps the rows that fit. */
function resize(own: ProfileValues, context: Context): MaybePromise<void> {
  const { profileEntries: most, sortMethod } = own;
  const rows = context.device.rows(context.object);
  return after(rows.entries(1, everyRow), (found) => {
    const all = [...found];
    if (all.length <= most) return;
    const kept = isSorted(sortMethod) ? all.slice(0, most) : all.slice(-most);
    rows.clear();
    for (const [place, row] of kept.entries()) rows.append(place + 1, row, most);
    // From now on only their order gives the places of the rows.
    if (!isSorted(sortMethod)) own.capturedAfter = Math.max(own.capturedAfter ?? 0, most + 1);
  });
}

type Times = Timeline<ProfileValues, Context, TimeContext>;

// An entry for a time without power is due half a millisecond after its instant, and the entry for a clock setting before all others: `run`
// distinguishes them by that.
const afterInstant = 0.5;

function timesOf({ powerFailure = {}, status }: ProfileOptions): Times {
  const { fillMissing = false, entryAtPowerDown = false, entryAtPowerUp = false } = powerFailure;
  return {
    ...(captures as unknown as Times),
    run(own, context, at) {
      if (at < 0) return clockMoved(own, context, -at, status);
      if (!Number.isInteger(at)) return capture(own, context, Math.floor(at), status, true);
      return captures.run(own, context, at);
    },
    poweredUp(_, context) {
      if (status !== undefined) noteStatus(status, ProfileStatusBit.powerDown, context);
    },
    *restored({ capturePeriod, profileEntries }, { local }, from, to) {
      if (entryAtPowerDown) yield Math.floor(from) + afterInstant;
      if (fillMissing && capturePeriod > 0) {
        const period = capturePeriod * 1000;
        let at = local.nextMultiple(period, Math.max(from, to - period * profileEntries));
        for (; at <= to; at = local.nextMultiple(period, at)) yield at + afterInstant;
      }
      if (entryAtPowerUp) yield Math.floor(to) + afterInstant;
    },
    moved: (_, __, from, to) => (to < from || status !== undefined ? [-from] : []),
  };
}

/** Rows that are captured from now on come after the earlier rows, whatever time the clock shows. */
function clockMoved(own: ProfileValues, context: Context, from: number, status: StatusObject | undefined): void {
  if (status !== undefined) noteStatus(status, ProfileStatusBit.clockAdjusted, context);
  if (context.now < from) own.capturedAfter = Math.max(own.capturedAfter ?? 0, Math.ceil(from));
}
