import { Fault } from "@dlmskit/core";
import { faultOf, type WorkerCall, type WorkerTold } from "./messages.ts";
import type { WorkerMethods } from "./worker-methods.ts";

export interface WorkersOptions {
  /** Number of workers. */
  readonly of: number;
  /** Sends a call to a worker. The worker answers by `heard`. */
  readonly post: (worker: number, call: WorkerCall) => void;
  /** How long a worker may take to answer, ms; 10,000 by default. */
  readonly patience?: number;
  /** Calls a function after so many ms, unless the returned function is called before; `setTimeout` by default. */
  readonly after?: (ms: number, run: () => void) => () => void;
}

function afterTimeout(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

type Methods = WorkerMethods;
export type Method = keyof Methods;
export type Asked<M extends Method> = Awaited<ReturnType<Methods[M]>>;

interface Waiting {
  readonly worker: number;
  answer(result: unknown): void;
  fail(fault: Fault): void;
}

/** Methods that take as long as they need while their worker answers to `ping`. */
const lasting: readonly Method[] = [
  ...(["switchMeters", "lookAgain", "stepTogether", "takeSnapshot"] as const),
  ...(["restoreSnapshot", "followSnapshot", "quiet"] as const),
];

export const unavailable = (worker: number, why: string, hint: string): Fault =>
  new Fault("worker-unavailable", `worker ${worker} ${why}`, { layer: "simulator", hint });

const isUnavailable = (error: unknown): boolean => error instanceof Fault && error.code === "worker-unavailable";

/** What each of several workers answered. */
export interface Told<T> {
  readonly answers: readonly { readonly worker: number; readonly result: T }[];
  readonly faults: readonly { readonly worker: number; readonly fault: Fault }[];
}

/**
 * The workers as the first process sees them. A worker that does not answer in time is silent: until it says something again, it is not
 * waited for. Every method rejects with Fault `worker-unavailable` for such a worker, and for one that is being started or stopped.
 */
export class Workers {
  readonly of: number;
  readonly after: NonNullable<WorkersOptions["after"]>;
  readonly #post: WorkersOptions["post"];
  readonly #patience: number;
  readonly #up = new Set<number>();
  readonly #silent = new Set<number>();
  readonly #waiting = new Map<number, Waiting>();
  #lastCall = 0;
  #stopped = false;

  constructor({ of, post, patience = 10_000, after = afterTimeout }: WorkersOptions) {
    this.of = of;
    this.after = after;
    this.#post = post;
    this.#patience = patience;
  }

  /** Workers that were started and have not ended. */
  get up(): readonly number[] {
    return [...this.#up].sort((one, other) => one - other);
  }

  /** Workers that do not answer, and those that are being started. */
  get silent(): readonly number[] {
    return Array.from({ length: this.of }, (_, worker) => worker).filter((worker) => !this.#answers(worker));
  }

  #answers(worker: number): boolean {
    return this.#up.has(worker) && !this.#silent.has(worker);
  }

  /** A worker answers calls from now on. */
  started(worker: number): void {
    this.#up.add(worker);
  }

  /** A worker has ended: its calls fail. */
  ended(worker: number): void {
    this.#up.delete(worker);
    this.#silent.delete(worker);
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.worker === worker) waiting.fail(ended(worker));
    }
  }

  /** All workers are about to end: calls that wait fail, and no further one is sent. Nothing is waited for any more. */
  stop(): void {
    this.#stopped = true;
    for (const waiting of [...this.#waiting.values()]) waiting.fail(stopped(waiting.worker));
  }

  /** A worker told something. */
  heard(worker: number, told: WorkerTold): void {
    this.#silent.delete(worker);
    if (!("answer" in told)) return;
    const waiting = this.#waiting.get(told.answer);
    if (waiting?.worker !== worker) return;
    if ("fault" in told) waiting.fail(faultOf(told.fault));
    else waiting.answer(told.result);
  }

  /** Asks a worker. A silent one is not sent the call. Faults of the method. */
  async ask<M extends Method>(worker: number, method: M, ...args: Parameters<Methods[M]>): Promise<Asked<M>> {
    this.#expectUp(worker);
    if (this.#silent.has(worker)) throw silent(worker);
    return this.#call(worker, method, args);
  }

  /** Asks the first worker that answers: for what all workers know. Faults of the method. */
  async askAny<M extends Method>(method: M, ...args: Parameters<Methods[M]>): Promise<Asked<M>> {
    return (await this.askFirst(method, ...args)).result;
  }

  /** As `askAny`, with the number of that worker. */
  async askFirst<M extends Method>(
    method: M,
    ...args: Parameters<Methods[M]>
  ): Promise<{ readonly worker: number; readonly result: Asked<M> }> {
    let last: unknown = this.#notUp(0);
    for (const worker of this.up) {
      try {
        return { worker, result: await this.ask(worker, method, ...args) };
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        last = error;
      }
    }
    throw last;
  }

  /** Asks all workers that are up. */
  askAll<M extends Method>(method: M, ...args: Parameters<Methods[M]>): Promise<Told<Asked<M>>> {
    return this.each(this.up, (worker) => this.ask(worker, method, ...args));
  }

  /** Tells all workers that are up. A silent one is sent the call, too, and does it when it goes on. */
  tellAll<M extends Method>(method: M, ...args: Parameters<Methods[M]>): Promise<Told<Asked<M>>> {
    return this.each(this.up, (worker) => this.tell(worker, method, ...args));
  }

  /** Tells a worker: a silent one is sent the call, and does it when it goes on. Faults of the method. */
  async tell<M extends Method>(worker: number, method: M, ...args: Parameters<Methods[M]>): Promise<Asked<M>> {
    this.#expectUp(worker);
    if (!this.#silent.has(worker)) return this.#call(worker, method, args);
    this.#send(worker, ++this.#lastCall, method, args);
    throw silent(worker);
  }

  /** Calls a function for each worker at the same time. Errors of the program are thrown. */
  async each<T>(workers: readonly number[], call: (worker: number) => Promise<T>): Promise<Told<T>> {
    const answers: { worker: number; result: T }[] = [];
    const faults: { worker: number; fault: Fault }[] = [];
    const one = async (worker: number): Promise<void> => {
      try {
        answers.push({ worker, result: await call(worker) });
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        faults.push({ worker, fault: error });
      }
    };
    await Promise.all(workers.map(one));
    const byWorker = (one: { worker: number }, other: { worker: number }): number => one.worker - other.worker;
    return { answers: answers.sort(byWorker), faults: faults.sort(byWorker) };
  }

  #expectUp(worker: number): void {
    if (this.#stopped || !this.#up.has(worker)) throw this.#notUp(worker);
  }

  #notUp(worker: number): Fault {
    return this.#stopped ? stopped(worker) : unavailable(worker, "is being started", "try again in a second");
  }

  #send(worker: number, id: number, method: Method, args: readonly unknown[]): void {
    // JSON has no undefined: an argument that is left out must not become null.
    const given = args.findLastIndex((argument) => argument !== undefined) + 1;
    this.#post(worker, { id, method, args: args.slice(0, given) });
  }

  #call<M extends Method>(worker: number, method: M, args: Parameters<Methods[M]>): Promise<Asked<M>> {
    const id = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      let cancel: (() => void) | undefined;
      const over = (): void => {
        this.#waiting.delete(id);
        cancel?.();
      };
      const fail = (fault: Fault): void => {
        over();
        reject(fault);
      };
      const answer = (result: unknown): void => {
        over();
        resolve(result as Asked<M>);
      };
      this.#waiting.set(id, { worker, answer, fail });
      const look = (): void => {
        this.#call(worker, "ping", []).catch(fail);
        cancel = this.after(this.#patience / 4, look);
      };
      const expire = (): void => {
        this.#silent.add(worker);
        fail(silent(worker));
        // A worker that is only slow with this call answers at once, and is not silent any more.
        this.#send(worker, ++this.#lastCall, "ping", []);
      };
      cancel = lasting.includes(method) ? this.after(this.#patience / 4, look) : this.after(this.#patience, expire);
      this.#send(worker, id, method, args);
    });
  }
}

const ended = (worker: number): Fault =>
  unavailable(worker, "ended; another one takes its place", "try again in a second");

const stopped = (worker: number): Fault => unavailable(worker, "is being stopped", "the simulation ends");

const silent = (worker: number): Fault =>
  unavailable(worker, "does not answer", "look whether its process is suspended or overloaded, and try again");
