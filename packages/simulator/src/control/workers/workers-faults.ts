import type { WorkerMethods } from "./worker-methods.ts";
import type { Asked, Workers } from "./workers.ts";
import { expectAll } from "./workers-time.ts";

type Faults = Asked<"faults">;

/** The faults of the meters: all workers have the same. */
export class WorkersFaults {
  readonly #workers: Workers;
  /** The faults that the control set or restored last. */
  #last: Faults | undefined;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(workers: Workers) {
    this.#workers = workers;
  }

  /** Whether the control has changed the faults. */
  get changed(): boolean {
    return this.#last !== undefined;
  }

  /** Faults `bad-faults-file` (then nothing is changed), `worker-unavailable`. */
  set(file: unknown): Promise<Faults> {
    return this.#change("setFaults", file);
  }

  /** Faults `unknown-fault` (then nothing is changed), `worker-unavailable`. */
  switch(name: string, on: boolean): Promise<Faults> {
    return this.#change("switchFault", name, on);
  }

  /** A snapshot was restored, and its faults with it. */
  restored(): Promise<void> {
    return this.#alone(async () => {
      this.#last = await this.#workers.askAny("faults");
    });
  }

  /** A worker that was started later than others gets their faults. */
  again(worker: number): Promise<void> {
    return this.#alone(async () => {
      const others = await this.#workers.each(
        this.#workers.up.filter((one) => one !== worker),
        (one) => this.#workers.ask(one, "faults"),
      );
      const faults = others.answers[0]?.result ?? this.#last;
      if (faults !== undefined) await this.#workers.tell(worker, "setFaults", faults);
    });
  }

  /** One worker checks the change, then it is made in all others. */
  #change<M extends "setFaults" | "switchFault">(method: M, ...args: Parameters<WorkerMethods[M]>): Promise<Faults> {
    return this.#alone(async () => {
      const { worker, result } = await this.#workers.askFirst(method, ...args);
      this.#last = result;
      const others = this.#workers.up.filter((one) => one !== worker);
      expectAll(await this.#workers.each(others, (other) => this.#workers.tell(other, method, ...args)));
      return result;
    });
  }

  #alone<T>(run: () => Promise<T>): Promise<T> {
    const running = this.#changing.then(run, run);
    this.#changing = running.catch(() => undefined);
    return running;
  }
}
