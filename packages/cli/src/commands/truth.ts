import { writeFile } from "node:fs/promises";
import { Fault } from "@dlmskit/core";
import { truth, truthCsv, truthJson } from "@dlmskit/simulator";
import { type Command, Option } from "commander";
import { io } from "../io.ts";
import { print } from "../output/print.ts";
import { Progress, type ProgressOptions, progressOption } from "../output/progress.ts";
import { type FleetOptions, fleetOptions, openFleetOf } from "../truth/fleet-options.ts";
import { writeParquet } from "../truth/parquet.ts";

const formats = ["csv", "json", "parquet"] as const;
type Format = (typeof formats)[number];

interface TruthCommandOptions extends FleetOptions, ProgressOptions {
  readonly output?: string;
  readonly format?: Format;
  readonly profile?: readonly string[];
}

/** The format of `--format`, or of the ending of the file; JSON lines by default. Fault `bad-option`. */
function formatOf({ output, format }: TruthCommandOptions): Format {
  const ending = /\.(csv|jsonl?|ndjson|parquet)$/i.exec(output ?? "")?.[1]?.toLowerCase();
  const chosen = format ?? (ending === "csv" || ending === "parquet" ? ending : "json");
  if (chosen === "parquet" && output === undefined) {
    throw new Fault("bad-option", "Parquet goes to a file", { layer: "cli", hint: "give --output FILE.parquet" });
  }
  return chosen;
}

async function tell(options: TruthCommandOptions): Promise<void> {
  const format = formatOf(options);
  const { output, profile } = options;
  using progress = new Progress(options, "telling the truth");
  await using fleet = await openFleetOf(options, (text) => io().stderr.write(`${text}\n`));
  const { source, period, of } = fleet;
  let told = 0;
  progress.at(() => `${told} records`);
  const records = counted(
    truth(source, { ...period, ...(of && { of }), ...(profile && { profiles: profile }) }),
    () => {
      told++;
      progress.pulse();
    },
  );
  if (format === "parquet") return await writeParquet(output as string, records);
  const text = format === "csv" ? truthCsv(records) : truthJson(records);
  if (output === undefined) return await print(text);
  try {
    await writeFile(output, text);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("not-written", `the file ${output} could not be written`, { layer: "cli", cause });
  }
}

async function* counted<T>(all: AsyncIterable<T>, count: () => void): AsyncGenerator<T, undefined> {
  for await (const one of all) {
    count();
    yield one;
  }
}

/** `dlms truth`: what simulated meters have to show of a period. */
export function truthCommand(program: Command): void {
  fleetOptions(
    program
      .command("truth")
      .description("tells the rows, events and registers that simulated meters have of a period, without running them"),
  )
    .option("-o, --output <file>", "the file; its ending gives the format: .csv, .json, .parquet")
    .addOption(new Option("--format <format>", "the format, whatever the ending is").choices(formats))
    .option("--profile <ln>", "the rows of this profile only; may be repeated", (ln: string, all: string[] = []) => [
      ...all,
      ln,
    ])
    .addOption(progressOption())
    .addHelpText(
      "after",
      "\nExample: dlms truth --meters 1000 --seed spring --start 2026-10-01T00:00:00Z --from 2026-10-01 --to 2026-11-01 -o truth.csv",
    )
    .action((options: TruthCommandOptions) => tell(options));
}
