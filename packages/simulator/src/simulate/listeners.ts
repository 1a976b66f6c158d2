import { Fault } from "@dlmskit/core";
import { type Line, type ListenersOptions, linesOf } from "./lines.ts";
import { OpenLine } from "./open-line.ts";
import type { ListeningPort, ListenOptions, Reached, SimulatorListening } from "./options.ts";

/** The listeners, as the rows or the options specify. */
export class Listeners implements SimulatorListening {
  readonly #options: ListenersOptions;
  readonly #how: ListenOptions;
  #lines: readonly OpenLine[] = [];
  #closed = false;

  private constructor(options: ListenersOptions, how: ListenOptions) {
    this.#options = options;
    this.#how = how;
  }

  /**
   * Opens all listeners. Faults of listeners; after a Fault nothing listens. If the device of a serial port row does not exist, the other
   * rows are still served.
   */
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
    for (const line of linesOf(this.#options.rows, this.#how, this.#options.span.meters)) {
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

  /** Opens one more line. Returns the error, if any. */
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
   * Applies the current rows. Lines without a change stay open, with their connections. Returns the Faults of rows that cannot be applied;
   * for each of these rows the previous line stays open. Fault `bad-row` if no row can be applied.
   */
  async follow(): Promise<readonly Fault[]> {
    if (this.#closed) return [];
    const wanted = linesOf(this.#options.rows, this.#how, this.#options.span.meters);
    const faults: Fault[] = [];
    const failed = (caught: unknown): void => {
      if (!(caught instanceof Fault)) throw caught;
      faults.push(caught);
    };
    const gone = this.#lines.filter(({ line }) => !wanted.some(({ row }) => row === line.row));
    // These lines are closed first, because other lines may use their ports.
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
