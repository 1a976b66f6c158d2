import { Fault } from "@dlmskit/core";
import { type FaultsFile, openTruth, type Period, parsePopulation, type TruthSource } from "@dlmskit/simulator";
import type { Store } from "@dlmskit/storage";
import type { Command } from "commander";
import { readTextFile } from "../capture-input.ts";
import { readFaultsFile } from "../faults-file.ts";
import { readKeysFile } from "../keys-file.ts";
import { type GivenTime, instantIn, momentOption } from "../moment.ts";
import { numberOption } from "../options.ts";
import { openStoreOf } from "../store.ts";
import { readTemplate } from "../template-file.ts";

/** Options that say which fleet it is, as those of `dlms simulate`, and which period. */
export interface FleetOptions {
  readonly template: string;
  readonly meters: number;
  readonly store: string;
  readonly seed?: string;
  readonly start?: GivenTime;
  readonly keys?: string;
  readonly population?: string;
  readonly faults?: string;
  readonly meter?: string;
  readonly from: GivenTime;
  readonly to: GivenTime;
}

/** Adds the options. */
export function fleetOptions(command: Command): Command {
  return command
    .option("--template <name>", "the meter template of the simulator, or the file of one", "is15959-d1")
    .option("--meters <n>", "number of meters", numberOption(1, 100_000_000), 1)
    .option("--seed <text>", "the seed of the simulator")
    .option(
      "--start <time>",
      "the time of day at which the simulator started, ISO 8601; needed without --store",
      momentOption,
    )
    .option(
      "--store <store>",
      "the store of the simulator: memory, pglite:DIR or postgres://…; it is only read",
      "memory",
    )
    .option("--keys <file>", "the keys file of the simulator")
    .option("--population <file>", "the population file of the simulator")
    .option(
      "--faults <file>",
      "the faults file of the simulator: without a store, the truth has what they do to the meters",
    )
    .option("--meter <serial>", "one meter only, by its serial number or meter id")
    .requiredOption("--from <time>", "first time of the period", momentOption)
    .requiredOption("--to <time>", "last time of the period, inclusive", momentOption);
}

export interface OpenedFleet extends AsyncDisposable {
  readonly source: TruthSource;
  readonly period: Period;
  /** The faults of `--faults`. */
  readonly faults?: FaultsFile;
  /** The meter of `--meter`, by index. */
  readonly of?: { readonly first: number; readonly meters: number };
  instantOf(time: GivenTime): number;
}

/** The fleet and the period. Faults `bad-option`, and those of `openTruth` and of stores. */
export async function openFleetOf(options: FleetOptions, say: (text: string) => void): Promise<OpenedFleet> {
  const { meters, seed, start } = options;
  const memory = options.store === "memory";
  if (memory && (seed === undefined || start === undefined)) {
    throw new Fault("bad-option", "without a store, the fleet is known only by its seed and its start", {
      layer: "cli",
      hint: "give --seed and --start as for dlms simulate, or --store",
    });
  }
  const keys = options.keys === undefined ? undefined : readKeysFile(options.keys);
  const population = options.population === undefined ? undefined : parsePopulation(readTextFile(options.population));
  const template = await readTemplate(options.template);
  const faults = options.faults === undefined ? undefined : readFaultsFile(options.faults, template);
  const store: Store = await openStoreOf(options.store, say, process.env, true);
  try {
    const instant = (time: GivenTime): number => instantIn(time, template.zoneMinutesEast);
    const source = await openTruth({
      ...{ store, template, meters },
      ...(seed === undefined ? {} : { seed }),
      ...(start === undefined ? {} : { start: instant(start) }),
      ...(keys === undefined ? {} : { keys }),
      ...(population === undefined ? {} : { population }),
      ...(faults === undefined ? {} : { faults }),
    });
    const period = { from: instant(options.from), to: instant(options.to) };
    if (period.from > period.to) throw new Fault("bad-option", "--from is after --to", { layer: "cli" });
    const first = indexOf(source, options.meter);
    return {
      ...{ source, period, instantOf: instant },
      ...(faults === undefined ? {} : { faults }),
      ...(first === undefined ? {} : { of: { first, meters: 1 } }),
      [Symbol.asyncDispose]: () => store.close(),
    };
  } catch (caught) {
    await store.close();
    throw caught;
  }
}

function indexOf({ fleet }: TruthSource, meter: string | undefined): number | undefined {
  if (meter === undefined) return undefined;
  const index = fleet.indexOf(meter) ?? fleet.indexOfMeterId(meter);
  if (index !== undefined) return index;
  throw new Fault("bad-option", `no meter of the fleet has the serial number ${meter}`, {
    layer: "cli",
    hint: "check --meters, --template and --seed: they are those of dlms simulate",
  });
}
