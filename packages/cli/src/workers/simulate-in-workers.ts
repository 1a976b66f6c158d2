import { Fault, toHex } from "@dlmskit/core";
import { platformRandom } from "@dlmskit/server";
import { spanOf } from "@dlmskit/simulator";
import { controlText, RunControl } from "../control.ts";
import { io } from "../io.ts";
import { beginRecord } from "../record/record-to.ts";
import { expectFree, listeningText, type SimulateOptions, whereOf } from "../simulate/options.ts";
import { controlWorkers } from "./control-workers.ts";
import { runWorkers } from "./first-process.ts";

/** Runs the same command in several processes. Faults `bad-option` (what several processes cannot share), `address-in-use` … */
export async function simulateInWorkers(options: SimulateOptions, of: number): Promise<void> {
  const { json = false, seed, shard, meters, metrics } = options;
  const { stdout, stderr } = io();
  const where = whereOf(options);
  const cannot = (what: string, hint: string): Fault =>
    new Fault("bad-option", `--workers cannot be used with ${what}`, { layer: "cli", hint });
  if (where.serial !== undefined) throw cannot("--serial", "one process serves a serial line");
  if (where.transport === "udp")
    throw cannot("--transport udp", "one process serves a UDP port; --shard divides a fleet");
  if (where.port === 0) throw cannot("--port 0", "name a port: all workers listen on it");
  if (metrics === 0) throw cannot("--metrics 0", "name a port: the workers use it and those after it");
  if (options.store.startsWith("pglite:")) {
    throw cannot("--store pglite:DIR", "one process at a time can open that folder: use memory or postgres://…");
  }
  const served = spanOf({ first: 0, meters }, shard ?? { index: 0, of: 1 });
  if (served.meters < of) throw cannot(`${served.meters} meters`, "each worker needs a meter of its own");
  await expectFree(where, { ...options, meters: served.meters });
  if (options.record !== undefined) beginRecord(options.record);
  await using controlled = await RunControl.of(options);
  const controlling = await controlWorkers(options, { of, served });
  const place = controlled && controlling.control && (await controlled.serve(controlling.control.port));
  const own = seed === undefined && options.store === "memory" ? toHex(platformRandom(16)) : undefined;
  const code = await runWorkers(
    {
      ...{ of, seed: own, ...controlling },
      listening: (ports) => {
        if (place !== undefined) (json ? stdout : stderr).write(`${controlText(place, json)}\n`);
        for (const port of ports) stdout.write(listeningText(port, json));
      },
      replaced: (index, how) => stderr.write(`worker ${index} ended (${how}); another one takes its place\n`),
      missed: (index, { message }) => stderr.write(`warning: worker ${index} was not given everything: ${message}\n`),
    },
    io().stopAsked(),
  );
  io().exitCode = code;
}
