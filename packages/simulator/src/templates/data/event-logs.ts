import { fromData, type T } from "@dlmskit/apdu";
import { encode, type LogicalName } from "@dlmskit/core";
import {
  type AnyObject,
  type CaptureObject,
  type ClassSpec,
  type Context,
  encodedStructure,
  type Hooks,
  type RowSource,
} from "@dlmskit/cosem-objects";
import type { JournalEntry } from "../../meter/journal.ts";
import { fromBoth, fromJournal, type Latest, ofLast } from "../../meter/log-entries.ts";
import { listedRows } from "../../meter/profiles.ts";
import { measuredData } from "./encode.ts";
import type { LogForm } from "./form.ts";
import { cellOf, type Known } from "./profile-rows.ts";

/** An event log: the source of its entries, and the objects that show them. */
export interface EventLog extends LogForm {
  readonly latest: Latest;
}

export function eventLog(instance: LogicalName, form: LogForm, entries: number): EventLog {
  const { kinds } = form;
  return { ...form, latest: kinds === undefined ? fromJournal(instance, entries) : fromBoth(kinds, instance, entries) };
}

const minuteMs = 60_000;
const usualPeriod = 15 * minuteMs;

/** The rows of the log: the event number, the number of events, and the other captured values at the time of the event. */
export function eventRows(
  log: EventLog,
  columns: readonly CaptureObject[],
  known: ReadonlyMap<string, Known>,
): RowSource {
  const cells = columns.map((column) => {
    const told = tells(log, column.instanceId, known);
    if (told !== undefined && column.attributeId === 2) {
      return (entry: JournalEntry, _: Context) => told(entry);
    }
    const cell = cellOf(column, known);
    return ({ at }: JournalEntry, context: Context) => cell({ at, period: usualPeriod }, context);
  });
  return listedRows(log.latest, (entry, context) => encodedStructure(cells.map((cell) => cell(entry, context))));
}

/** How an object of the log shows an entry, encoded; undefined: the object does not belong to the log. */
function tells(
  { code, sequence }: EventLog,
  instance: string,
  known: ReadonlyMap<string, Known>,
): ((entry: JournalEntry) => Uint8Array) | undefined {
  const what = instance === code ? "code" : instance === sequence ? "sequence" : undefined;
  const object = known.get(instance)?.object;
  if (what === undefined || object === undefined) return undefined;
  return (entry) => encode(typeOf(object), numberOf(object, entry[what]));
}

const typeOf = (object: AnyObject) => (object.spec as ClassSpec).attributes.value?.type as typeof T.any;

/** A number in the type of the object's value. */
function numberOf(object: AnyObject, value: number) {
  const data = measuredData(value, (object.values.value as { type: string }).type, 0);
  return data === undefined ? object.values.value : fromData(typeOf(object), data);
}

/** The hooks of the object with the number of the last event, and of the object that counts the events. */
export function logHooks(log: EventLog, object: AnyObject): Hooks<ClassSpec> {
  const what = object.instance === log.code ? "code" : "sequence";
  return {
    read: {
      value: (_: unknown, context: Context) => {
        const last = ofLast(log.latest, context, (entry) => entry[what]);
        return typeof last === "number" ? numberOf(object, last) : last.then((value) => numberOf(object, value));
      },
    },
  };
}
