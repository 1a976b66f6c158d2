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
      hint: "give --store pglite:DIR or postgres://… for simulated meters, or --state DIR for the commands that read meters",
    });
  }
  const tell = (text: string, document: object): void => {
    io().stdout.write(json ? `${jsonText(document)}\n` : `${text}\n`);
  };
  if (spec !== undefined) {
    if (spec === "memory")
      throw new Fault("bad-option", "a store in memory cannot be restored from a copy", { layer: "cli" });
    const say = (text: string): void => void io().stderr.write(`${text}\n`);
    await using store = (await openStoreOf(spec, say, process.env, true)) as PgStore;
    const fenced = await store.fence({ counters: options.counters, clients: options.clients === true });
    const clients = options.clients === true ? `, and those of ${fenced.clients} clients` : "";
    tell(`${spec}: raised the counters of ${fenced.keys} keys by ${options.counters}${clients}`, {
      fenced: "store",
      counters: options.counters,
      ...fenced,
    });
  }
  if (state !== undefined) {
    const keys = fenceState(state, options.counters);
    tell(`${state}: raised the counters of ${keys} keys by ${options.counters}`, {
      fenced: "state",
      counters: options.counters,
      keys,
    });
  }
}

/** `dlms store`: maintenance of a store. */
export function storeCommand(program: Command): void {
  const example = "\nExample: dlms store fence --store pglite:.dlmskit";
  program
    .command("store")
    .description("makes a store safe to use after a restore")
    .addHelpText("after", example)
    .command("fence")
    .description("after a restore from an older copy: raises the invocation counters, so that none is used twice")
    .option("--store <store>", "store of simulated meters: pglite:DIR or postgres://…")
    .option("--state <dir>", "the folder in which the commands that read meters keep their counters")
    .option("--counters <n>", "number of counters of each key to skip", numberOption(1, 0xffffffff), counters)
    .option("--clients", "raises the clients' counters in the store too, against the replay of recorded APDUs")
    .option("--json", "prints one JSON document per line")
    .addHelpText("after", example)
    .action((options: FenceOptions) => fence(options));
}
