import { T } from "@dlmskit/apdu";
import { type KeyName, KeyRotation, type Rotated, type Session } from "@dlmskit/client";
import { Fault, type LogicalName, logicalName, toHex } from "@dlmskit/core";
import { node } from "@dlmskit/security/node";
import { io } from "../io.ts";
import type { MeterOptions } from "../meter/meter-options.ts";
import { openMeter } from "../meter/open.ts";
import { jsonText } from "../output/json.ts";
import { Progress } from "../output/progress.ts";
import { begunSetup, KeyFileRecords } from "./key-file-records.ts";

export interface RotateOptions extends MeterOptions {
  readonly setup?: string;
  readonly change: readonly ("encryption" | "authentication" | "broadcast" | "master")[];
}

const outcomes: { readonly [how in Rotated["how"]]: string } = {
  changed: "the meter has new keys and uses them",
  resumed: "an interrupted key change was completed: the meter has new keys and uses them",
  confirmed: "an interrupted key change was completed: the meter already had the new keys",
};

/** The Security setup of `--setup`, else of an interrupted key change, else of the association. */
async function setupOf(place: string, options: RotateOptions, path: string, progress: Progress): Promise<LogicalName> {
  const setup = options.setup ?? begunSetup(path);
  if (setup !== undefined) return logicalName(setup);
  await using session = await openMeter(place, options, progress);
  return await session.read({ classId: 15, instanceId: "0.0.40.0.0.255", attributeId: 9 }, T.logicalName);
}

/** `dlms key rotate`. Faults of `KeyRotation`, of the keys file and of the line. */
export async function rotate(place: string, options: RotateOptions): Promise<void> {
  const { keys: path, client, suite, change, json } = options;
  if (path === undefined) {
    throw new Fault("bad-option", "--keys is missing", {
      layer: "cli",
      hint: "give the file with the meter's master key and the client's keys; the new keys are written to it",
    });
  }
  using progress = new Progress(options, "changing keys");
  const instanceId = await setupOf(place, options, path, progress);
  const records = new KeyFileRecords({ path, client, instanceId, suite });
  const rotation = new KeyRotation({
    ...{ records, pending: records, provider: node },
    change: change.map((name): KeyName => `${name}Key`),
    open: ({ keys }): Promise<Session> =>
      openMeter(place, { ...options, ek: toHex(keys.encryptionKey), ak: toHex(keys.authenticationKey) }, progress),
  });
  const { how } = await rotation.rotate(place, instanceId);
  progress.end();
  io().stdout.write(
    json
      ? `${jsonText({ rotated: place, setup: instanceId, how, keys: path })}\n`
      : `${outcomes[how]}; they are in ${path}\n`,
  );
}
