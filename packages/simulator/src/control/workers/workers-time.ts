import { Fault } from "@dlmskit/core";
import type { TimeState } from "../states.ts";
import { type SharedTime, timeAt } from "./messages.ts";
import type { Told, Workers } from "./workers.ts";

/**
 * The simulated time of all workers. Every change stops the time in all of them first, and then starts it from the same moment of a clock
 * that they share: no clock goes back, and all agree however long a message takes.
 */
export class WorkersTime {
  readonly #workers: Workers;
  readonly #clock: () => number;
  #shared: SharedTime;
  #changing: Promise<unknown> = Promise.resolve();
  #stepping: Promise<unknown> = Promise.resolve();

  /** `clock`: that of `WorkerPort`. `start`: the time that the workers begin with. */
  constructor(workers: Workers, clock: () => number, start: SharedTime) {
    this.#workers = workers;
    this.#clock = clock;
    this.#shared = start;
  }

  /** The time that all workers have. */
  get shared(): SharedTime {
    return this.#shared;
  }

  get now(): number {
    return timeAt(this.#shared, this.#clock());
  }

  state(): TimeState {
    return { now: new Date(Math.floor(this.now)).toISOString(), speed: this.#shared.rate };
  }

  /** Faults `bad-value`, `worker-unavailable`. */
  async set({ now, speed }: { readonly now?: number; readonly speed?: number }): Promise<TimeState> {
    if (speed !== undefined && !(speed >= 0 && Number.isFinite(speed))) {
      throw badValue(`time cannot run at ${speed} times its speed`, "give 0 or more");
    }
    if (now !== undefined && !Number.isFinite(now)) throw badValue(`${now} is not an instant`, "give ms since 1970");
    await this.#alone(async () => {
      const told = await this.#startAt({ ...(now === undefined ? {} : { now }), rate: speed ?? this.#shared.rate });
      expectAll(told);
    });
    return this.state();
  }

  /** Steps all workers forward, and waits until everything that is due until then is done. Faults `bad-value`, `worker-unavailable`. */
  async step(to: number): Promise<TimeState> {
    const begin = async (): Promise<void> => {
      // What follows the step may be asked for while the workers still do what is due.
      const { stepped } = await this.#alone(async () => {
        const { rate } = this.#shared;
        await this.#workers.tellAll("freeze");
        if (!(to >= this.now)) {
          await this.#startAt({ rate });
          throw badValue("time can only step forward", "PUT /time moves it back");
        }
        this.#shared = { at: this.#clock(), now: to, rate };
        return { stepped: this.#workers.tellAll("stepTogether", this.#shared) };
      });
      expectAll(await stepped);
    };
    const stepping = this.#stepping.then(begin, begin);
    this.#stepping = stepping.catch(() => undefined);
    await stepping;
    return this.state();
  }

  /** Runs something while the time stands still in all workers. It goes on as `after` says. */
  frozen<T>(
    run: (speed: number) => Promise<T>,
    after?: (result: T) => { readonly now: number; readonly rate: number },
  ): Promise<T> {
    return this.#alone(async () => {
      const { rate } = this.#shared;
      let next: { readonly now?: number; readonly rate: number } = { rate };
      try {
        expectAll(await this.#startAt({ rate: 0 }));
        const result = await run(rate);
        next = after?.(result) ?? next;
        return result;
      } finally {
        await this.#startAt(next);
      }
    });
  }

  /** The time runs from `now` on, by default from where it is, in all workers. */
  async #startAt({ now, rate }: { readonly now?: number; readonly rate: number }): Promise<Told<void>> {
    await this.#workers.tellAll("freeze");
    const at = this.#clock();
    this.#shared = { at, now: now ?? timeAt(this.#shared, at), rate };
    return this.#workers.tellAll("align", this.#shared);
  }

  #alone<T>(run: () => Promise<T>): Promise<T> {
    const running = this.#changing.then(run, run);
    this.#changing = running.catch(() => undefined);
    return running;
  }
}

const badValue = (message: string, hint: string): Fault =>
  new Fault("bad-value", message, { layer: "simulator", hint });

/** Throws the first Fault of several workers. */
export function expectAll({ faults }: { readonly faults: readonly { readonly fault: Fault }[] }): void {
  const [first] = faults;
  if (first !== undefined) throw first.fault;
}
