import { Fault } from "@dlmskit/core";
import type { ListedSession, SessionsOptions } from "../sessions.ts";
import type { Workers } from "./workers.ts";
import { expectAll } from "./workers-time.ts";

type Options = Omit<SessionsOptions, "meterId"> & { readonly serial?: string };

/** What a worker answered, oldest first. The numbers are those of the fleet. */
interface OfWorker {
  readonly worker: number;
  readonly rows: readonly ListedSession[];
}

/** The pages whose place is remembered. The least recently read one is forgotten first. */
const mostPages = 1000;

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
  /**
   * Where the page before a page begins, by the first session of the page: of each worker only sessions below a number. The workers need
   * not look for the place again, and that first session may be gone by then.
   */
  readonly #pages = new Map<string, ReadonlyMap<number, number>>();

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
    const below = before === undefined ? undefined : await this.#below(options, before);
    const told = await this.#workers.each(asked, (worker) =>
      below === undefined ? this.#workers.ask(worker, "sessions", options) : below(worker),
    );
    expectAll(told);
    const all = told.answers.map(({ worker, result }) => ({
      worker,
      rows: result.map((session) => ({ ...session, id: this.#numbered(worker, session.id) })),
    }));
    const page = latestOf(all, count);
    const [first] = page;
    if (first !== undefined) this.#remember(pageKey(options, first.id), all, page);
    return page;
  }

  /** What asks a worker for its sessions before one. Fault `no-session`: it is gone, and begins no page that is remembered. */
  async #below(options: Options, before: number): Promise<(worker: number) => Promise<readonly ListedSession[]>> {
    const numbers = this.#pages.get(pageKey(options, before));
    if (numbers === undefined) {
      const time = await this.#timeOf(before);
      return (worker) =>
        this.#workers.ask(worker, "sessionsBefore", options, { time, id: this.#bound(worker, before) });
    }
    return async (worker) => {
      const bound = (numbers.get(worker) ?? 0) - (this.#bases[worker] as number);
      return bound <= 1 ? [] : this.#workers.ask(worker, "sessions", { ...options, before: bound });
    };
  }

  #remember(key: string, all: readonly OfWorker[], page: readonly ListedSession[]): void {
    const shown = new Set(page.map(({ id }) => id));
    const numbers = all.map(({ worker, rows }) => {
      // Of a worker of which nothing is shown: what it had at that time, and not what clients do later.
      const next =
        rows.find(({ id }) => shown.has(id))?.id ?? (rows.at(-1)?.id ?? -this.#workers.of) + this.#workers.of;
      return [worker, Math.floor(next / this.#workers.of)] as const;
    });
    this.#pages.delete(key);
    this.#pages.set(key, new Map(numbers));
    if (this.#pages.size > mostPages) this.#pages.delete(this.#pages.keys().next().value as string);
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

const pageKey = ({ all = false, serial = "" }: Options, first: number): string => `${first} ${all} ${serial}`;

/** The latest sessions, oldest first. Those of one worker keep their order, also where its time was set back. */
function latestOf(all: readonly OfWorker[], count: number): readonly ListedSession[] {
  const left = all.map(({ rows }) => [...rows]);
  const page: ListedSession[] = [];
  while (page.length < count) {
    const last = left
      .filter((rows) => rows.length > 0)
      .reduce<ListedSession[] | undefined>((one, other) => (one && isLater(one, other) ? one : other), undefined);
    const session = last?.pop();
    if (session === undefined) break;
    page.push(session);
  }
  return page.reverse();
}

function isLater(rows: readonly ListedSession[], others: readonly ListedSession[]): boolean {
  const [one, other] = [rows.at(-1) as ListedSession, others.at(-1) as ListedSession];
  return one.connectionTime === other.connectionTime ? one.id > other.id : one.connectionTime > other.connectionTime;
}
