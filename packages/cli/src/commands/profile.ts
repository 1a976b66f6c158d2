import { Data as DataCodec } from "@dlmskit/apdu";
import type { Moment, Profile, ProfileColumn, ProfileRow, ProfileSelection } from "@dlmskit/client";
import { type CosemDateTime, dateOfDays, dateTimeText, daysOf, Fault, logicalName } from "@dlmskit/core";
import { type Command, InvalidArgumentError } from "commander";
import { type MeterOptions, meterOptions } from "../meter/meter-options.ts";
import { openMeter } from "../meter/open.ts";
import { barChart } from "../output/chart.ts";
import { table } from "../output/table.ts";
import { unitText, valueText } from "../output/value.ts";

interface ProfileOptions extends MeterOptions {
  readonly from?: Moment;
  readonly to?: Moment;
  readonly entries?: readonly [number, number];
  readonly csv?: boolean;
  readonly plot?: boolean;
  readonly column?: string;
}

/** `2026-11-23`, `2026-11-23T06:30[:00]` as the meter's local time, or with `Z` or `+05:30` as an instant. */
function momentOption(text: string): Moment {
  const found = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?)?(Z|[+-]\d{2}:?\d{2})?$/.exec(text);
  const [, year, month, day, hour = "0", minute = "0", second = "0", zone] = found ?? [];
  const days = daysOf(Number(year), Number(month), Number(day));
  const date = found === null ? undefined : dateOfDays(days);
  const valid = date?.month === Number(month) && date.day === Number(day) && Number(hour) < 24 && Number(minute) < 60;
  if (date === undefined || !valid || Number(second) > 59) {
    throw new InvalidArgumentError("a time is wanted: 2026-11-23, 2026-11-23T06:30 (the meter's), or with Z or +05:30");
  }
  if (zone !== undefined) return Date.parse(text.replace(" ", "T").replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
  const time = { hour: Number(hour), minute: Number(minute), second: Number(second), hundredths: 0 };
  return { ...date, ...time, deviation: null, status: null };
}

function entriesOption(text: string): readonly [number, number] {
  const found = /^(\d{1,9})\.\.(\d{1,9})?$/.exec(text);
  if (found === null) throw new InvalidArgumentError("entries are wanted as 1..10, or 11.. to the end");
  return [Number(found[1]), Number(found[2] ?? 0)];
}

const isDateTime = (value: unknown): value is CosemDateTime =>
  typeof value === "object" && value !== null && "deviation" in value;

function titleOf(column: ProfileColumn): string {
  const unit = unitText(column.unit);
  const attribute = column.attributeId === 2 ? "" : `:${column.attributeId}`;
  return `${column.name ?? column.instanceId}${attribute}${unit === "" ? "" : ` [${unit}]`}`;
}

function cells(row: ProfileRow, columns: readonly ProfileColumn[]): string[] {
  return row.map(({ value }, at) => (isDateTime(value) ? dateTimeText(value) : valueText(value, columns[at]?.scaler)));
}

/** RFC 4180; the first line has the codes, with units. */
function csv({ columns, rows }: Profile): string {
  const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const heads = columns.map(({ instanceId, attributeId, unit }) => {
    const symbol = unitText(unit);
    return `${instanceId}:${attributeId}${symbol === "" ? "" : ` [${symbol}]`}`;
  });
  return [heads, ...rows.map((row) => cells(row, columns))].map((line) => `${line.map(field).join(",")}\r\n`).join("");
}

function json({ columns, rows }: Profile): string {
  const described = columns.map(({ classId, instanceId, attributeId, name, unit, scaler }) => ({
    ...{ classId, instanceId, attributeId },
    ...(name === undefined ? {} : { name }),
    ...(unit === undefined ? {} : { unit, scaler }),
  }));
  const lines = rows.map((row) => ({ row: row.map(({ data }) => DataCodec.toJson(data)) }));
  return [{ columns: described }, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** The column to draw: the one named, else the first of energy, else the first of numbers. */
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
  return `\n${titleOf(column)}\n${barChart(bars, { unit: unitText(column.unit) || "value", width: process.stdout.columns ?? 80 })}`;
}

async function profile(place: string, name: string, options: ProfileOptions): Promise<void> {
  const instanceId = logicalName(name);
  const { from, to, entries } = options;
  const selection: ProfileSelection =
    entries === undefined
      ? { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
      : { entries };
  await using session = await openMeter(place, options);
  const read = await session.profile(instanceId, selection);
  if (options.json) process.stdout.write(json(read));
  else if (options.csv) process.stdout.write(csv(read));
  else {
    const heads = read.columns.map((column) => ({
      title: column.time ? "time" : titleOf(column),
      align: "right" as const,
    }));
    process.stdout.write(
      table(
        heads,
        read.rows.map((row) => cells(row, read.columns)),
      ),
    );
    process.stdout.write(`${read.rows.length} rows\n`);
  }
  if (options.plot) (options.json || options.csv ? process.stderr : process.stdout).write(plot(read, options.column));
}

/** `dlms profile`: rows of a profile. */
export function profileCommand(program: Command): void {
  const command = program
    .command("profile")
    .description("reads rows of a profile by time or by entry")
    .argument("<host[:port]>", "where the meter is")
    .argument("<ln>", "logical name of the profile")
    .option("--from <time>", "from this time of capture on", momentOption)
    .option("--to <time>", "up to this one, included", momentOption)
    .option("--entries <a..b>", "instead of times: entries from 1, the oldest", entriesOption)
    .option("--csv", "comma-separated values, with the codes in the first line")
    .option("--plot", "a chart as well")
    .option("--column <ln>", "which column the chart draws");
  meterOptions(command)
    .addHelpText(
      "after",
      "\nExample: dlms profile 127.0.0.1:4059 1.0.99.1.0.255 --from 2026-11-23T00:01 --to 2026-11-24 --client 48 --auth hls --keys keys.json --plot",
    )
    .action((place: string, name: string, options: ProfileOptions) => {
      if (options.entries !== undefined && (options.from !== undefined || options.to !== undefined)) {
        command.error("error: --entries goes without --from and --to");
      }
      if (options.json && options.csv) command.error("error: --json goes without --csv");
      return profile(place, name, options);
    });
}
