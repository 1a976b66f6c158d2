import { createReadStream, existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { Fault } from "@dlmskit/core";
import { type MeterScore, parseCampaign, type Score, scoreCampaign } from "@dlmskit/simulator";
import { type Command, InvalidArgumentError } from "commander";
import { io } from "../io.ts";
import { type GivenTime, momentOption } from "../moment.ts";
import { Progress, type ProgressOptions, progressOption } from "../output/progress.ts";
import { table } from "../output/table.ts";
import { type FleetOptions, fleetOptions, openFleetOf } from "../truth/fleet-options.ts";

interface ScoreCommandOptions extends FleetOptions, ProgressOptions {
  readonly profile?: string;
  readonly read?: Read;
  readonly within?: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

const units: { readonly [unit: string]: number } = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationOption(text: string): number {
  const [, number, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (number !== undefined) return Number(number) * (units[unit] as number);
  throw new InvalidArgumentError("give a duration: 90s, 30m, 6h, 2d");
}

interface Read {
  readonly from: GivenTime;
  readonly to: GivenTime;
}

function readOption(text: string): Read {
  const [from = "", to = from] = text.split("..");
  return { from: momentOption(from), to: momentOption(to) };
}

/** Fault `no-such-file`. */
function expectFile(path: string): void {
  if (path === "-" || existsSync(path)) return;
  throw new Fault("no-such-file", `the file ${path} cannot be read`, { layer: "cli" });
}

/** The lines of a file, or of standard input. Nothing is read before the first line is asked for: lines would be lost. */
async function* linesOf(path: string): AsyncGenerator<string, undefined> {
  const input = path === "-" ? io().stdin : createReadStream(path);
  yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}

/** Meters that are shown unless all are asked for. */
const shownMeters = 20;

const isWhole = ({ expected, right, duplicate, unexpected }: MeterScore): boolean =>
  right === expected && duplicate + unexpected === 0;

async function score(path: string, options: ScoreCommandOptions): Promise<void> {
  const { profile, meter, within, read, all = false } = options;
  expectFile(path);
  using progress = new Progress(options, "scoring");
  await using fleet = await openFleetOf(options, (text) => io().stderr.write(`${text}\n`));
  const { template } = fleet.source;
  const campaign = parseCampaign(linesOf(path), {
    zoneMinutesEast: template.zoneMinutesEast,
    ...(meter === undefined ? {} : { meter }),
    ...(profile === undefined ? {} : { profile }),
  });
  const scoring = scoreCampaign(fleet.source, campaign, {
    ...fleet.period,
    ...(fleet.of && { of: fleet.of }),
    ...(fleet.faults && { faults: fleet.faults }),
    ...(read && { read: { from: fleet.instantOf(read.from), to: fleet.instantOf(read.to) } }),
    ...(within === undefined ? {} : { within }),
  });
  const shown: MeterScore[] = [];
  let incomplete = 0;
  let step = await scoring.next();
  for (; step.done !== true; step = await scoring.next()) {
    progress.pulse();
    const one = step.value;
    if (!isWhole(one)) incomplete++;
    if (options.json) io().stdout.write(`${JSON.stringify(one)}\n`);
    else if (all || (!isWhole(one) && shown.length < shownMeters)) shown.push(one);
  }
  progress.end();
  const total = step.value;
  io().stdout.write(options.json ? `${JSON.stringify({ total })}\n` : textOf(shown, incomplete, total));
  if (!total.asExpected) io().exitCode = 1;
}

const counted = ["expected", "right", "missing", "wrong", "late", "duplicate", "unexpected"] as const;
const percent = (part: number, whole: number): string =>
  `${whole === 0 ? 100 : Math.floor((part * 1e4) / whole) / 100} %`;

function textOf(meters: readonly MeterScore[], incomplete: number, total: Score): string {
  const { predicted, expected, right, share, asExpected, unknown } = total;
  const columns = [
    { title: "meter" },
    ...counted.map((title) => ({ title, align: "right" as const })),
    { title: "faults" },
  ];
  const rows = meters.map((one) => [
    ...[one.meter, ...counted.map((name) => String(one[name])), one.predicted?.faults.join(", ") ?? ""],
  ]);
  const all = [...["all", ...counted.map((name) => String(total[name]))], ""];
  const left =
    incomplete > meters.length ? `${incomplete - meters.length} more meters are not complete; --all shows them\n` : "";
  const range =
    predicted === undefined
      ? ""
      : `, predicted ${[...new Set([predicted.atLeast, predicted.atMost].map((one) => percent(one, expected)))].join(" to ")}`;
  const strangers = unknown === 0 ? "" : `${unknown} lines are of meters that the fleet does not have\n`;
  const verdict = asExpected
    ? share === 1
      ? ""
      : ", as the faults predict"
    : predicted === undefined
      ? ""
      : ", not as the faults predict";
  return `${table(columns, [...rows, all])}${left}${strangers}${percent(right, expected)} of ${total.meters} meters${range}${verdict}\n`;
}

/** `dlms score`: holds what a campaign has read against the truth. */
export function scoreCommand(program: Command): void {
  fleetOptions(
    program
      .command("score")
      .description(
        "holds what was read of simulated meters against the truth; exit 1 unless all of it is there and right",
      )
      .argument(
        "<file>",
        "JSON lines of dlms profile and dlms read, or CSV: meter,object,time,column,value; - for standard input",
      ),
  )
    .option("--profile <ln>", "the profile of rows whose header names none")
    .option("--read <time[..time]>", "with --faults: when the meters were read, as --to; default --to", readOption)
    .option(
      "--within <duration>",
      "rows that were received later than this after their time are late: 90s, 30m, 6h, 2d",
      durationOption,
    )
    .option("--all", "shows every meter, also complete ones")
    .addOption(progressOption())
    .option("--json", "prints one JSON document per line: the meters, then the total")
    .addHelpText(
      "after",
      "\nExample: dlms score read.jsonl --meters 1000 --seed spring --start 2026-10-01T00:00:00Z --from 2026-11-01 --to 2026-11-01",
    )
    .action((path: string, options: ScoreCommandOptions) => score(path, options));
}
