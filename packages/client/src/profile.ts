import { type Data, type DataLike, dataOf, fromData, T } from "@dlmskit/apdu";
import type { AttributeReference, GetResult } from "@dlmskit/association";
import { CosemDateTime, dateTimeOf, encode, Fault, type LogicalName } from "@dlmskit/core";
import {
  CaptureObject,
  clockAttribute,
  clockColumn,
  EntryDescriptor,
  findClass,
  obisName,
  RangeDescriptor,
  scalerUnitAttribute,
  type Unit,
  UnitCodec,
} from "@dlmskit/cosem-objects";
import { type ProfileColumn, type ProfileRow, rowsOf } from "./profile-rows.ts";

/** A point in time: ms since 1970-01-01T00:00Z, or a date-time that is sent to the meter unchanged. */
export type Moment = number | CosemDateTime;

/** Which rows: by capture time (`from` and `to` are included and optional), by entry (from 1; 0 as the last entry: to the end), or all. */
export type ProfileSelection =
  | {
      readonly from?: Moment;
      readonly to?: Moment;
      readonly columns?: readonly CaptureObject[];
      readonly entries?: never;
    }
  | { readonly entries: readonly [first: number, last: number]; readonly from?: never; readonly to?: never };

export interface Profile {
  readonly columns: readonly ProfileColumn[];
  readonly rows: readonly ProfileRow[];
}

interface Reads {
  get(reference: AttributeReference): Promise<Data>;
  get(references: readonly AttributeReference[]): Promise<readonly GetResult[]>;
}

const profileGeneric = 7;
const captureObjects = T.array(CaptureObject);
const scalerUnit = T.structure({ scaler: T.integer, unit: UnitCodec });
/** The attribute with scaler and unit of a column; undefined if the column has none. */
function scalerUnitOf({ classId, attributeId }: CaptureObject): number | undefined {
  const spec = findClass(classId);
  return spec && scalerUnitAttribute(spec, attributeId);
}

/** Reads a profile: its columns, their units, and the rows of the selection. */
export async function readProfile(
  session: Reads,
  instanceId: LogicalName,
  selection: ProfileSelection,
): Promise<Profile> {
  const attribute = (attributeId: number) => ({ classId: profileGeneric, instanceId, attributeId });
  const captured = fromData(captureObjects, await session.get(attribute(3)));
  const access = accessOf(selection, captured);
  const buffer = await session.get({ ...attribute(2), ...(access === undefined ? {} : { access }) });
  const columns = await describe(session, selection.entries === undefined ? (selection.columns ?? captured) : captured);
  const rows = await rowsOf(buffer, columns, async () =>
    fromData(T.doubleLongUnsigned, await session.get(attribute(4))),
  );
  return { columns, rows };
}

function accessOf(selection: ProfileSelection, captured: readonly CaptureObject[]): AttributeReference["access"] {
  if (selection.entries !== undefined) {
    const [fromEntry, toEntry] = selection.entries;
    const parameters = dataOf(EntryDescriptor, { fromEntry, toEntry, fromSelectedValue: 1, toSelectedValue: 0 });
    return { selector: 2, parameters };
  }
  const { from, to, columns } = selection;
  if (from === undefined && to === undefined && columns === undefined) return undefined;
  const restrictingObject = captured.find(isTime) ?? clockColumn();
  const parameters: DataLike = dataOf(RangeDescriptor, {
    restrictingObject,
    from: dateTime(from ?? 0),
    to: dateTime(to ?? farAway),
    selectedValues: [...(columns ?? [])],
  });
  return { selector: 1, parameters };
}

// The last day that every meter supports: it is sent as the upper limit if there is no limit.
const farAway = Date.UTC(2099, 11, 31, 23, 59, 59);

function dateTime(moment: Moment): Data {
  const value = typeof moment === "number" ? dateTimeOf(moment) : moment;
  return { type: "octet-string", value: encode(CosemDateTime, value) };
}

function isTime({ classId, attributeId }: CaptureObject): boolean {
  const spec = findClass(classId);
  return spec !== undefined && clockAttribute(spec) === attributeId;
}

/** Names, units and scalers; a unit that cannot be read is omitted. */
async function describe(session: Reads, captured: readonly CaptureObject[]): Promise<ProfileColumn[]> {
  const wanted = captured.flatMap((column) => {
    const attributeId = scalerUnitOf(column);
    return attributeId === undefined ? [] : [{ classId: column.classId, instanceId: column.instanceId, attributeId }];
  });
  const results = wanted.length === 0 ? [] : await session.get(wanted);
  const units = new Map<string, { scaler: number; unit: Unit }>();
  results.forEach((result, at) => {
    const { classId, instanceId } = wanted[at] as AttributeReference;
    const found = "data" in result ? unitIn(result.data) : undefined;
    if (found !== undefined) units.set(`${classId} ${instanceId}`, found);
  });
  return captured.map((column) => {
    const name = obisName(column.instanceId);
    const scaled = units.get(`${column.classId} ${column.instanceId}`);
    return {
      ...column,
      ...(name === undefined ? {} : { name }),
      ...(scaled === undefined || scalerUnitOf(column) === undefined ? {} : scaled),
      time: isTime(column),
    };
  });
}

function unitIn(data: DataLike): { scaler: number; unit: Unit } | undefined {
  try {
    return fromData(scalerUnit, data);
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}
