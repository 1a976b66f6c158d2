import { Fault } from "@dlmskit/core";
import { type Line, type ListenersOptions, linesOf } from "./lines.ts";
import { OpenLine } from "./open-line.ts";
import type { ListeningPort, ListenOptions, Reached, SimulatorListening } from "./options.ts";

/** What listens where the rows say, or where the options do. */
export class Listeners implements SimulatorListening {
  readonly #options: ListenersOptions;
  readonly #how: ListenOptions;
  #lines: readonly OpenLine[] = [];
  #closed = false;

  private constructor(options: ListenersOptions, how: ListenOptions) {
    this.#options = options;
    this.#how = how;
  }

  /** Faults of listeners; then nothing listens. A row of a serial port whose device is not there keeps nobody from the others. */
  static async open(options: ListenersOptions, how: ListenOptions): Promise<Listeners> {
    const listeners = new Listeners(options, how);
    try {
      await listeners.#open();
    } catch (caught) {
      await listeners.close();
      throw caught;
    }
    return listeners;
  }

  async #open(): Promise<void> {
    let missing: Fault | undefined;
    for (const line of linesOf(this.#options.rows, this.#how)) {
      const fault = await this.#add(line);
      if (fault === undefined) continue;
      if (line.row === undefined || line.serial === undefined || !(fault instanceof Fault)) throw fault;
      const at = `hdlc on ${line.serial.path} (communication_ports id ${line.row}, port_number)`;
      this.#options.server.listenerFailed(at, fault);
      missing ??= fault;
    }
    if (this.ports.length > 0) return;
    if (missing !== undefined) throw missing;
    throw new Fault("no-port", "there is no port to listen on", {
      layer: "simulator",
      hint: "add a row to communication_ports, or name a port",
    });
  }

  /** Opens one more line; gives what went wrong. */
  async #add(line: Line): Promise<unknown> {
    const open = new OpenLine(this.#options, line, this.#how);
    try {
      await open.open();
    } catch (caught) {
      return caught;
    }
    this.#lines = [...this.#lines, open];
    return undefined;
  }

  /**
   * Follows the rows as they are now. What they do not change goes on, with its connections. Gives the Faults of rows that cannot be
   * followed, each alone: what they were before goes on. Fault `bad-row` where none can be.
   */
  async follow(): Promise<readonly Fault[]> {
    if (this.#closed) return [];
    const wanted = linesOf(this.#options.rows, this.#how);
    const faults: Fault[] = [];
    const failed = (caught: unknown): void => {
      if (!(caught instanceof Fault)) throw caught;
      faults.push(caught);
    };
    const gone = this.#lines.filter(({ line }) => !wanted.some(({ row }) => row === line.row));
    // Before others may take their ports.
    await Promise.all(gone.map((line) => line.close()));
    this.#lines = this.#lines.filter((line) => !gone.includes(line));
    for (const line of wanted) {
      const there = this.#lines.find((one) => one.line.row === line.row);
      if (there === undefined) {
        const fault = await this.#add(line);
        if (fault !== undefined) failed(fault);
      } else await there.become(line).catch(failed);
    }
    return faults;
  }

  get ports(): readonly ListeningPort[] {
    return this.#lines.flatMap(({ ports }) => ports);
  }

  get reached(): readonly Reached[] {
    return this.#lines.flatMap(({ reached }) => reached);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#lines.map((line) => line.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
