import { type Data, dataOf } from "@dlmskit/apdu";
import type { RestrictedObject } from "../classes/access/restriction.ts";
import type { Context, Selection } from "../object.ts";
import { refuse } from "../refusal.ts";
import { type CaptureObject, EntryDescriptor, isClock, RangeDescriptor } from "./selective-access.ts";

/** An attribute, and the selected rows if it is the buffer of a profile. */
export type RestrictedRows = CaptureObject & Partial<Pick<RestrictedObject, "restriction">>;

const bufferId = 2;

/** The columns of a profile. */
export function columnsOf({ classId, instanceId }: RestrictedRows, { device }: Context): readonly CaptureObject[] {
  const profile = device.find(classId, instanceId);
  const columns: unknown = profile === undefined ? undefined : device.values(profile).captureObjects;
  if (!Array.isArray(columns))
    throw refuse("other-reason", `${instanceId} is no profile whose rows could be restricted`);
  return columns as readonly CaptureObject[];
}

/** The selective access of a restriction; undefined: there is none. Throws other-reason if the rows cannot be restricted in that way. */
export function selectionOf(column: RestrictedRows, context: Context): Selection | undefined {
  if (column.attributeId !== bufferId) throw refuse("other-reason", "only the rows of a buffer are restricted");
  const value = column.restriction?.restrictionValue ?? null;
  if (value === null) return undefined;
  if ("fromEntry" in value) {
    return { selector: 2, parameters: dataOf(EntryDescriptor, { ...value, fromSelectedValue: 1, toSelectedValue: 0 }) };
  }
  const restrictingObject = columnsOf(column, context).find((one) => isClock(one, context));
  if (restrictingObject === undefined) throw refuse("other-reason", `${column.instanceId} captures no clock`);
  const [from, to] = [value.fromDate, value.toDate].map((date): Data => ({ type: "date-time", value: date }));
  const parameters = { restrictingObject, from: from as Data, to: to as Data, selectedValues: [] };
  return { selector: 1, parameters: dataOf(RangeDescriptor, parameters) };
}
