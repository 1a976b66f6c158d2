import type { Task } from "./timeline-port.ts";

// Maximum number of runs of a task while it catches up; its `elapsed` is longer then.
const mostRuns = 100_000;

/** A task of the user. Its times are simulated time and do not depend on the meter's clock. */
export interface TaskEntry {
  readonly task: Task;
  last: number;
  due: number;
}

/** Advances a task that runs. Returns its due time and its previous run. A task that is far behind takes longer steps to limit the work. */
export function advance(entry: TaskEntry, now: number): { readonly due: number; readonly last: number } {
  const { task, due, last } = entry;
  const behind = Math.floor((now - due) / task.every / mostRuns);
  entry.last = due;
  entry.due = due + (behind + 1) * task.every;
  return { due, last };
}

/** The tasks of one meter. */
export class MeterTasks {
  readonly #entries: TaskEntry[] = [];

  add(task: Task, from: number): void {
    this.#entries.push({ task, last: from, due: from + task.every });
  }

  get first(): TaskEntry | undefined {
    let first: TaskEntry | undefined;
    for (const entry of this.#entries) if (first === undefined || entry.due < first.due) first = entry;
    return first;
  }

  /** Records that all runs due until `upTo` are done. */
  ran(upTo: number): void {
    for (const entry of this.#entries) {
      while (entry.due <= upTo) {
        entry.last = entry.due;
        entry.due += entry.task.every;
      }
    }
  }

  /** Skips all runs due until `upTo`. This time does not count for the tasks. */
  skip(upTo: number): void {
    this.ran(upTo);
    for (const entry of this.#entries) entry.last = upTo;
  }

  /** Starts the tasks again. */
  beginAt(now: number): void {
    for (const entry of this.#entries) {
      entry.last = now;
      entry.due = now + entry.task.every;
    }
  }

  /** Returns a function that restores the current due times. */
  remembered(): () => void {
    const before = this.#entries.map((entry) => ({ entry, due: entry.due, last: entry.last }));
    return () => {
      for (const { entry, due, last } of before) Object.assign(entry, { due, last });
    };
  }
}
