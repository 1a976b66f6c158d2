import { type Data, fromData, T } from "@dlmskit/apdu";
import { Fault, instantOf, type LogicalName, type Of } from "@dlmskit/core";
import { clockAttribute } from "../interface-class.ts";
import type { Context, Selection } from "../object.ts";
import { parametersOf } from "../object-list.ts";
import { refuse } from "../refusal.ts";

/** An element of capture_objects: the attribute to capture; data index 0 is the whole of it, n its n-th element. */
export const CaptureObject = T.structure({
  classId: T.longUnsigned,
  instanceId: T.logicalName,
  attributeId: T.integer,
  dataIndex: T.longUnsigned,
});
export type CaptureObject = Of<typeof CaptureObject>;

/** Parameters of selector 1 (Blue Book, Profile generic). */
export const RangeDescriptor = T.structure({
  restrictingObject: CaptureObject,
  from: T.any,
  to: T.any,
  selectedValues: T.array(CaptureObject),
});
/** Parameters of selector 2: entries and columns from 1; 0 as the last means the last there is. */
export const EntryDescriptor = T.structure({
  fromEntry: T.doubleLongUnsigned,
  toEntry: T.doubleLongUnsigned,
  fromSelectedValue: T.longUnsigned,
  toSelectedValue: T.longUnsigned,
});

/** What to read of a buffer. Times are ms since 1970 UTC; columns are indexes from 0, undefined means all. */
export type BufferSelection =
  | {
      readonly by: "range";
      readonly from: number | undefined;
      readonly to: number | undefined;
      readonly columns?: number[];
    }
  | { readonly by: "entry"; readonly first: number; readonly last: number; readonly columns?: number[] };

const same = (one: CaptureObject, other: CaptureObject): boolean =>
  one.classId === other.classId &&
  one.instanceId === other.instanceId &&
  one.attributeId === other.attributeId &&
  one.dataIndex === other.dataIndex;

/** Whether it is the attribute of a clock that capture times are: what a range may be restricted by. */
function isClock({ classId, instanceId, attributeId }: CaptureObject, { device }: Pick<Context, "device">): boolean {
  const spec = device.find(classId, instanceId)?.spec;
  return spec !== undefined && clockAttribute(spec) === attributeId;
}

/** Whatever a client writes a time as: octet-string or date-time; null-data or a year that is not specified is no bound. */
function instant(data: Data, deviation: number): number | undefined {
  if (data.type === "null-data") return undefined;
  const isTime = data.type === "date-time" || (data.type === "octet-string" && data.value.length === 12);
  if (!isTime) throw refuse("other-reason", `a range is told in date-times, not ${data.type}`);
  const value = data.type === "date-time" ? data.value : fromData(T.dateTimeOctets, data);
  if (value.year === null) return undefined;
  const time = instantOf(value, deviation);
  // A time that means nothing must not turn into "no bound": that would give the whole buffer.
  if (time === undefined) throw refuse("other-reason", "the range has a time that is none");
  return time;
}

/**
 * Understands a selective access to a buffer. Refuses with `other-reason` what it cannot serve exactly: another selector, a wrong
 * shape, a restricting object that is no clock, a column that is not captured, entry 0. Never serves more than was asked.
 */
export function selectionOf(
  { selector, parameters }: Selection,
  captureObjects: readonly CaptureObject[],
  context: Pick<Context, "deviation" | "device">,
): BufferSelection {
  if (selector === 1) {
    const range = parametersOf(RangeDescriptor, parameters);
    if (!isClock(range.restrictingObject, context)) throw refuse("other-reason", "only a clock can restrict a range");
    const columns = range.selectedValues.map((wanted) => {
      const at = captureObjects.findIndex((one) => same(one, wanted));
      if (at < 0) throw refuse("other-reason", `${wanted.instanceId} is not captured`);
      return at;
    });
    const bounds = guarded(() => ({
      from: instant(range.from, context.deviation),
      to: instant(range.to, context.deviation),
    }));
    return { by: "range", ...bounds, ...(columns.length === 0 ? {} : { columns }) };
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

/** The clock of the meter, as a capture object: logical name 0.0.1.0.0.255 unless told otherwise. */
export const clockColumn = (instanceId: LogicalName = "0.0.1.0.0.255"): CaptureObject => ({
  classId: 8,
  instanceId,
  attributeId: 2,
  dataIndex: 0,
});
