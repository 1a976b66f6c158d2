import { type Data, T } from "@dlmskit/apdu";
import { Fault, type LogicalName, type Of } from "@dlmskit/core";
import { ValueDefinition } from "../classes/common-types.ts";
import { clockAttribute } from "../interface-class.ts";
import type { Context, Selection } from "../object.ts";
import { parametersOf } from "../object-list.ts";
import { refuse } from "../refusal.ts";
import { boundOf, comparable, dateTimeIn } from "./cells.ts";

/** An element of capture_objects: the attribute to capture; data index 0 means the whole attribute, n its n-th element. */
export const CaptureObject = T.structure({
  classId: T.longUnsigned,
  instanceId: T.logicalName,
  attributeId: T.integer,
  dataIndex: T.longUnsigned,
});
export type CaptureObject = Of<typeof CaptureObject>;
/** A capture object of any version of the class. */
export type AnyColumn = Omit<CaptureObject, "dataIndex"> & { readonly dataIndex?: number };

/** Parameters of selector 1 (Blue Book, Profile generic). */
export const RangeDescriptor = T.structure({
  restrictingObject: CaptureObject,
  from: T.any,
  to: T.any,
  selectedValues: T.array(CaptureObject),
});
/** Parameters of selector 1 in version 0. */
export const RangeDescriptor0 = T.structure({
  restrictingObject: ValueDefinition,
  from: T.any,
  to: T.any,
  selectedValues: T.array(ValueDefinition),
});
interface RangeParameters {
  readonly restrictingObject: AnyColumn;
  readonly from: Data;
  readonly to: Data;
  readonly selectedValues: readonly AnyColumn[];
}
/** Parameters of selector 2: entries and columns count from 1; 0 as the last one means the last existing one. */
export const EntryDescriptor = T.structure({
  fromEntry: T.doubleLongUnsigned,
  toEntry: T.doubleLongUnsigned,
  fromSelectedValue: T.longUnsigned,
  toSelectedValue: T.longUnsigned,
});

/** The part of a buffer to read. Columns are indexes from 0, undefined means all columns. */
export type BufferSelection =
  /** By the instant of capture: ms since 1970 UTC. `column`: the column with the time stamp. */
  | {
      readonly by: "range";
      readonly from: number | undefined;
      readonly to: number | undefined;
      readonly column: number;
      readonly columns?: number[];
    }
  /** By the values of a column. Throws type-unmatched if a cell is of another type than the bounds. */
  | { readonly by: "value"; readonly column: number; has(cell: Data): boolean; readonly columns?: number[] }
  | { readonly by: "entry"; readonly first: number; readonly last: number; readonly columns?: number[] };

/** Whether two capture objects are equal; version 0 has no data index. */
export const sameColumn = (one: AnyColumn, other: AnyColumn): boolean =>
  one.classId === other.classId &&
  one.instanceId === other.instanceId &&
  one.attributeId === other.attributeId &&
  (one.dataIndex ?? 0) === (other.dataIndex ?? 0);

/** Whether it is the attribute of a clock that gives the capture times, by which a range can be restricted. */
export function isClock({ classId, instanceId, attributeId }: AnyColumn, { device }: Pick<Context, "device">): boolean {
  const spec = device.find(classId, instanceId)?.spec;
  return spec !== undefined && clockAttribute(spec) === attributeId;
}

const wrongType = (): Fault => refuse("type-unmatched", "a bound of the range is of another type than the column");

/** The bound of a range of instants, from an octet-string or a date-time; null-data, or a date-time without a year, is no bound. */
function instant(data: Data, side: "from" | "to", { local }: Pick<Context, "local">): number | undefined {
  if (data.type === "null-data") return undefined;
  const value = dateTimeIn(data);
  if (value === undefined) {
    throw data.type === "octet-string" ? refuse("other-reason", "a bound is no date-time") : wrongType();
  }
  const bound = boundOf(value, side, local);
  // An invalid time must not be treated as "no bound": the whole buffer would be returned.
  if (bound === undefined) throw refuse("other-reason", "the range has a time that is none");
  return bound === "none" ? undefined : bound;
}

/** Whether cells are within bounds; both bounds belong to the range. */
function within(from: Data, to: Data, context: Pick<Context, "local">): (cell: Data) => boolean {
  const { local } = context;
  const bounds = [from, to].filter(({ type }) => type !== "null-data");
  const isTime = bounds.length > 0 && bounds.every((bound) => dateTimeIn(bound) !== undefined);
  const [low, high] = isTime
    ? [instant(from, "from", context), instant(to, "to", context)]
    : [comparable(from, local), comparable(to, local)];
  if (!isTime && bounds.some((bound) => comparable(bound, local) === undefined)) {
    throw refuse("other-reason", "a range is told in numbers or date-times");
  }
  return (cell) => {
    if (cell.type === "null-data") return false;
    const matches = isTime ? dateTimeIn(cell) !== undefined : bounds.every(({ type }) => type === cell.type);
    if (!matches) throw wrongType();
    const value = comparable(cell, local);
    return value !== undefined && (low === undefined || value >= low) && (high === undefined || value <= high);
  };
}

export interface SelectionOptions {
  /** Parameters of selector 1 in the version of the class; version 1 by default. */
  readonly descriptor?: typeof RangeDescriptor | typeof RangeDescriptor0;
  /** The meter's clock restricts the range by the time of capture, even if it is not a column: the source of the rows knows the times. */
  readonly byAnyClock?: boolean;
}

/**
 * Decodes a selective access to a buffer. Refuses a selective access that it cannot serve exactly. With `other-reason`: another selector,
 * parameters of a wrong form, a restricting object or a column that is not captured, entry 0; with `type-unmatched`: range bounds that are
 * not date-times although the restricting object is a clock. It never selects more than was requested.
 */
export function selectionOf(
  { selector, parameters }: Selection,
  captureObjects: readonly AnyColumn[],
  context: Pick<Context, "local" | "device">,
  { descriptor = RangeDescriptor, byAnyClock = false }: SelectionOptions = {},
): BufferSelection {
  if (selector === 1) {
    const range = parametersOf<RangeParameters>(descriptor as typeof RangeDescriptor, parameters);
    const find = (wanted: AnyColumn): number => captureObjects.findIndex((one) => sameColumn(one, wanted));
    const placeOf = (wanted: AnyColumn): number => {
      const at = find(wanted);
      if (at < 0) throw refuse("other-reason", `${wanted.instanceId} is not captured`);
      return at;
    };
    const isTime = isClock(range.restrictingObject, context);
    const column = isTime && byAnyClock ? find(range.restrictingObject) : placeOf(range.restrictingObject);
    // In the order of capture_objects, regardless of the order in the request.
    const columns = [...new Set(range.selectedValues.map(placeOf))].sort((one, other) => one - other);
    const chosen = columns.length === 0 ? {} : { columns };
    const { from, to } = range;
    return guarded((): BufferSelection => {
      if (!isTime) return { by: "value", column, has: within(from, to, context), ...chosen };
      return { by: "range", column, from: instant(from, "from", context), to: instant(to, "to", context), ...chosen };
    });
  }
  if (selector !== 2) throw refuse("other-reason", `a buffer has no selector ${selector}`);
  const entry = parametersOf(EntryDescriptor, parameters);
  if (entry.fromEntry === 0) throw refuse("other-reason", "entries are counted from 1");
  const all = captureObjects.length;
  const lastColumn = entry.toSelectedValue === 0 ? all : entry.toSelectedValue;
  const firstColumn = entry.fromSelectedValue;
  if (firstColumn < 1 || lastColumn > all || firstColumn > lastColumn) {
    throw refuse("other-reason", `columns ${firstColumn} to ${lastColumn} of ${all}`);
  }
  const columns = Array.from({ length: lastColumn - firstColumn + 1 }, (_, at) => firstColumn - 1 + at);
  return {
    by: "entry",
    first: entry.fromEntry,
    last: entry.toEntry === 0 ? Number.POSITIVE_INFINITY : entry.toEntry,
    ...(columns.length === all ? {} : { columns }),
  };
}

function guarded<V>(run: () => V): V {
  try {
    return run();
  } catch (caught) {
    if (caught instanceof Fault && caught.layer === "cosem") throw caught;
    throw refuse("other-reason", caught instanceof Error ? caught.message : String(caught));
  }
}

/** The clock of the meter, as a capture object: logical name 0.0.1.0.0.255 by default. */
export const clockColumn = (instanceId: LogicalName = "0.0.1.0.0.255"): CaptureObject => ({
  classId: 8,
  instanceId,
  attributeId: 2,
  dataIndex: 0,
});
