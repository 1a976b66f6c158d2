import { Data as DataCodec } from "@dlmskit/apdu";
import type { Profile, ProfileCell, ProfileColumn, ProfileRow, ProfileSelection, Session } from "@dlmskit/client";
import { type CosemDateTime, dateTimeText, Fault, isoDateTimeText, type Json, logicalName, toHex } from "@dlmskit/core";
import { type Command, InvalidArgumentError } from "commander";
import { io } from "../io.ts";
import { clockZone } from "../meter/clock-zone.ts";
import { lineOptions, type MeterOptions, meterOptions } from "../meter/meter-options.ts";
import { openMeter } from "../meter/open.ts";
import { type GivenTime, isAfter, isDay, momentIn, momentOption } from "../moment.ts";
import { barChart } from "../output/chart.ts";
import { jsonText } from "../output/json.ts";
import { Progress } from "../output/progress.ts";
import { laidOut, terminalWidth } from "../output/table.ts";
import { readableOf } from "../output/texts.ts";
import { unitText, valueText } from "../output/value.ts";

interface ProfileOptions extends MeterOptions {
  readonly from?: GivenTime;
  readonly to?: GivenTime;
  readonly entries?: readonly [number, number];
  readonly csv?: boolean;
  readonly plot?: boolean;
  readonly column?: string;
}

function entriesOption(text: string): readonly [number, number] {
  const found = /^(\d{1,9})\.\.(\d{1,9})?$/.exec(text);
  if (found === null) throw new InvalidArgumentError("give entries as 1..10, or 11.. for all from 11");
  const [first, last] = [Number(found[1]), Number(found[2] ?? 0)];
  if (first < 1 || (found[2] !== undefined && last < first)) {
    throw new InvalidArgumentError(
      "entries count from 1, and the last cannot be before the first: 1..10, or 11.. for all from 11",
    );
  }
  return [first, last];
}

const isDateTime = (value: unknown): value is CosemDateTime =>
  typeof value === "object" && value !== null && "deviation" in value;

function titleOf(column: ProfileColumn): string {
  const unit = unitText(column.unit);
  const attribute = column.attributeId === 2 ? "" : `:${column.attributeId}`;
  return `${column.name ?? column.instanceId}${attribute}${unit === "" ? "" : ` [${unit}]`}`;
}

function cells(row: ProfileRow, columns: readonly ProfileColumn[], timeText = dateTimeText): string[] {
  return row.map(({ value }, at) => (isDateTime(value) ? timeText(value) : valueText(value, columns[at]?.scaler)));
}

/** CSV (RFC 4180): the first line has the OBIS codes and units; times are in ISO 8601. */
function csv({ columns, rows }: Profile): string {
  const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const heads = columns.map(({ instanceId, attributeId, unit }) => {
    const symbol = unitText(unit);
    return `${instanceId}:${attributeId}${symbol === "" ? "" : ` [${symbol}]`}`;
  });
  return [heads, ...rows.map((row) => cells(row, columns, isoDateTimeText))]
    .map((line) => `${line.map(field).join(",")}\r\n`)
    .join("");
}

/** The first line says what the rows are; with `--meter` it names the meter. */
function json({ columns, rows }: Profile, profile: string, meter: string | undefined): string {
  const described = columns.map(({ classId, instanceId, attributeId, name, unit, scaler }) => ({
    ...{ classId, instanceId, attributeId },
    ...(name === undefined ? {} : { name }),
    ...(unit === undefined ? {} : { unit, scaler }),
  }));
  const lines = rows.map((row) => ({ row: row.map(({ data }) => DataCodec.toJson(data)), values: row.map(valueJson) }));
  const head = { ...(meter === undefined ? {} : { meter }), profile, received: new Date().toISOString() };
  return [{ ...head, columns: described }, ...lines].map((line) => `${jsonText(line)}\n`).join("");
}

/** A cell of the JSON output: a scaled number, a time in ISO 8601, a text, other octets in hex, null for no value; the JSON form of anything else. */
function valueJson({ data, value }: ProfileCell): Json {
  if (value === null || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "bigint") return String(value);
  if (isDateTime(value)) return isoDateTimeText(value);
  const { time, text } = readableOf(data);
  if (time !== undefined || text !== undefined) return (time ?? text) as string;
  if (typeof value === "string") return value;
  return value instanceof Uint8Array ? toHex(value) : DataCodec.toJson(data);
}

/** The column to draw: the named one, else the first with energy, else the first with numbers. */
function drawn({ columns, rows }: Profile, wanted: string | undefined): number {
  if (wanted !== undefined) {
    const name = logicalName(wanted);
    const at = columns.findIndex(({ instanceId }) => instanceId === name);
    if (at >= 0) return at;
    throw new Fault("no-column", `the profile has no column ${name}`, {
      layer: "cli",
      hint: columns.map(({ instanceId }) => instanceId).join(", "),
    });
  }
  const energy = columns.findIndex(({ unit }) => unit === "Wh" || unit === "varh" || unit === "VAh");
  return energy >= 0 ? energy : (rows[0]?.findIndex(({ value }) => typeof value === "number") ?? -1);
}

function plot(profile: Profile, wanted: string | undefined): string {
  const at = drawn(profile, wanted);
  const column = profile.columns[at];
  if (column === undefined) return "nothing to draw\n";
  const time = profile.columns.findIndex((one) => one.time);
  let day: number | null = null;
  const bars = profile.rows.map((row, index) => {
    const when = row[time]?.value;
    const value = Number(row[at]?.value ?? 0);
    if (!isDateTime(when)) return index % 10 === 0 ? { value, label: String(index + 1) } : { value };
    const label =
      when.day !== day ? `${when.day}` : when.minute === 0 && (when.hour ?? 0) % 6 === 0 ? `${when.hour}h` : undefined;
    day = when.day;
    return label === undefined ? { value } : { value, label };
  });
  return `\n${titleOf(column)}\n${barChart(bars, { unit: unitText(column.unit) || "value", width: terminalWidth() ?? 80 })}`;
}

async function selectionOf(
  { from, to, entries }: ProfileOptions,
  session: Pick<Session, "get">,
): Promise<ProfileSelection> {
  if (entries !== undefined) return { entries };
  const zone = [from, to].some(isDay) ? await clockZone(session) : 0;
  return {
    ...(from === undefined ? {} : { from: momentIn(from, zone) }),
    ...(to === undefined ? {} : { to: momentIn(to, zone) }),
  };
}

async function profile(place: string, name: string, options: ProfileOptions): Promise<void> {
  const instanceId = logicalName(name);
  using progress = new Progress(options, "reading the profile");
  await using session = await openMeter(place, options, progress);
  const selection = await selectionOf(options, session);
  const read = await session.profile(instanceId, selection);
  progress.end();
  if (options.json) io().stdout.write(json(read, instanceId, options.meter));
  else if (options.csv) io().stdout.write(csv(read));
  else {
    const heads = read.columns.map((column) => ({
      title: column.time ? "time" : titleOf(column),
      align: "right" as const,
    }));
    const rows = read.rows.map((row) => cells(row, read.columns));
    io().stdout.write(laidOut(heads, rows, terminalWidth()));
    io().stdout.write(`${read.rows.length} rows\n`);
  }
  if (options.plot) (options.json || options.csv ? io().stderr : io().stdout).write(plot(read, options.column));
}

/** `dlms profile`: rows of a profile. */
export function profileCommand(program: Command): void {
  const command = program
    .command("profile")
    .description("reads rows of a profile by time or by entry")
    .argument("<host[:port]>", "address of the meter")
    .argument("<ln>", "logical name of the profile")
    .option("--from <time>", "first time of capture", momentOption)
    .option("--to <time>", "last time of capture, inclusive", momentOption)
    .option("--entries <a..b>", "selects by entry instead of time; 1 is the oldest", entriesOption)
    .option("--csv", "prints comma-separated values, with the OBIS codes in the first line")
    .option("--plot", "prints a chart too")
    .option("--column <ln>", "column of the chart");
  lineOptions(meterOptions(command))
    .addHelpText(
      "after",
      "\nExample: dlms profile 127.0.0.1:4059 1.0.99.1.0.255 --from 2026-11-23T00:01 --to 2026-11-24 --client 48 --auth hls --keys keys.json --plot",
    )
    .action((place: string, name: string, options: ProfileOptions) => {
      if (options.entries !== undefined && (options.from !== undefined || options.to !== undefined)) {
        command.error("error: --entries cannot be combined with --from or --to");
      }
      if (options.from !== undefined && options.to !== undefined && isAfter(options.from, options.to)) {
        command.error("error: --from is after --to");
      }
      if (options.json && options.csv) command.error("error: --json cannot be combined with --csv");
      return profile(place, name, options);
    });
}
