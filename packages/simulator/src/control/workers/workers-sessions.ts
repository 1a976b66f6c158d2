import { Fault } from "@dlmskit/core";
import type { ListedSession, SessionsOptions } from "../sessions.ts";
import type { Workers } from "./workers.ts";
import { expectAll } from "./workers-time.ts";

type Options = Omit<SessionsOptions, "meterId"> & { readonly serial?: string };

const noSession = (id: number): Fault =>
  new Fault("no-session", `there is no session ${id}`, { layer: "simulator", hint: "GET /sessions lists them" });

/**
 * The sessions of several workers. Workers on one database have one list. Workers with meters in memory number their sessions each for
 * itself: a number of the fleet is the number in the worker times the number of workers, plus that of the worker.
 */
export class WorkersSessions {
  readonly #workers: Workers;
  readonly #shared: boolean;
  readonly #ownerOf: (serial: string) => Promise<number>;
  /** Added to the numbers of a worker: those of workers that it replaced are not used again. */
  readonly #bases: number[];
  readonly #highest: number[];

  /** `shared`: all workers have one store. `ownerOf`: the worker that has a meter. */
  constructor(workers: Workers, shared: boolean, ownerOf: (serial: string) => Promise<number>) {
    this.#workers = workers;
    this.#shared = shared;
    this.#ownerOf = ownerOf;
    this.#bases = Array.from({ length: workers.of }, () => 0);
    this.#highest = [...this.#bases];
  }

  /** A worker took another one's place. */
  replaced(worker: number): void {
    this.#bases[worker] = this.#highest[worker] as number;
  }

  async list({ before, ...options }: Options): Promise<readonly ListedSession[]> {
    if (this.#shared) return this.#workers.askAny("sessions", { ...options, ...(before && { before }) });
    const { count = 1000, serial } = options;
    const asked = serial === undefined ? this.#workers.up : [await this.#ownerOf(serial)];
    const time = before === undefined ? undefined : await this.#timeOf(before);
    const told = await this.#workers.each(asked, (worker) => {
      if (before === undefined || time === undefined) return this.#workers.ask(worker, "sessionsBefore", options);
      return this.#workers.ask(worker, "sessionsBefore", options, { time, id: this.#bound(worker, before) });
    });
    expectAll(told);
    const all = told.answers.flatMap(({ worker, result }) =>
      result.map((session) => ({ ...session, id: this.#numbered(worker, session.id) })),
    );
    all.sort((one, other) => compare(one.connectionTime, other.connectionTime) || one.id - other.id);
    return all.slice(-count);
  }

  /** Faults `no-session`, `session-not-ended`, `worker-unavailable`. */
  async end(id: number): Promise<void> {
    if (this.#shared) return this.#workers.askAny("endSession", id);
    const { worker, local } = this.#place(id);
    try {
      await this.#workers.ask(worker, "endSession", local);
    } catch (error) {
      throw error instanceof Fault && error.code === "no-session" ? noSession(id) : error;
    }
  }

  async #timeOf(id: number): Promise<string> {
    const { worker, local } = this.#place(id);
    const time = await this.#workers.ask(worker, "sessionTime", local);
    if (time === undefined) throw noSession(id);
    return time;
  }

  #numbered(worker: number, local: number): number {
    const number = local + (this.#bases[worker] as number);
    this.#highest[worker] = Math.max(number, this.#highest[worker] as number);
    return number * this.#workers.of + worker;
  }

  #place(id: number): { readonly worker: number; readonly local: number } {
    const { of } = this.#workers;
    const worker = id % of;
    const local = Math.floor(id / of) - (this.#bases[worker] as number);
    if (local < 1) throw noSession(id);
    return { worker, local };
  }

  /** The lowest number in a worker whose number in the fleet is `id` or more. */
  #bound(worker: number, id: number): number {
    return Math.ceil((id - worker) / this.#workers.of) - (this.#bases[worker] as number);
  }
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
