import type { Data } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import {
  type AnyObject,
  type CaptureObject,
  type ClassSpec,
  captureObject,
  type Hooks,
  type ProfileOptions,
  profileGeneric,
  profileGeneric0,
  type RowSource,
} from "@dlmskit/cosem-objects";
import type { MbusChannels } from "../../meter/mbus-children.ts";
import { snapshotProfile } from "../../meter/profiles.ts";
import { type BehaviourOptions, behaving } from "./behaviours.ts";
import { type EventLog, eventLog, eventRows, logHooks } from "./event-logs.ts";
import { type FollowOptions, followed, followingHooks } from "./follow.ts";
import { badTemplateFile, type ObjectForm, type TemplateForm } from "./form.ts";
import { cellsOf, fileRows, gridRows, type Known, monthlyRows } from "./profile-rows.ts";
import { objectOf, placed } from "./values.ts";

const profileClass = 7;
const dayMs = 86_400_000;
const minuteMs = 60_000;
const usualEntries = 100;

export interface ObjectOptions extends FollowOptions, BehaviourOptions {
  readonly zoneMinutesEast: number;
}

/** The objects of a template file with their behaviour. `made`: the objects of the file that the server does not create itself. */
export function objectsOf(
  form: TemplateForm,
  made: readonly { readonly form: ObjectForm; readonly at: number }[],
  given: ObjectOptions,
): readonly AnyObject[] {
  const objects = made.map(({ form: one, at }) => ({ form: one, object: objectOf(one, ["objects", String(at)]) }));
  const options = { ...given, channels: channelsOf(objects.map(({ object }) => object)) };
  const known = new Map<string, Known>();
  for (const { form: one, object } of objects) {
    known.set(one.instanceId, { object, followed: followed(object, one, options) });
  }
  const logs = logsOf(form);
  const told = new Map<string, EventLog>();
  for (const log of logs.values()) {
    for (const name of [log.code, log.sequence]) if (name !== undefined) told.set(name, log);
  }
  const periods = periodsOf(made.map(({ form: one }) => one));
  return made.map(({ form: one, at }) => {
    const { object, followed: values } = known.get(one.instanceId) as Known;
    const path = ["objects", String(at)];
    if (one.classId === profileClass) return placed(path, () => profileOf(one, object, { known, logs, options, path }));
    const log = told.get(one.instanceId);
    if (log !== undefined) return { ...object, hooks: logHooks(log, object) };
    const acting = behaving(object, options);
    if (values.size === 0) return acting;
    return {
      ...acting,
      hooks: merged(acting.hooks, followingHooks(object, values, periods.get(one.instanceId) ?? usualPeriod)),
    };
  });
}

const mbusClientClass = 72;

/** The M-Bus clients, by their channel (value group B). */
const channelsOf = (objects: readonly AnyObject[]): MbusChannels =>
  new Map(
    objects
      .filter(({ spec }) => spec.classId === mbusClientClass)
      .map((client) => [Number(client.instance.split(".")[1]), client]),
  );

const usualPeriod = 15 * minuteMs;

function merged(hooks: Hooks<ClassSpec>, more: Hooks<ClassSpec>): Hooks<ClassSpec> {
  return { ...hooks, read: { ...hooks.read, ...more.read } };
}

/** The event logs by logical name. */
function logsOf({ logs = {}, objects }: TemplateForm): ReadonlyMap<string, EventLog> {
  const found = new Map<string, EventLog>();
  for (const [instance, log] of Object.entries(logs)) {
    const profile = objects.find((one) => one.instanceId === instance);
    if (profile?.classId !== profileClass) {
      throw badTemplateFile("an event log is a Profile generic among the objects", ["logs", instance]);
    }
    found.set(instance, eventLog(instance as LogicalName, log, profile.profileEntries ?? usualEntries));
  }
  return found;
}

/** ms, by logical name: the capture period of the first profile that captures the object and whose period is not a whole day. */
function periodsOf(forms: readonly ObjectForm[]): ReadonlyMap<string, number> {
  const periods = new Map<string, number>();
  for (const { captures = [], capturePeriod = 0 } of forms) {
    const period = capturePeriod * 1000;
    if (period === 0 || period >= dayMs) continue;
    for (const [, instance] of captures) if (!periods.has(instance)) periods.set(instance, period);
  }
  return periods;
}

interface Around {
  readonly known: ReadonlyMap<string, Known>;
  readonly logs: ReadonlyMap<string, EventLog>;
  readonly options: ObjectOptions;
  readonly path: readonly string[];
}

/** A profile with its rows. */
function profileOf(form: ObjectForm, object: AnyObject, around: Around): AnyObject {
  const { profileEntries: entries = usualEntries, capturePeriod: period = 0, sortMethod = 1 } = form;
  const columns = columnsOf(form, around);
  const rows = rowsOf(form, object, columns, around);
  if (rows === "snapshot") return snapshotProfile(form.instanceId, columns.map(columnIn(around)));
  const options: ProfileOptions = {
    ...{ capture: columns, entries, period },
    // The rows of a source are in the order of time.
    ...(rows === undefined ? { sortMethod: sortMethod > 2 ? 1 : sortMethod } : { rows }),
  };
  return form.version === 0 ? profileGeneric0(form.instanceId, options) : profileGeneric(form.instanceId, options);
}

const columnIn =
  ({ known, path }: Around) =>
  ({ instanceId, attributeId }: CaptureObject) => {
    const object = known.get(instanceId)?.object;
    if (object === undefined)
      throw badTemplateFile(`a snapshot captures ${instanceId}, which is no object`, [...path, "captures"]);
    return { object, attributeId };
  };

function columnsOf({ captures = [] }: ObjectForm, { known, path }: Around): readonly CaptureObject[] {
  return captures.map(([classId, instanceId, attributeId, dataIndex = 0], at) => {
    const object = known.get(instanceId)?.object;
    if (object !== undefined && object.spec.classId !== classId) {
      const place = [...path, "captures", String(at)];
      throw badTemplateFile(`${instanceId} is of class ${object.spec.classId}, not ${classId}`, place);
    }
    return captureObject({ classId, instanceId, attributeId, dataIndex });
  });
}

/** The source of the rows; undefined: the rows are captured. */
function rowsOf(
  form: ObjectForm,
  object: AnyObject,
  columns: readonly CaptureObject[],
  { known, logs, options }: Around,
): RowSource | "snapshot" | undefined {
  const { profileEntries: entries = usualEntries, capturePeriod = 0, instanceId, outage = "zero" } = form;
  const log = logs.get(instanceId);
  if (log !== undefined) return eventRows(log, columns, known);
  const kind = form.rows ?? usualRows(form, options);
  const cells = () => cellsOf(columns, known, outage);
  const period = capturePeriod === 0 ? dayMs : capturePeriod * 1000;
  switch (kind) {
    case "computed":
      return gridRows(cells(), period, entries, outage);
    case "monthly":
      return monthlyRows(cells(), period, entries);
    case "listed": {
      const buffer = object.values.buffer as Data;
      return fileRows(buffer.type === "array" ? (buffer.value as readonly Data[]) : [], -options.zoneMinutesEast);
    }
    case "snapshot":
      return "snapshot";
    case "captured":
      return undefined;
  }
}

function usualRows(
  { capturePeriod = 0, profileEntries, attributes }: ObjectForm,
  { byCode }: ObjectOptions,
): NonNullable<ObjectForm["rows"]> {
  if (attributes?.["2"]?.value !== undefined) return "listed";
  if (capturePeriod > 0 && byCode) return "computed";
  return profileEntries === 1 && capturePeriod === 0 && byCode ? "snapshot" : "captured";
}
