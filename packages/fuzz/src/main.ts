import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { placesInUse } from "./coverage.ts";
import { Campaign, type Finding, type Target } from "./engine.ts";
import { instrumentImports } from "./instrument.ts";
import { Dice } from "./mutate.ts";

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError("a whole number is wanted");
  return number;
}

interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly corpus: string;
  readonly target?: string;
  readonly replay?: string;
  readonly targets?: string;
}

const options = new Command()
  .name("pnpm fuzz")
  .description("Feeds every decoder octets that nobody would send, and keeps what reaches new code.")
  .option("--seconds <n>", "how long, over all targets", wholeNumber, 60)
  .option("--seed <n>", "the same seed, code and corpus try the same octets", wholeNumber, Date.now() % 0x7fffffff)
  .option(
    "--corpus <dir>",
    "where inputs that reach new code are kept",
    join(import.meta.dirname, "../../../.dlmskit/fuzz"),
  )
  .option("--target <name>", "only this one")
  .option("--replay <file>", "runs one kept input on --target, and nothing else")
  .option("--targets <file>", "a module of other targets than ours, as src/targets.ts exports them")
  .addHelpText("after", "\nExample: pnpm fuzz --seconds 60 --seed 7")
  .parse()
  .opts<Options>();

const module = pathToFileURL(options.targets ?? join(import.meta.dirname, "targets.ts")).href;
instrumentImports(
  ["core", "hdlc", "wrapper", "mbus", "iec62056-21", "apdu", "capture"],
  options.targets === undefined ? [] : [module],
);
// Only now: what is imported from here on is counted.
const { targets } = (await import(module)) as { readonly targets: readonly Target[] };

const chosen: readonly Target[] = targets.filter(({ name }) => options.target === undefined || name === options.target);
if (chosen.length === 0) {
  process.stderr.write(`no target "${options.target}": there are ${targets.map(({ name }) => name).join(", ")}\n`);
  process.exit(2);
}

/** A file name for octets: the same octets, the same name (FNV-1a, twice). */
function nameOf(octets: Uint8Array): string {
  let [one, other] = [0x811c9dc5, 0x2b1d7a95];
  for (const octet of octets) {
    one = Math.imul(one ^ octet, 0x01000193);
    other = Math.imul(other ^ octet, 0x01000193);
  }
  return [one, other].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

function keep(folder: string, octets: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, nameOf(octets));
  if (!existsSync(file)) writeFileSync(file, octets);
  return file;
}

function report(target: Target, { octets, error }: Finding): void {
  const file = keep(join(options.corpus, "findings", target.name), octets);
  process.stdout.write(
    `\nFOUND in ${target.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.stdout.write(`input of ${octets.length} octets kept in ${file}\n`);
  process.stdout.write(`again: pnpm fuzz --target ${target.name} --replay ${file}\n`);
  process.exitCode = 1;
}

if (options.replay !== undefined) {
  for (const target of chosen) {
    target.run(new Uint8Array(readFileSync(options.replay)));
    process.stdout.write(`${target.name}: nothing found\n`);
  }
} else {
  process.stdout.write(
    `seed ${options.seed}, ${chosen.length} targets, ${placesInUse()} places, ${options.seconds} s\n`,
  );
  const dice = new Dice(options.seed);
  const began = performance.now();
  let executions = 0;
  for (const [at, target] of chosen.entries()) {
    const folder = join(options.corpus, target.name);
    const kept = existsSync(folder)
      ? readdirSync(folder).map((file) => new Uint8Array(readFileSync(join(folder, file))))
      : [];
    const campaign = new Campaign(target, dice);
    const left = options.seconds * 1000 - (performance.now() - began);
    const since = performance.now();
    const finding = campaign.start(kept) ?? campaign.go(Math.max(0, left / (chosen.length - at)));
    const seconds = (performance.now() - since) / 1000;
    for (const octets of campaign.fresh) keep(folder, octets);
    executions += campaign.executions;
    const rate = Math.round(campaign.executions / seconds).toLocaleString("en");
    process.stdout.write(
      `${target.name.padEnd(22)} ${rate.padStart(9)} executions/s  ${String(campaign.places).padStart(5)} places  corpus ${campaign.corpus.length} (${campaign.fresh.length} new)\n`,
    );
    if (finding !== undefined) report(target, finding);
  }
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(
    `${executions.toLocaleString("en")} executions in ${seconds.toFixed(1)} s, ${Math.round(executions / seconds).toLocaleString("en")} a second: ${process.exitCode === 1 ? "findings, see above" : "no finding"}\n`,
  );
}
