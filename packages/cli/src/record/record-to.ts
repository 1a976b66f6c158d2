import { closeSync, openSync, writeSync } from "node:fs";
import { Fault } from "@dlmskit/core";
import { recordingTap, type SimulatorOptions } from "@dlmskit/simulator";
import { narrowFile } from "../private-file.ts";

export interface Recording extends Disposable {
  readonly options: Pick<SimulatorOptions, "taps">;
}

/** Records to a file that only its owner can read, until disposed. Each line is written at once. Fault `not-written`. */
export function recordTo(path: string, say: (text: string) => void): Recording {
  let file: number;
  try {
    narrowFile(path);
    file = openSync(path, "w", 0o600);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("not-written", `the file ${path} could not be written`, { layer: "cli", cause });
  }
  const tap = recordingTap({
    write: (text) => void writeSync(file, text),
    now: Date.now,
    full: () => say(`warning: ${path} has reached its limit: nothing more is recorded`),
  });
  return { options: { taps: [tap] }, [Symbol.dispose]: () => closeSync(file) };
}
