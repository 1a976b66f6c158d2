import type { Discovery, Profile, Session } from "@dlmskit/client";
import { type CosemDateTime, dateTimeText } from "@dlmskit/core";
import { obisName } from "@dlmskit/cosem-objects";
import type { Connection, Stored } from "@dlmskit/storage";
import { type Bar, barChart } from "../output/chart.ts";
import { colours } from "../output/colours.ts";
import { table } from "../output/table.ts";
import { unitText, valueText } from "../output/value.ts";

const heading = (text: string): string => `\n${colours().bold(colours().underline(text))}\n`;
const nameOf = (code: string): string => obisName(code, "IS 15959") ?? code;

function objects({ objects: found }: Discovery): string {
  const classes = new Map<string, number>();
  for (const { className, classId } of found) {
    const name = className ?? `class ${classId}`;
    classes.set(name, (classes.get(name) ?? 0) + 1);
  }
  const rows = [...classes].sort(([, one], [, other]) => other - one).map(([name, count]) => [String(count), name]);
  return `${heading(`${found.length} objects`)}${table([{ title: "", align: "right" }, { title: "class" }], rows)}`;
}

/** The row of a profile that has one row, with one object per line. */
function standing(title: string, { columns, rows }: Profile): string {
  const [row] = rows;
  const lines = columns.map((column, at) => [
    nameOf(column.instanceId) + (column.attributeId === 5 ? ", time" : ""),
    column.instanceId,
    valueText(row?.[at]?.value ?? null, column.scaler),
    unitText(column.unit),
  ]);
  const heads = [
    { title: "name" },
    { title: "OBIS code" },
    { title: "value", align: "right" as const },
    { title: "unit" },
  ];
  return `${heading(title)}${table(heads, lines)}`;
}

const clockText = (value: unknown): string => {
  const { hour, minute } = value as CosemDateTime;
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
};

function load(title: string, { columns, rows }: Profile, width: number): string {
  const heads = columns.map((column) => ({
    title: `${column.time ? "time" : nameOf(column.instanceId).replace(/^Block energy, /, "")}${unitText(column.unit) && ` [${unitText(column.unit)}]`}`,
    align: "right" as const,
  }));
  const lines = rows.map((row) =>
    row.map(({ value }, at) => (columns[at]?.time ? clockText(value) : valueText(value, columns[at]?.scaler))),
  );
  const time = columns.findIndex((column) => column.time);
  const energy = columns.findIndex((column) => column.instanceId === "1.0.1.29.0.255");
  const spans = rows.length === 0 ? 1 : 24 / rows.length;
  const bars = rows.map((row, at): Bar => {
    // The mean power of the interval, labelled with the hour in which it began.
    const value = Number(row[energy]?.value) / spans / 1000;
    return at % 6 === 0 ? { value, label: String(Math.round(at * spans)).padStart(2, "0") } : { value };
  });
  const day =
    rows.length === 0 ? "no rows" : (dateTimeText(rows[0]?.[time]?.value as CosemDateTime).split(" ")[0] as string);
  const total = rows.reduce((sum, row) => sum + Number(row[energy]?.value), 0);
  const sum = `${day}: ${(total / 1000).toFixed(3)} kWh in ${rows.length} intervals\n`;
  return `${heading(title)}${table(heads, lines)}\n${barChart(bars, { unit: "kW", width })}${sum}`;
}

function connectionRow(row: Stored<Connection> | undefined): string {
  if (row === undefined) return `${heading("active_connections")}no row\n`;
  const { id, associationId, clientId, ipAddress, port, sessionId, status, connectionTime, lastActivity } = row;
  const cells = [id, associationId ?? "–", clientId ?? "–", `${ipAddress}:${port}`, sessionId, status].map(String);
  const times = [connectionTime, lastActivity].map((at) => new Date(at).toISOString().replace("T", " ").slice(0, 19));
  const heads = [
    "id",
    "association_id",
    "client",
    "from",
    "session_id",
    "status",
    "since (UTC)",
    "last_activity (UTC)",
  ];
  return `${heading("The row of the session in active_connections")}${table(
    heads.map((title) => ({ title })),
    [[...cells, ...times]],
  )}`;
}

export interface Reading {
  readonly discovery: Discovery;
  readonly nameplate: Profile;
  readonly instantaneous: Profile;
  readonly yesterday: Profile;
}

const halfHour = 1_800_000;

/** Reads the object list, the nameplate, the instantaneous values, and the block load of the day before `today` (start of the day, ms). */
export async function readAll(session: Session, today: number): Promise<Reading> {
  return {
    discovery: await session.discover(),
    nameplate: await session.profile("0.0.94.91.10.255"),
    instantaneous: await session.profile("1.0.94.91.0.255"),
    // A row has the time of the end of its interval: the first row of a day comes a little after midnight, the last at the next midnight.
    yesterday: await session.profile("1.0.99.1.0.255", { from: today - 48 * halfHour + 1000, to: today }),
  };
}

/** The reading as text. */
export function report(reading: Reading, connection: Stored<Connection> | undefined, width: number): string {
  return [
    objects(reading.discovery),
    standing("Nameplate", reading.nameplate),
    standing("Now", reading.instantaneous),
    load("Yesterday's block load", reading.yesterday, width),
    connectionRow(connection),
  ].join("");
}
