import { type Data, type DataLike, dataOf, encodeData, T } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { hasAttribute } from "../attribute.ts";
import { Clock } from "../classes/time/clock.ts";
import { attributeIds } from "../interface-class.ts";
import { mostOctets } from "../list-size.ts";
import { after, afterEach, attempt, type MaybePromise } from "../maybe-promise.ts";
import type { AnyObject, Context, CosemObject } from "../object.ts";
import { refusalOf } from "../refusal.ts";
import { cellOf } from "./cells.ts";
import { elementsOf, encodedArray, encodedStructure } from "./elements.ts";
import { type AnyColumn, isClock } from "./selective-access.ts";

const noData = Uint8Array.of(0);
const profileClass = 7;
const bufferAttribute = 2;

/** Bits of the status that is captured with each row, as in meters of the IDIS family. */
export const ProfileStatusBit = {
  criticalError: 0,
  clockInvalid: 1,
  dataNotValid: 2,
  daylightSaving: 3,
  clockAdjusted: 5,
  powerDown: 7,
} as const;

/** An object whose value is a status word of the interval: a number used as bits. */
export type StatusObject = AnyObject;

/**
 * Reads all columns at one instant, as a GET would, in order; returns one encoded cell for each. An attribute or an element that cannot be
 * read is null-data, and so is everything after the first 1 MiB; errors of hooks are reported. `at`: the instant that the clock's column
 * shows.
 */
export function captureCells(columns: readonly AnyColumn[], context: Context, at: number): MaybePromise<Uint8Array[]> {
  let octets = 0;
  const counted = (cell: Uint8Array): Uint8Array => {
    octets += cell.length;
    return octets > mostOctets ? noData : cell;
  };
  const read = (column: AnyColumn): MaybePromise<Uint8Array> =>
    attempt(
      () => after(cellAt(column, context, at), counted),
      (error) => {
        // The unit of work has ended, or was refused as a whole.
        if (error instanceof Fault && error.layer === "server") throw error;
        if (refusalOf(error) === undefined) context.device.failed?.(`the capture of ${column.instanceId}`, error);
        return noData;
      },
    );
  return afterEach(columns, (column) => (octets > mostOctets ? noData : read(column)));
}

function cellAt(column: AnyColumn, context: Context, at: number): MaybePromise<Uint8Array> {
  const { device, now } = context;
  const { classId, attributeId, dataIndex = 0 } = column;
  if (attributeId === 0) return allAttributes(column, context);
  const data = at !== now && isClock(column, context) ? stampOf(column, context, at) : device.get(column);
  const isColumn = classId === profileClass && attributeId === bufferAttribute && dataIndex > 0;
  return after(data, (value) => {
    const octets = encodeData(value);
    if (dataIndex === 0) return octets;
    if (isColumn) return encodedArray(elementsOf(octets).map((row) => elementsOf(row)[dataIndex - 1] ?? noData));
    return elementsOf(octets)[dataIndex - 1] ?? noData;
  });
}

/** The value of the clock at another instant. */
function stampOf({ classId, instanceId }: AnyColumn, { device, local }: Context, at: number): DataLike {
  const clock = device.find(classId, instanceId) as CosemObject<typeof Clock>;
  return dataOf(T.dateTimeOctets, local.dateTimeOf(at, device.values(clock).status));
}

/** Attribute 0: a structure of all attributes. */
function allAttributes({ classId, instanceId }: AnyColumn, context: Context): MaybePromise<Uint8Array> {
  const { device } = context;
  const object = device.find(classId, instanceId);
  if (object === undefined) return noData;
  const ids = [1, ...attributeIds(object.spec)].filter((id) => hasAttribute(object, id));
  const columns = ids.map((attributeId): AnyColumn => ({ classId, instanceId, attributeId }));
  return after(captureCells(columns, context, context.now), encodedStructure);
}

/** The status word as it is captured: the bits noted for the interval, and the current bits of the clock. */
export function statusCell(cell: Uint8Array, more: number, { device, local }: Context, at: number): Uint8Array {
  const status = cellOf(cell);
  if (!("value" in status) || typeof status.value !== "number") return cell;
  const clock = device.objects.find(({ spec }) => spec.classId === Clock.classId) as
    | CosemObject<typeof Clock>
    | undefined;
  const invalid = clock !== undefined && (device.values(clock).status & 1) === 1;
  const bits =
    (local.isDaylight(at) ? 1 << ProfileStatusBit.daylightSaving : 0) |
    (invalid ? (1 << ProfileStatusBit.clockInvalid) | (1 << ProfileStatusBit.dataNotValid) : 0);
  return encodeData({ ...status, value: status.value | bits | more } as Data);
}

/** Sets a bit in the status word of the current interval. */
export function noteStatus(status: StatusObject, bit: number, { device }: Pick<Context, "device">): void {
  const before: unknown = device.get(status, "value");
  if (typeof before === "number") device.set(status, "value", before | (1 << bit));
}
