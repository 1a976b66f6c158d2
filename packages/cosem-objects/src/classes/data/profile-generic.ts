import { type DataLike, encodeData, T } from "@dlmskit/apdu";
import { Fault, type LogicalName } from "@dlmskit/core";
import { hasMethod } from "../../attribute.ts";
import { interfaceClass, type Timeline, timeOrder, type Values } from "../../interface-class.ts";
import { after, afterEach, type MaybePromise } from "../../maybe-promise.ts";
import { type AnyObject, type Context, type CosemObject, type Hooks, object, type TimeContext } from "../../object.ts";
import { elementsOf, encodedStructure } from "../../profile/elements.ts";
import { type RowSource, readRows } from "../../profile/rows.ts";
import { CaptureObject, selectionOf } from "../../profile/selective-access.ts";
import { ValueDefinition } from "../common-types.ts";

const captureMethod = 2;

/** A row at every full multiple of the period in local time, where the object captures at all (Blue Book 4.3.6.2.4). */
const captures: Timeline<{ capturePeriod: number; profileEntries: number }, Context, TimeContext> = {
  acts: ({ invoke }) => invoke?.capture !== undefined,
  next({ capturePeriod }, { object: profile, local }, after) {
    if (!(capturePeriod > 0) || !hasMethod(profile, captureMethod)) return undefined;
    return local.nextMultiple(capturePeriod * 1000, after);
  },
  run: (_, { device, object: profile }) => device.invoke(profile, captureMethod),
  missed: "each",
  order: timeOrder.capture,
  since: ({ capturePeriod, profileEntries }, _, now) => now - capturePeriod * profileEntries * 1000,
};

/** How the rows of a buffer are sorted. */
export const SortMethod = {
  fifo: 1,
  lifo: 2,
  largest: 3,
  smallest: 4,
  nearestToZero: 5,
  furthestFromZero: 6,
} as const;

/** Profile generic (class 7, version 0): columns without a data index, selective access by methods. */
export const ProfileGeneric0 = interfaceClass({
  classId: 7,
  version: 0,
  name: "Profile generic",
  attributes: {
    buffer: { id: 2, type: T.array(T.anyOf("structure")), static: false },
    captureObjects: { id: 3, type: T.array(ValueDefinition), static: true, access: "r" },
    capturePeriod: { id: 4, type: T.doubleLongUnsigned, static: true, access: "r", unit: "s" },
    sortMethod: { id: 5, type: T.enumOf(SortMethod), static: true, access: "r" },
    sortObject: { id: 6, type: ValueDefinition, static: true, access: "r" },
    entriesInUse: { id: 7, type: T.doubleLongUnsigned, static: false },
    profileEntries: { id: 8, type: T.doubleLongUnsigned, static: true, access: "r" },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
    capture: { id: captureMethod, argument: T.integer },
    getBufferByRange: { id: 3, argument: T.any },
    getBufferByIndex: { id: 4, argument: T.any },
  },
  confidence: "medium",
  methodOffset: 0x58,
});

/** Profile generic (class 7, version 1; Blue Book 4.3.6). */
export const ProfileGeneric = interfaceClass({
  classId: 7,
  version: 1,
  name: "Profile generic",
  attributes: {
    buffer: { id: 2, type: T.anyOf("array", "compact-array"), static: false, selectors: [1, 2], volatile: true },
    captureObjects: { id: 3, type: T.array(CaptureObject), static: true, access: "r" },
    /** 0: not captured by itself. */
    capturePeriod: { id: 4, type: T.doubleLongUnsigned, static: true, access: "r", unit: "s" },
    /** Largest to furthest from zero are a row source's own business. */
    sortMethod: { id: 5, type: T.enumOf(SortMethod), static: true, access: "r" },
    sortObject: { id: 6, type: CaptureObject, static: true, access: "r" },
    entriesInUse: { id: 7, type: T.doubleLongUnsigned, static: false },
    profileEntries: { id: 8, type: T.doubleLongUnsigned, static: true, access: "r" },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
    capture: { id: captureMethod, argument: T.integer },
  },
  methodOffset: 0x58,
  traits: { rows: { buffer: "buffer", columns: "captureObjects" }, period: { capture: "capturePeriod" } },
  time: captures,
});
type ProfileValues = Values<typeof ProfileGeneric>;

/** A column: an object and its attribute (2, its value, unless told otherwise), or the element of a structure in it. */
export type Column =
  | AnyObject
  | CaptureObject
  | { readonly object: AnyObject; readonly attributeId?: number; readonly dataIndex?: number };

/** The capture object that a column means. */
export function captureObject(column: Column): CaptureObject {
  if ("classId" in column) return column;
  const { object: from, attributeId = 2, dataIndex = 0 } = "spec" in column ? { object: column as AnyObject } : column;
  return { classId: from.spec.classId, instanceId: from.instance, attributeId, dataIndex };
}

export interface ProfileOptions {
  readonly capture: readonly Column[];
  /** How many rows it keeps at most. */
  readonly entries: number;
  /** Seconds between captures, on the full multiple of the meter's local time; 0 (no capture by itself) unless told otherwise. */
  readonly period?: number;
  /** 1 (oldest first) unless told otherwise. */
  readonly sortMethod?: 1 | 2;
  /** Rows that come from elsewhere: then nothing is captured, and there are no methods. */
  readonly rows?: RowSource;
}

/** The rows that were captured into the object. */
const captured: RowSource = {
  count: ({ device, object: profile }) => device.rows(profile).count(),
  range: (from, to, { device, object: profile }) => device.rows(profile).range(from, to),
  entries: (first, last, { device, object: profile }) => device.rows(profile).entries(first, last),
};

/** A profile: with `rows` from a source of its own, otherwise a ring that `capture` fills. Fault `bad-profile`. */
export function profileGeneric(
  instance: LogicalName,
  options: ProfileOptions,
  hooks: Hooks<typeof ProfileGeneric> = {},
): CosemObject<typeof ProfileGeneric> {
  const { entries, period = 0, sortMethod = 1, rows } = options;
  if (!Number.isInteger(entries) || entries < 1) {
    throw new Fault("bad-profile", `a profile keeps at least one entry, not ${entries}`, { layer: "cosem" });
  }
  const captureObjects = options.capture.map(captureObject);
  const source = rows ?? captured;
  return object(
    ProfileGeneric,
    instance,
    {
      buffer: { type: "array", value: [] },
      captureObjects,
      capturePeriod: period,
      sortMethod,
      sortObject: { classId: 0, instanceId: "0.0.0.0.0.0", attributeId: 0, dataIndex: 0 },
      entriesInUse: 0,
      profileEntries: entries,
    },
    {
      ...hooks,
      read: {
        buffer: (values, context, selection) =>
          readRows(
            source,
            selection && selectionOf(selection, values.captureObjects, context),
            values.sortMethod === 2,
            context,
          ),
        entriesInUse: (_, context) => source.count(context),
        ...hooks.read,
      },
      invoke: {
        ...(rows === undefined
          ? {
              reset: (_: ProfileValues, __: number, context: Context) => context.device.rows(context.object).clear(),
              capture: captureRow,
            }
          : {}),
        ...hooks.invoke,
      },
    },
  );
}

/** Captures one row, at the second that the meter's clock shows: reads every column and keeps the encoded row. */
function captureRow(values: ProfileValues, _argument: number, context: Context): MaybePromise<void> {
  const time = Math.floor(context.now / 1000) * 1000;
  const elements = afterEach(values.captureObjects, (column) =>
    after(context.device.get(column), (data) => elementOf(data, column.dataIndex)),
  );
  return after(elements, (row) =>
    context.device.rows(context.object).append(time, encodedStructure(row), values.profileEntries),
  );
}

function elementOf(data: DataLike, dataIndex: number): Uint8Array {
  const octets = encodeData(data);
  if (dataIndex === 0) return octets;
  const element = elementsOf(octets)[dataIndex - 1];
  if (element === undefined) {
    throw new Fault("bad-profile", `the attribute has no element ${dataIndex}`, { layer: "cosem" });
  }
  return element;
}
