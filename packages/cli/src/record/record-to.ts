import { closeSync, openSync, writeSync } from "node:fs";
import { Fault } from "@dlmskit/core";
import { recordingTap, type SimulatorOptions } from "@dlmskit/simulator";
import { visible } from "../output/visible.ts";
import { narrowFile } from "../private-file.ts";

export interface Recording extends Disposable {
  readonly options: Pick<SimulatorOptions, "taps">;
}

/** Octets of a record. Workers share them. */
const limit = 100_000_000;
/** More sessions than a process has before the limit. Workers number theirs from their process id times this. */
const sessionsOfProcess = 1_000_000;

const notWritten = (path: string, cause: unknown): Fault =>
  new Fault("not-written", `the file ${path} could not be written`, { layer: "cli", cause });

function opened(path: string, flags: "w" | "a"): number {
  try {
    narrowFile(path);
    return openSync(path, flags, 0o600);
  } catch (cause) {
    throw cause instanceof Fault ? cause : notWritten(path, cause);
  }
}

/** Begins a record to which several workers append. Fault `not-written`. */
export function beginRecord(path: string): void {
  const file = opened(path, "w");
  recordingTap({ write: (text) => void writeSync(file, text), now: Date.now });
  closeSync(file);
}

/**
 * Records to a file that only its owner can read, until disposed. Each line is written at once; if the disk is full, the sessions go on without
 * being recorded. `workers`: how many processes append to the
 * record that `beginRecord` began, this one included. Fault `not-written`.
 */
export function recordTo(path: string, say: (text: string) => void, workers?: number): Recording {
  const file = opened(path, workers === undefined ? "w" : "a");
  let ended = false;
  const write = (text: string): void => {
    if (ended) return;
    try {
      writeSync(file, text);
    } catch (cause) {
      ended = true;
      say(`warning: ${visible(notWritten(path, cause).message)}: nothing more is recorded`);
    }
  };
  const tap = recordingTap({
    write,
    now: Date.now,
    limit: limit / (workers ?? 1),
    full: () => say(`warning: ${path} has reached its limit: nothing more is recorded`),
    ...(workers !== undefined && { sessionsBefore: process.pid * sessionsOfProcess }),
  });
  return { options: { taps: [tap] }, [Symbol.dispose]: () => closeSync(file) };
}
