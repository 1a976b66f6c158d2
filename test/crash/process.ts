import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A process that tells by lines on its standard output what it does. */
export class Process implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;
  #said = "";

  /** Starts `node` with these arguments. */
  constructor(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, NODE_OPTIONS: "", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#exited = once(child, "exit");
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = `${this.#said}${text}`.slice(-10_000);
    });
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line; throws with what it complained of when it ends instead. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done !== true) return value;
    await this.#exited;
    throw new Error(`the process ended (${this.#child.exitCode ?? this.#child.signalCode}): ${this.#said}`);
  }

  /** All lines that are still to come, until its end. The last may be cut off, and is left out. */
  async *rest(): AsyncGenerator<string> {
    let held: string | undefined;
    for (let next = await this.#lines.next(); next.done !== true; next = await this.#lines.next()) {
      if (held !== undefined) yield held;
      held = next.value;
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Signals, and waits for the end. Gives the exit code, null for a process that was killed. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    await this.#exited;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }
}
