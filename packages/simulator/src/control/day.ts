import { type Data, treeOf } from "@dlmskit/apdu";
import { type ProfileColumn, type ProfileRow, profileRows } from "@dlmskit/client";
import { CosemDateTime, dateTimeOf, encode, Fault, instantOf, type LogicalName } from "@dlmskit/core";
import {
  type AnyObject,
  type CaptureObject,
  type ClassSpec,
  clockAttribute,
  type DeviceView,
  ProfileGeneric,
} from "@dlmskit/cosem-objects";
import type { SimulatorTemplate } from "../templates/template.ts";
import { scaleOf } from "./values.ts";

/** The rows of a profile in a span of time: its numeric columns. */
export interface ProfileChart {
  readonly instanceId: LogicalName;
  readonly name?: string;
  readonly columns: readonly {
    readonly instanceId: LogicalName;
    readonly attributeId: number;
    readonly name?: string;
    readonly unit?: string;
  }[];
  /** `at`: ms since 1970 UTC. The values are scaled; null: no number. */
  readonly rows: readonly { readonly at: number; readonly values: readonly (number | null)[] }[];
}

/** Rows of one answer. A day has 1440 minutes. */
const mostRows = 1500;
/** A load profile captures at least once in this time, s. */
const longestPeriod = 3600;

interface Profile {
  readonly object: AnyObject;
  readonly capture: readonly CaptureObject[];
  readonly period: number;
}

const stampOf = (capture: readonly CaptureObject[], device: DeviceView): number =>
  capture.findIndex(({ classId, instanceId, attributeId }) => {
    const spec = device.find(classId, instanceId)?.spec as ClassSpec | undefined;
    return spec !== undefined && clockAttribute(spec) === attributeId;
  });

function profileOf(device: DeviceView, object: AnyObject): Profile | undefined {
  if (object.spec.classId !== ProfileGeneric.classId || object.spec.version !== ProfileGeneric.version)
    return undefined;
  const { captureObjects, capturePeriod } = device.values(object as never) as {
    captureObjects: readonly CaptureObject[];
    capturePeriod: number;
  };
  return { object, capture: captureObjects, period: capturePeriod };
}

/** The load profile of a meter: the profile with a capture time whose period is the shortest. Undefined: it has none. */
export function loadProfileOf(device: DeviceView): AnyObject | undefined {
  return device.objects
    .flatMap((object) => profileOf(device, object) ?? [])
    .filter(({ capture, period }) => period > 0 && period <= longestPeriod && stampOf(capture, device) >= 0)
    .sort((one, other) => one.period - other.period)[0]?.object;
}

const boundOf = (instant: number): Data => ({
  type: "octet-string",
  value: encode(CosemDateTime, dateTimeOf(instant, 0)),
});

/** The selection by a range of capture times (Blue Book, Profile generic, selector 1). */
const rangeOf = (column: CaptureObject, from: number, to: number): Data => ({
  type: "structure",
  value: [
    {
      type: "structure",
      value: [
        { type: "long-unsigned", value: column.classId },
        { type: "octet-string", value: Uint8Array.from(column.instanceId.split(".").map(Number)) },
        { type: "integer", value: column.attributeId },
        { type: "long-unsigned", value: column.dataIndex },
      ],
    },
    boundOf(from),
    boundOf(to),
    { type: "array", value: [] },
  ],
});

async function columnOf(
  device: DeviceView,
  { nameOf }: Pick<SimulatorTemplate, "nameOf">,
  capture: CaptureObject,
  time: boolean,
): Promise<ProfileColumn> {
  const object = device.find(capture.classId, capture.instanceId);
  const name = object && nameOf?.(object);
  const scale = object && (await scaleOf(device, object, capture.attributeId));
  return { ...capture, time, ...(name === undefined ? {} : { name }), ...scale };
}

/**
 * The rows of a profile from one instant to another, ms since 1970 UTC, as a client would read them. Faults `no-object` (it is no profile),
 * `no-day` (it has no capture time).
 */
export async function profileChart(
  device: DeviceView,
  template: Pick<SimulatorTemplate, "nameOf">,
  object: AnyObject,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<ProfileChart> {
  const profile = profileOf(device, object);
  if (profile === undefined) {
    throw new Fault("no-object", `object ${object.instance} is not a Profile generic`, { layer: "simulator" });
  }
  const { capture, period } = profile;
  const stamp = stampOf(capture, device);
  if (stamp < 0) {
    throw new Fault("no-day", `profile ${object.instance} has no column with the capture time`, { layer: "simulator" });
  }
  const columns = await Promise.all(capture.map((one, at) => columnOf(device, template, one, at === stamp)));
  const selection = { selector: 1, parameters: rangeOf(capture[stamp] as CaptureObject, from, to) };
  const about = { classId: ProfileGeneric.classId, instanceId: object.instance, attributeId: 2 };
  const buffer = treeOf(await device.get(about, selection));
  const rows = (await profileRows(buffer, columns, async () => period)).slice(0, mostRows);
  const shown = columns.flatMap((column, at) => (isNumeric(rows, at) ? [{ column, at }] : []));
  const name = template.nameOf?.(object);
  return {
    instanceId: object.instance,
    ...(name === undefined ? {} : { name }),
    columns: shown.map(({ column: { instanceId, attributeId, name: of, unit } }) => ({
      ...{ instanceId, attributeId },
      ...(of === undefined ? {} : { name: of }),
      ...(unit === undefined || unit === "none" ? {} : { unit: String(unit) }),
    })),
    rows: rows.flatMap((row) => {
      const at = instantIn(row[stamp]?.value);
      return at === undefined ? [] : [{ at, values: shown.map((one) => numberIn(row[one.at]?.value)) }];
    }),
  };
}

const isNumeric = (rows: readonly ProfileRow[], at: number): boolean =>
  rows.some((row) => numberIn(row[at]?.value) !== null);

function numberIn(value: unknown): number | null {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : null;
}

function instantIn(value: unknown): number | undefined {
  return typeof value === "object" && value !== null && "year" in value
    ? instantOf(value as CosemDateTime, 0)
    : undefined;
}
