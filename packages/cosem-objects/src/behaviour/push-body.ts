import { type Data, type DataLike, dataOf, encodeData, T } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import type { RestrictedColumns, RestrictionByDate, RestrictionByEntry } from "../classes/access/restriction.ts";
import { ProfileGeneric, ProfileGeneric0 } from "../classes/data/profile-generic.ts";
import { after, attempt, type MaybePromise } from "../maybe-promise.ts";
import type { AnyObject, Context, Selection } from "../object.ts";
import { captureCells } from "../profile/capture.ts";
import { elementsOf, encodedArray, encodedStructure } from "../profile/elements.ts";
import {
  type AnyColumn,
  EntryDescriptor,
  isClock,
  RangeDescriptor,
  RangeDescriptor0,
  sameColumn,
} from "../profile/selective-access.ts";
import { refusalOf } from "../refusal.ts";
import { type ConfirmationValues, pushedRange } from "./push-confirmation.ts";

/** An element of push_object_list of any version. */
export type PushObject = Pick<RestrictedColumns, "classId" | "instanceId" | "attributeId"> &
  Partial<Pick<RestrictedColumns, "dataIndex" | "restriction" | "columns">>;

const noData = Uint8Array.of(0);

/** One encoded value of a push with its current value; null-data if it cannot be read. */
export function pushCell(element: PushObject, context: Context): MaybePromise<Uint8Array> {
  const { restriction, columns = [], classId, instanceId } = element;
  const type = restriction?.restrictionType ?? 0;
  if (type === 0 && columns.length === 0) {
    return after(captureCells([element], context, context.now), ([cell = noData]) => cell);
  }
  const profile = context.device.find(classId, instanceId);
  if (profile === undefined || classId !== ProfileGeneric.classId) return noData;
  return attempt(
    () =>
      after(context.device.get(element, selectionOf(element, profile, context)) as MaybePromise<DataLike>, (buffer) =>
        columnsOf(encodeData(buffer), columns, profile, context),
      ),
    (error) => {
      if (error instanceof Fault && error.layer === "server") throw error;
      if (refusalOf(error) === undefined) context.device.failed?.(`the push of ${instanceId}`, error);
      return noData;
    },
  );
}

const capturedBy = (profile: AnyObject, { device }: Context): readonly AnyColumn[] =>
  (device.values(profile) as { readonly captureObjects: readonly AnyColumn[] }).captureObjects;

/** The rows reduced to these columns, in the order of `columns`; without columns the rows are not changed. */
function columnsOf(
  buffer: Uint8Array,
  columns: readonly AnyColumn[],
  profile: AnyObject,
  context: Context,
): Uint8Array {
  if (columns.length === 0) return buffer;
  const captured = capturedBy(profile, context);
  const places = columns.map((column) => captured.findIndex((one) => sameColumn(one, column)));
  return encodedArray(
    elementsOf(buffer).map((row) => {
      const cells = elementsOf(row);
      return encodedStructure(places.map((place) => cells[place] ?? noData));
    }),
  );
}

/** The selective access for a restriction (class 7): rows from one instant to another or from one entry to another, both included. */
function selectionOf({ restriction }: PushObject, profile: AnyObject, context: Context): Selection | undefined {
  const value = restriction?.restrictionValue;
  if (restriction?.restrictionType === 2) {
    const { fromEntry, toEntry } = value as RestrictionByEntry;
    const entries = { fromEntry, toEntry, fromSelectedValue: 1, toSelectedValue: 0 };
    return { selector: 2, parameters: dataOf(EntryDescriptor, entries) as unknown as Data };
  }
  if (restriction?.restrictionType !== 1) return undefined;
  const { device, object: setup, local, now } = context;
  const { fromDate, toDate } = pushedRange(
    value as RestrictionByDate,
    device.values(setup) as ConfirmationValues,
    local,
    now,
  );
  const clock = capturedBy(profile, context).find((column) => isClock(column, context));
  const restrictingObject = clock ?? { classId: 8, instanceId: "0.0.1.0.0.255" as const, attributeId: 2 };
  const bound = (of: typeof fromDate): Data => dataOf(T.dateTimeOctets, of) as unknown as Data;
  const range = { from: bound(fromDate), to: bound(toDate), selectedValues: [] };
  const isFirst = profile.spec.version === ProfileGeneric0.version;
  const parameters = isFirst
    ? dataOf(RangeDescriptor0, { ...range, restrictingObject })
    : dataOf(RangeDescriptor, {
        ...range,
        restrictingObject: { ...restrictingObject, dataIndex: restrictingObject.dataIndex ?? 0 },
      });
  return { selector: 1, parameters: parameters as unknown as Data };
}
