import type { Task } from "./timeline-port.ts";

// Catching up, a task runs at most so often; its `elapsed` is longer then.
const mostRuns = 100_000;

/** A task of the user's. Instants of the simulated time, whatever the meter's clock is set to. */
export interface TaskEntry {
  readonly task: Task;
  last: number;
  due: number;
}

/** The task runs: when it was due, and when it ran before. Far behind, it takes longer steps: in order with what else is due, and in bounded time. */
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

  /** All that was due until then was done. */
  ran(upTo: number): void {
    for (const entry of this.#entries) {
      while (entry.due <= upTo) {
        entry.last = entry.due;
        entry.due += entry.task.every;
      }
    }
  }

  /** What was due until then is not done, and no time passed for the tasks. */
  skip(upTo: number): void {
    this.ran(upTo);
    for (const entry of this.#entries) entry.last = upTo;
  }

  /** They begin again. */
  beginAt(now: number): void {
    for (const entry of this.#entries) {
      entry.last = now;
      entry.due = now + entry.task.every;
    }
  }

  /** Gives what puts back when they are due as it is now. */
  remembered(): () => void {
    const before = this.#entries.map((entry) => ({ entry, due: entry.due, last: entry.last }));
    return () => {
      for (const { entry, due, last } of before) Object.assign(entry, { due, last });
    };
  }
}
