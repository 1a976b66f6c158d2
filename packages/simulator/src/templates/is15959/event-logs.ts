import { T } from "@dlmskit/apdu";
import { type AnyObject, dataObject } from "@dlmskit/cosem-objects";
import type { JournalEntry } from "../../meter/journal.ts";
import { stamp } from "../../meter/local-time.ts";
import { fromHistory, fromJournal, type Latest, ofLast } from "../../meter/log-entries.ts";
import {
  column,
  computedProfile,
  encodedRow,
  listedRows,
  type RowColumn,
  scalerProfile,
} from "../../meter/profiles.ts";
import { simulated } from "../../meter/simulated-meter.ts";
import type { TemplateForm } from "../data/form.ts";
import { powerEvents, voltageEvents } from "./events.ts";
import { exportWh, importWh, powerFactor, tamperCount, tampersAt, voltage } from "./instantaneous.ts";
import { countData, doubleLongRegister, u16, u32 } from "./measured.ts";
import { meterClock } from "./nameplate.ts";

/** Number of entries that a log shows. */
const logEntries = 100;

const current = doubleLongRegister(
  "1.0.94.91.14.255",
  { unit: "A", scaler: -3 },
  (of, now) => of.instantaneous(now).current,
);
const measured: readonly RowColumn<JournalEntry>[] = [
  column(current, ({ at }, context) => u32(simulated(context).readings.instantaneous(at).current * 1000)),
  column(voltage, ({ at }, context) => u16(simulated(context).readings.instantaneous(at).voltage * 100)),
  column(powerFactor, ({ at }, context) =>
    Math.round(simulated(context).readings.instantaneous(at).powerFactor * 1000),
  ),
  column(importWh, ({ at }, context) => u32(simulated(context).readings.energy(at).importWh)),
  column(exportWh, ({ at }, context) => u32(simulated(context).readings.energy(at).exportWh)),
  column(tamperCount, ({ at }, context) => tampersAt(at, context)),
];

/** A log: its profile, the code of its last event and the number of events. */
function eventLog(number: number, latest: Latest, withMeasured: boolean): { profile: AnyObject; objects: AnyObject[] } {
  const code = dataObject(
    `0.0.96.11.${number}.255`,
    { type: T.longUnsigned, value: 0 },
    { read: { value: (_, context) => ofLast(latest, context, (entry) => entry.code) } },
  );
  const sequence = countData(`0.0.96.15.${number}.255`, (context) =>
    ofLast(latest, context, (entry) => entry.sequence),
  );
  const columns: readonly RowColumn<JournalEntry>[] = [
    column(meterClock, ({ at }, { deviation }) => stamp(at, deviation)),
    column(code, (entry) => entry.code),
    ...(withMeasured ? measured : []),
    column(sequence, (entry) => entry.sequence),
  ];
  const rows = listedRows(latest, (entry, context) => encodedRow(columns, entry, context));
  const profile = computedProfile(`0.0.99.98.${number}.255`, columns, { entries: logEntries, rows });
  return { profile, objects: [code, sequence, profile] };
}

const made = [
  eventLog(0, fromHistory(voltageEvents, logEntries), true),
  eventLog(1, fromJournal("0.0.99.98.1.255", logEntries), true),
  eventLog(2, fromHistory(powerEvents, logEntries), false),
  eventLog(3, fromJournal("0.0.99.98.3.255", logEntries), false),
  eventLog(4, fromJournal("0.0.99.98.4.255", logEntries), true),
  eventLog(5, fromJournal("0.0.99.98.5.255", logEntries), false),
  eventLog(6, fromJournal("0.0.99.98.6.255", logEntries), false),
];

export const eventLogs: readonly AnyObject[] = [
  current,
  ...made.flatMap(({ objects }) => objects),
  scalerProfile("1.0.94.91.7.255", measured),
];

/** The logs in the form of a template file. */
export const logs: NonNullable<TemplateForm["logs"]> = Object.fromEntries(
  made.map(({ profile }, number) => [
    profile.instance,
    {
      ...{ code: `0.0.96.11.${number}.255`, sequence: `0.0.96.15.${number}.255` },
      ...(number === 0 && { kinds: [...voltageEvents] }),
      ...(number === 2 && { kinds: [...powerEvents] }),
    },
  ]),
);
