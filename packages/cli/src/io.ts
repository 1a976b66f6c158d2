import { AsyncLocalStorage } from "node:async_hooks";
import { stopAsked } from "./signals.ts";

/** Where a run writes text. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Characters in a line of the terminal. */
  readonly columns?: number;
}

/** Input, output and exit code of a run of the command. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: Output;
  readonly stderr: Output;
  /** The exit code of a run that throws nothing. */
  exitCode: number;
  /** Resolves when the run is asked to stop. */
  stopAsked(): Promise<unknown>;
  /** Calls `release` when the run has ended. */
  atEnd(release: () => void): void;
}

const ofProcess: Io = {
  // Each is made by the process when it is asked for.
  get stdin() {
    return process.stdin;
  },
  get stdout() {
    return process.stdout;
  },
  get stderr() {
    return process.stderr;
  },
  get exitCode() {
    return Number(process.exitCode ?? 0);
  },
  set exitCode(code) {
    process.exitCode = code;
  },
  stopAsked,
  atEnd: (release) => void process.once("exit", release),
};

const given = new AsyncLocalStorage<Io>();

/** Runs something that finds `own` instead of what the process has: several runs can share a process. */
export const withIo = <R>(own: Io, run: () => R): R => given.run(own, run);

/**
 * What the run that calls it has: what the process has, unless it was given its own. Callbacks of a server may run on behalf
 * of another run: take what they need before they are made.
 */
export const io = (): Io => given.getStore() ?? ofProcess;
