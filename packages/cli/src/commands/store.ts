import { Fault } from "@dlmskit/core";
import type { PgStore } from "@dlmskit/storage-pg";
import type { Command } from "commander";
import { io } from "../io.ts";
import { fenceState } from "../meter/state.ts";
import { numberOption } from "../options.ts";
import { jsonText } from "../output/json.ts";
import { openStoreOf } from "../store.ts";

interface FenceOptions {
  readonly store?: string;
  readonly state?: string;
  readonly counters: number;
  readonly clients?: boolean;
  readonly json?: boolean;
}

const counters = 0x1000000;

async function fence(options: FenceOptions): Promise<void> {
  const { store: spec, state, json = false } = options;
  if (spec === undefined && state === undefined) {
    throw new Fault("bad-option", "--store or --state is missing", {
      layer: "cli",
      hint: "--store pglite:DIR or postgres://… of the meters, --state DIR of the commands that read meters",
    });
  }
  const tell = (text: string, document: object): void => {
    io().stdout.write(json ? `${jsonText(document)}\n` : `${text}\n`);
  };
  if (spec !== undefined) {
    if (spec === "memory") throw new Fault("bad-option", "a store in memory has no copies", { layer: "cli" });
    const say = (text: string): void => void io().stderr.write(`${text}\n`);
    await using store = (await openStoreOf(spec, say, process.env, true)) as PgStore;
    const fenced = await store.fence({ counters: options.counters, clients: options.clients === true });
    const clients = options.clients === true ? `, those of ${fenced.clients} clients too` : "";
    tell(`${spec}: the counters of ${fenced.keys} keys are ${options.counters} ahead${clients}`, {
      fenced: "store",
      counters: options.counters,
      ...fenced,
    });
  }
  if (state !== undefined) {
    const keys = fenceState(state, options.counters);
    tell(`${state}: the counters of ${keys} keys are ${options.counters} ahead`, {
      fenced: "state",
      counters: options.counters,
      keys,
    });
  }
}

/** `dlms store`: what is done with a store beside running meters on it. */
export function storeCommand(program: Command): void {
  const example = "\nExample: dlms store fence --store pglite:.dlmskit";
  program
    .command("store")
    .description("makes a store safe to use after a restore")
    .addHelpText("after", example)
    .command("fence")
    .description("after a restore from an older copy: no invocation counter that was used since comes again")
    .option("--store <store>", "of simulated meters: pglite:DIR or postgres://…")
    .option("--state <dir>", "the folder in which the commands that read meters keep their counters")
    .option("--counters <n>", "how many counters of each key are passed over", numberOption(1, 0xffffffff), counters)
    .option("--clients", "the clients' counters of the store are put ahead, too, against replay of what was recorded")
    .option("--json", "prints one JSON document per line")
    .addHelpText("after", example)
    .action((options: FenceOptions) => fence(options));
}
