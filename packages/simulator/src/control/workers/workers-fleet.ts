import type { FleetState, TimeState } from "../states.ts";
import type { Counts } from "../watch.ts";
import { unavailable, type Workers } from "./workers.ts";

const counted = ["reads", "changes", "pushesSent", "pushesFailed", "associations", "refused"] as const;

/** How long a worker may take for its figures, ms: the last ones are good enough otherwise. */
const patience = 1000;

/** The fleet at a glance, over all workers. */
export class WorkersFleet {
  readonly #workers: Workers;
  readonly #shared: boolean;
  readonly #last = new Map<number, FleetState>();
  /** Counts of workers that have ended. */
  readonly #gone: { -readonly [name in keyof Counts]: number } = {
    ...{ reads: 0, changes: 0, pushesSent: 0, pushesFailed: 0, associations: 0, refused: 0 },
  };

  /** `shared`: all workers have one store. */
  constructor(workers: Workers, shared: boolean) {
    this.#workers = workers;
    this.#shared = shared;
  }

  /** What a worker has counted is counted further. */
  ended(worker: number): void {
    const last = this.#last.get(worker);
    if (last === undefined) return;
    for (const name of counted) this.#gone[name] += last[name];
    this.#last.delete(worker);
  }

  /** Workers that do not answer count with their last figures. Fault `worker-unavailable`: no worker has ever answered. */
  async state(time: TimeState): Promise<FleetState> {
    const silent = new Set(this.#workers.silent);
    const look = async (worker: number): Promise<void> => {
      const state = await this.#soon(this.#workers.ask(worker, "fleet"));
      if (state === undefined) silent.add(worker);
      else if (this.#workers.up.includes(worker)) this.#last.set(worker, state);
    };
    await Promise.all(this.#workers.up.filter((worker) => !silent.has(worker)).map(look));
    const states = [...this.#last.values()];
    // What all workers have in common is told by one that answers.
    const first = [...this.#last].find(([worker]) => !silent.has(worker))?.[1] ?? states[0];
    if (first === undefined) throw unavailable(0, "is being started", "try again in a second");
    const sum = (of: (state: FleetState) => number, first = 0): number =>
      states.reduce((all, state) => all + of(state), first);
    const counts = Object.fromEntries(counted.map((name) => [name, sum((state) => state[name], this.#gone[name])]));
    return {
      ...first,
      ...(counts as unknown as Counts),
      connections: sum(({ connections }) => connections),
      sessions: sum(({ sessions }) => sessions),
      pushesWaiting: this.#shared ? first.pushesWaiting : sum(({ pushesWaiting }) => pushesWaiting),
      time,
      workers: { count: this.#workers.of, silent: [...silent].sort((one, other) => one - other) },
    };
  }

  /** What a promise resolves with; undefined: it takes too long, or rejects. */
  #soon<T>(promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      const cancel = this.#workers.after(patience, () => resolve(undefined));
      const end = (result: T | undefined): void => {
        cancel();
        resolve(result);
      };
      promise.then(end, () => end(undefined));
    });
  }
}
