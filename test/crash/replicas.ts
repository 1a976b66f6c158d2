import type { Front } from "./front.ts";
import { Process } from "./process.ts";

export interface ReplicaOptions {
  readonly front: Front;
  /** One process each. */
  readonly names: readonly string[];
  /** The arguments of `node` for a process. Its first line on standard output is the port that it serves. */
  args(name: string): readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** Each further line that a process tells, but for the last before its end, which may be cut off. */
  told?(name: string, line: string): void;
}

/** Processes that serve the same behind a front; each can be killed and started again. */
export class Replicas implements AsyncDisposable {
  readonly #options: ReplicaOptions;
  readonly #running = new Map<
    string,
    { readonly process: Process; readonly port: number; readonly told: Promise<void> }
  >();
  /** How often each was killed. */
  readonly kills = new Map<string, number>();

  private constructor(options: ReplicaOptions) {
    this.#options = options;
  }

  /** Starts them all, and gives them to the front. Throws what a process complained of where it does not start. */
  static async start(options: ReplicaOptions): Promise<Replicas> {
    const replicas = new Replicas(options);
    try {
      await Promise.all(options.names.map((name) => replicas.restart(name)));
    } catch (caught) {
      await replicas[Symbol.asyncDispose]();
      throw caught;
    }
    return replicas;
  }

  /** The port of a process itself, for a connection that must not go to another. */
  port(name: string): number {
    const running = this.#running.get(name);
    if (running === undefined) throw new Error(`${name} does not run`);
    return running.port;
  }

  /** Stops a process where it is, until `signal(name, "SIGCONT")`, or sends it any other signal. */
  signal(name: string, signal: NodeJS.Signals): void {
    this.#running.get(name)?.process.signal(signal);
  }

  /**
   * Kills a process (kill -9), and takes it from the front once it is dead: connections that come meanwhile are lost, as in
   * the field. All that it told has been heard when this resolves.
   */
  async kill(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) throw new Error(`${name} does not run`);
    this.#running.delete(name);
    this.kills.set(name, (this.kills.get(name) ?? 0) + 1);
    await running.process.end("SIGKILL");
    this.#options.front.remove(name);
    await running.told;
  }

  /** Starts a process that does not run, and gives it to the front once it serves. */
  async restart(name: string): Promise<void> {
    if (this.#running.has(name)) throw new Error(`${name} still runs`);
    const { args, environment, front } = this.#options;
    const process = new Process(args(name), environment);
    try {
      const port = Number(await process.line());
      if (!Number.isInteger(port) || port < 1) throw new Error(`${name} told no port first`);
      this.#running.set(name, { process, port, told: this.#listen(name, process) });
      front.add(name, port);
    } catch (caught) {
      await process.end("SIGKILL");
      throw caught;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ process }) => process.end("SIGKILL")));
  }

  async #listen(name: string, process: Process): Promise<void> {
    for await (const line of process.rest()) this.#options.told?.(name, line);
  }
}
