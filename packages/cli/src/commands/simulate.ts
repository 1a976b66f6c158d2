import { writeFile } from "node:fs/promises";
import { Fault } from "@dlmskit/core";
import {
  createSimulator,
  identitiesCsv,
  identitiesJson,
  type LinkName,
  type Reached,
  type Simulator,
  type SimulatorOptions,
} from "@dlmskit/simulator";
import { type Command, InvalidArgumentError, Option } from "commander";
import { readKeysFile } from "../keys-file.ts";
import { numberOption, portOption } from "../options.ts";
import { narrowFile } from "../private-file.ts";
import { stopAsked } from "../signals.ts";
import { openStoreOf } from "../store.ts";

function speedOption(text: string): number {
  const speed = Number(text);
  if (text.trim() !== "" && speed >= 0 && Number.isFinite(speed)) return speed;
  throw new InvalidArgumentError("a number is wanted, 0 (time stands still) or more");
}

function instantOption(text: string): number {
  const instant = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(instant)) return instant;
  throw new InvalidArgumentError("an ISO 8601 time is wanted, such as 2026-01-31T18:30:00Z");
}

interface SimulateOptions {
  readonly template: string;
  readonly meters: number;
  readonly port?: number;
  readonly host?: string;
  readonly link?: LinkName;
  readonly ports: "one" | "each";
  readonly store: string;
  readonly seed?: string;
  readonly start?: number;
  readonly speed?: number;
  readonly keys?: string;
  readonly identities?: string;
  readonly json?: boolean;
}

/** The identities as they come, for the eyes of the file's owner. Fault `not-written`. */
async function writeIdentities(simulator: Simulator, path: string, reached: Reached | undefined): Promise<void> {
  const identities = simulator.identities(reached === undefined ? {} : { reached });
  const text = /\.csv$/i.test(path) ? identitiesCsv(identities) : identitiesJson(identities);
  try {
    narrowFile(path);
    await writeFile(path, text, { mode: 0o600 });
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("not-written", `the file ${path} could not be written`, { layer: "cli", cause });
  }
}

async function simulate(options: SimulateOptions): Promise<void> {
  const say = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  const keys = options.keys === undefined ? undefined : readKeysFile(options.keys);
  const store = await openStoreOf(options.store, say);
  try {
    const { template, meters, seed, start, speed } = options;
    const given: SimulatorOptions = {
      ...{ store, template, meters },
      ...(keys === undefined ? {} : { keys }),
      ...(seed === undefined ? {} : { seed }),
      ...(start === undefined ? {} : { start }),
      ...(speed === undefined ? {} : { speed }),
    };
    await using simulator = await createSimulator(given);
    for (const notice of simulator.notices) say(`note: ${notice}`);
    const { link = "wrapper", port = 4059, host, ports: style } = options;
    const listening = await simulator.listen({ link, port, ports: style, ...(host === undefined ? {} : { host }) });
    if (options.identities !== undefined) await writeIdentities(simulator, options.identities, listening.reached[0]);
    // A program that reads this line may ask it to stop at once.
    const stop = stopAsked();
    for (const { host: at, port: number, link: spoken } of listening.ports) {
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ event: "listening", host: at, port: number, link: spoken })}\n`
          : `listening on ${at}:${number} (${spoken})\n`,
      );
    }
    await stop;
  } finally {
    await store.close();
  }
}

/** `dlms simulate`: one meter or a fleet, until SIGINT or SIGTERM. */
export function simulateCommand(program: Command): void {
  program
    .command("simulate")
    .description("runs one or more simulated meters")
    .option("--template <name>", "the meter template (see dlms templates)", "is15959-d1")
    .option("--meters <n>", "how many", numberOption(1, 100_000_000), 1)
    .option("--port <port>", "the first TCP port; 4059 unless given, 0 for any free port", portOption)
    .option("--host <address>", "address to listen on; 127.0.0.1 unless given")
    .addOption(new Option("--link <link>", "what is spoken").choices(["wrapper", "hdlc"]))
    .addOption(
      new Option(
        "--ports <how>",
        "one: all meters behind one port, or as few ports as possible; each: one port per meter",
      )
        .choices(["one", "each"])
        .default("one"),
    )
    .option("--store <store>", "memory, pglite:DIR or postgres://…", "memory")
    .option("--seed <text>", "the same seed gives the same meters, keys and data; use such keys for tests only")
    .option("--start <time>", "the time of day at which the simulation starts, ISO 8601", instantOption)
    .option("--speed <factor>", "how many times faster time passes; 0 stops it", speedOption)
    .option("--keys <file>", "secrets of the meters, JSON; what it does not contain is derived")
    .option(
      "--identities <file>",
      "writes the data that a head-end system must import, secrets included: .csv or .json",
    )
    .option("--json", "prints one JSON document per line")
    .addHelpText("after", "\nExample: dlms simulate --meters 3 --ports each --port 4100 --identities meters.csv")
    .action((options: SimulateOptions) => simulate(options));
}
