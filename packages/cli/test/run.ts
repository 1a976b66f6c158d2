import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dlmsProgram } from "../../../test/programs.ts";

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

/** Runs the command as a user does, bundled from the sources. */
export async function dlms(args: readonly string[], { input, ...how }: How = {}): Promise<Ran> {
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
  readonly lines: readonly string[];
  /** All whole lines of standard output until now. */
  output(): readonly string[];
  /** Standard error until now. */
  errors(): string;
  /** Ends it by a signal; gives its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `dlms simulate` and waits for as many lines of readiness. */
export async function serving(args: readonly string[], lines = 1): Promise<Serving> {
  const child = await begin(args, {}, 900_000);
  return new Promise((done, failed) => {
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    let stdout = "";
    let stderr = "";
    const stop = (signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> => {
      child.kill(signal);
      return ended;
    };
    const output = (): string[] => stdout.split("\n").slice(0, -1);
    child.stderr?.on("data", (chunk) => (stderr += chunk));
    child.stdout?.on("data", (chunk) => {
      stdout += chunk;
      const told = output();
      if (told.length >= lines)
        done({
          lines: told,
          output,
          errors: () => stderr,
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
