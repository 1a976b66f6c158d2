import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { dlmsProgram } from "../../../test/programs.ts";
import { type Io, withIo } from "../src/io.ts";
import { run } from "../src/run.ts";

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface How {
  readonly input?: string;
  readonly env?: { readonly [name: string]: string };
  readonly cwd?: string;
}

// What the command keeps of a user stays out of the home of the one who tests.
process.env.XDG_STATE_HOME = join(tmpdir(), ".local", "state");

/** A run of the command in this process, which has started when this returns. */
class Run {
  stdout = "";
  stderr = "";
  readonly code: Promise<number>;
  readonly stdin = new PassThrough();
  stop: () => void = () => undefined;

  constructor(args: readonly string[], input: string | undefined, written: () => void = () => undefined) {
    const stopped = new Promise<void>((resolve) => {
      this.stop = resolve;
    });
    // Without input the standard input stays open.
    if (input !== undefined) this.stdin.end(input);
    const atEnd: (() => void)[] = [];
    const own: Io = {
      stdin: this.stdin,
      stdout: {
        write: (text) => {
          this.stdout += text;
          written();
        },
      },
      stderr: {
        write: (text) => {
          this.stderr += text;
        },
      },
      exitCode: 0,
      stopAsked: () => stopped,
      atEnd: (release) => void atEnd.push(release),
    };
    this.code = withIo(own, () => run(args)).finally(() => {
      for (const release of atEnd) release();
    });
  }
}

let running = 0;

/** Runs the command in this process: tests of what it prints start no other. Runs with `env` must not overlap others. */
export async function dlms(args: readonly string[], { input = "", env = {} }: How = {}): Promise<Ran> {
  const names = Object.keys(env);
  if (names.length > 0 && running > 0) throw new Error("another run would find the environment of this one");
  running++;
  Object.assign(process.env, env);
  try {
    const made = new Run(args, input);
    const code = await made.code;
    return { code, stdout: made.stdout, stderr: made.stderr };
  } finally {
    running--;
    for (const name of names) delete process.env[name];
  }
}

/** `timeout`: ms after which the process is killed; it must outlive everything that is asked of it on a slow machine. */
async function begin(args: readonly string[], { env = {}, cwd }: How = {}, timeout = 60_000): Promise<ChildProcess> {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  return spawn(process.execPath, [await dlmsProgram(), ...args], {
    env: { PATH: PATH ?? "", HOME: tmpdir(), NO_COLOR: "1", NODE_COMPILE_CACHE, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    timeout,
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** Runs the command as a user does, in a process of its own, bundled from the sources. */
export async function dlmsProcess(args: readonly string[], { input, ...how }: How = {}): Promise<Ran> {
  const child = await begin(args, how);
  return new Promise((done, failed) => {
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (chunk) => (stdout += chunk));
    child.stderr?.on("data", (chunk) => (stderr += chunk));
    child.on("error", failed);
    child.on("close", (code) => done({ code, stdout, stderr }));
    // A command that does not read its input (--help) may have ended before the input is closed: EPIPE, which is no failure.
    child.stdin?.on("error", (error: NodeJS.ErrnoException) => error.code === "EPIPE" || failed(error));
    child.stdin?.end(input ?? "");
  });
}

export interface Serving extends AsyncDisposable {
  /** Of a process of its own. */
  readonly pid?: number | undefined;
  readonly lines: readonly string[];
  /** All whole lines of standard output until now. */
  output(): readonly string[];
  /** Standard error until now. */
  errors(): string;
  /** Writes to its standard input. */
  write(text: string): void;
  /** Ends it, a process by a signal; gives its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const wholeLines = (text: string): string[] => text.split("\n").slice(0, -1);

/** Starts `dlms simulate` in this process and waits for as many lines of readiness. */
export function serving(args: readonly string[], lines = 1): Promise<Serving> {
  return new Promise((done, failed) => {
    const written = (): void => {
      const told = wholeLines(made.stdout);
      if (told.length >= lines)
        done({
          lines: told,
          output: () => wholeLines(made.stdout),
          errors: () => made.stderr,
          write: (text) => void made.stdin.write(text),
          stop,
          [Symbol.asyncDispose]: async () => void (await stop()),
        });
    };
    const made = new Run(args, undefined, written);
    const stop = (): Promise<number> => {
      made.stop();
      return made.code;
    };
    void made.code.then((code) => failed(new Error(`it ended with ${code}: ${made.stderr}`)), failed);
  });
}

/** The same in a process of its own. */
export async function servingProcess(args: readonly string[], lines = 1): Promise<Serving> {
  const child = await begin(args, {}, 900_000);
  return new Promise((done, failed) => {
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    let stdout = "";
    let stderr = "";
    const stop = (signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> => {
      child.kill(signal);
      return ended;
    };
    child.stderr?.on("data", (chunk) => (stderr += chunk));
    child.stdout?.on("data", (chunk) => {
      stdout += chunk;
      const told = wholeLines(stdout);
      if (told.length >= lines)
        done({
          ...{ lines: told, pid: child.pid },
          output: () => wholeLines(stdout),
          errors: () => stderr,
          write: (text) => void child.stdin?.write(text),
          stop,
          [Symbol.asyncDispose]: async () => void (await stop()),
        });
    });
    child.on("error", failed);
    void ended.then((code) => failed(new Error(`it ended with ${code}: ${stderr}`)));
  });
}

/** A folder of its own, removed at the end. */
export function folder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "dlms-cli-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
