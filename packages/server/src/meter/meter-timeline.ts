import { Fault } from "@dlmskit/core";
import { type AnyObject, after, isLater, type MaybePromise, type Timeline, timelineOf } from "@dlmskit/cosem-objects";
import type { Timed } from "../runtime/agenda.ts";
import type { Work } from "../runtime/unit-of-work.ts";
import { byOrder, type Late, nextAfter, type TimedObject } from "./timed-object.ts";
import type { OpenWork, Task, TimelinePort } from "./timeline-port.ts";

// Catching up, a task runs at most so often; its `elapsed` is longer then.
const mostRuns = 100_000;

/** A task of the user's. Instants of the simulated time, whatever the meter's clock is set to. */
interface TaskEntry {
  readonly task: Task;
  last: number;
  due: number;
}

/** What one meter does in time: its objects' timelines and its tasks, in order, each at its own instant. */
export class MeterTimeline implements Timed {
  readonly #port: TimelinePort;
  readonly #entries: readonly TimedObject[];
  readonly #tasks: TaskEntry[] = [];
  /** In the order in which it was due. */
  #late: Late[] = [];
  #open: OpenWork | undefined;
  /** What was due when the open work began. */
  #before: (() => void) | undefined;
  #busy = false;
  #timedOut = false;
  /** How far (on the meter's clock) everything has been done. */
  #ranUpTo: number;

  /** `after`: what was due until then (ms, the meter's clock) was done before; what is due since is caught up with. */
  constructor(port: TimelinePort, tasks: readonly Task[], after: number) {
    this.#port = port;
    this.#ranUpTo = after;
    const { template, identity } = port.known;
    this.#entries = template.timed
      .map(({ device, object }): TimedObject => {
        const timeline = timelineOf(object) as Timeline;
        const context = template.timeContext(device, object, port, identity.own);
        return { device, object, timeline, context, due: undefined };
      })
      .sort(byOrder);
    this.#plan(after);
    for (const task of tasks) this.addTask(task, after - port.offset);
  }

  addTask(task: Task, from = this.#port.time): void {
    this.#tasks.push({ task, last: from, due: from + task.every });
  }

  /** Simulated time. */
  get next(): number | undefined {
    if (this.#busy || this.#port.unsure) return undefined;
    return this.#due;
  }

  /** When the first thing is due, simulated time. */
  get #due(): number | undefined {
    const first = this.#first();
    return first === undefined ? undefined : this.#dueOf(first);
  }

  /** How far (on the meter's clock) the meter has done what it does by itself. */
  get ranUpTo(): number {
    return this.#ranUpTo;
  }

  /** At one instant tasks come first: a capture shows what they did. Then in the order of the timelines. */
  #first(): TimedObject | TaskEntry | Late | undefined {
    if (this.#late.length > 0) return this.#late[0];
    let first: TaskEntry | undefined;
    for (const entry of this.#tasks) if (first === undefined || entry.due < first.due) first = entry;
    let found: TimedObject | TaskEntry | undefined = first;
    let at = first === undefined ? Number.POSITIVE_INFINITY : first.due + this.#port.offset;
    for (const entry of this.#entries) {
      if (entry.due !== undefined && entry.due < at) {
        at = entry.due;
        found = entry;
      }
    }
    return found;
  }

  /** Plans all objects anew: what is due after an instant, with what was missed until now. */
  #plan(after: number): void {
    for (const entry of this.#entries) this.#planEntry(entry, after);
  }

  #planEntry(entry: TimedObject, after: number): void {
    const { object, timeline, context } = entry;
    const values = this.#port.values(object);
    const now = this.#port.time + this.#port.offset;
    let from = after;
    if (after < now) {
      if (timeline.missed === "none") from = now;
      if (timeline.missed === "each" && timeline.since !== undefined) {
        from = Math.max(after, timeline.since(values, context, now));
      }
    }
    this.#planFrom(entry, from);
    if (timeline.missed === "last") this.#skipToLast(entry, now);
  }

  #planFrom(entry: TimedObject, from: number): void {
    const { object, timeline, context } = entry;
    entry.due = this.#guard(entry, () => nextAfter(timeline, this.#port.values(object), context, from));
  }

  /** Of what was missed, only the last is run. */
  #skipToLast(entry: TimedObject, now: number): void {
    const { object, timeline, context } = entry;
    const values = this.#port.values(object);
    while (entry.due !== undefined && entry.due <= now) {
      const { due } = entry;
      const next = this.#guard(entry, () => nextAfter(timeline, values, context, due));
      if (next === undefined || next > now) return;
      entry.due = next;
    }
  }

  #guard<T>(entry: TimedObject, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      this.#port.failed(`the timeline of ${entry.object.instance}`, error);
      return undefined;
    }
  }

  /** Values of these objects have changed: what they do next may be due at another time. */
  replan(objects: Iterable<AnyObject>): void {
    const concerned = this.#concernedBy(objects);
    if (concerned.length === 0) return;
    const now = this.#port.time + this.#port.offset;
    this.#ranUpTo = this.#reached() ?? this.#ranUpTo;
    for (const entry of concerned) {
      // What is overdue is run as it was planned: the change came after it.
      if (entry.due === undefined || entry.due > now) this.#planEntry(entry, Math.max(now, this.#ranUpTo));
    }
  }

  /**
   * How far everything has been done when values of these objects change, where nothing is overdue: what they do until then
   * followed the values before. Undefined: they do nothing by themselves, or something is overdue.
   */
  reached(objects: Iterable<AnyObject>): number | undefined {
    return this.#concernedBy(objects).length === 0 ? undefined : this.#reached();
  }

  /** The objects that do something in time and depend on one of these. */
  #concernedBy(objects: Iterable<AnyObject>): readonly TimedObject[] {
    const changed = [...objects];
    if (changed.length === 0) return [];
    // Local time decides for all.
    if (changed.some(({ spec }) => spec.traits?.zone === true)) return this.#entries;
    return this.#entries.filter(({ object, timeline: { watches } }) =>
      changed.some((one) => one === object || watches?.includes(one.spec.classId) === true),
    );
  }

  #reached(): number | undefined {
    const now = this.#port.time + this.#port.offset;
    const due = this.#due;
    return due !== undefined && due <= this.#port.time ? undefined : Math.max(this.#ranUpTo, now);
  }

  /** All that was due until then (the meter's clock) is done, as it turned out. */
  ran(upTo: number): void {
    this.#ranUpTo = upTo;
    for (const entry of this.#entries) if ((entry.due ?? upTo) <= upTo) this.#planEntry(entry, upTo);
    for (const entry of this.#tasks) {
      while (entry.due + this.#port.offset <= upTo) {
        entry.last = entry.due;
        entry.due += entry.task.every;
      }
    }
  }

  /** Begins again after a pause. */
  goOn(): void {
    // What is still under way is not due once more.
    if (this.#busy) return;
    const { time, offset } = this.#port;
    const { syncLimit } = this.#port.known.template;
    if (this.#ranUpTo - (time + offset) > syncLimit) this.moved(this.#ranUpTo - offset, time);
    else this.#plan(this.#ranUpTo);
  }

  /** The meter's own clock was set; `from`: what it showed before. */
  clockSet(from: number): void {
    const now = this.#port.time + this.#port.offset;
    if (Math.abs(now - from) <= this.#port.known.template.syncLimit) {
      // A synchronisation: nothing is lost, and nothing comes twice.
      this.#ranUpTo = Math.max(this.#ranUpTo, from);
      for (const entry of this.#entries) this.#planFrom(entry, Math.max(from, this.#ranUpTo));
      return;
    }
    this.#ranUpTo = now;
    this.#late = this.#lateOf(from, now);
    this.#plan(now);
  }

  /** What classes run late, in the order in which it was due. */
  #lateOf(from: number, to: number): Late[] {
    const late = this.#entries.flatMap((entry) => {
      const { timeline, object, context } = entry;
      const values = this.#port.values(object);
      const found = this.#guard(entry, () => [...(timeline.moved?.(values, context, from, to) ?? [])]) ?? [];
      return found.map((at): Late => ({ entry, late: at }));
    });
    return late.sort((one, other) => one.late - other.late);
  }

  moved(before: number, now: number): void {
    const { offset } = this.#port;
    if (now >= before) {
      // What is due since is caught up with; what would not be caught up with is planned anew.
      const at = before + offset;
      this.#plan(this.#ranUpTo - at <= this.#port.known.template.syncLimit ? this.#ranUpTo : at);
      return;
    }
    this.#ranUpTo = now + offset;
    this.#plan(now + offset);
    for (const entry of this.#tasks) {
      entry.last = now;
      entry.due = now + entry.task.every;
    }
    this.#port.keepRanUpTo();
  }

  runFirst(now: number): MaybePromise<void> {
    if (this.#port.lost) {
      this.#port.noticeLost();
      return undefined;
    }
    const open = this.#open;
    const run = (work: OpenWork): MaybePromise<void> => {
      if (this.#open === undefined) {
        this.#open = work;
        this.#before = this.#remembered();
      }
      return this.#runIn(work, now);
    };
    const opened = open ?? this.#port.open();
    const done = isLater(opened) ? opened.then(run) : run(opened);
    this.#busy = isLater(done);
    return done;
  }

  /** Puts back what is due as it is now. */
  #remembered(): () => void {
    const entries = this.#entries.map((entry) => ({ entry, due: entry.due }));
    const tasks = this.#tasks.map((entry) => ({ entry, due: entry.due, last: entry.last }));
    const [ranUpTo, late] = [this.#ranUpTo, this.#late];
    return () => {
      this.#ranUpTo = ranUpTo;
      this.#late = late;
      for (const { entry, due } of entries) entry.due = due;
      for (const { entry, due, last } of tasks) Object.assign(entry, { due, last });
    };
  }

  /** What the open work did was not kept: it is due still. */
  undo(): void {
    this.#before?.();
  }

  #runIn(open: OpenWork, now: number): MaybePromise<void> {
    if (this.#port.lost || this.#port.unsure || this.#timedOut) return undefined;
    const first = this.#first();
    if (first === undefined) return undefined;
    const due = this.#dueOf(first);
    if (due > now) return undefined;
    const done =
      "task" in first
        ? this.#runTask(first, open, now)
        : "late" in first
          ? this.#runLate(first, open)
          : this.#runEntry(first, open);
    // What is due at one instant is kept together, so that the instant tells what was done.
    return after(done, () => (this.#due === due ? this.#runIn(open, now) : undefined));
  }

  /** Simulated time. */
  #dueOf(first: TimedObject | TaskEntry | Late): number {
    // It was due; now is when it can be done.
    if ("late" in first) return Math.min(this.#port.time, this.#ranUpTo - this.#port.offset);
    return "task" in first ? first.due : (first.due as number) - this.#port.offset;
  }

  #runTask(entry: TaskEntry, { work, within }: OpenWork, now: number): MaybePromise<void> {
    const { task, due, last } = entry;
    // Far behind, a task takes longer steps: in order with what else is due, and in bounded time.
    const behind = Math.floor((now - due) / task.every / mostRuns);
    entry.last = due;
    entry.due = due + (behind + 1) * task.every;
    const at = due + this.#port.offset;
    work.at = at;
    return this.#run(work, "a task", at, () =>
      within<unknown>(() => task.run(at, due - last) as MaybePromise<unknown>),
    );
  }

  #runLate({ entry, late }: Late, { work, within }: OpenWork): MaybePromise<void> {
    const { device, object, timeline } = entry;
    this.#late = this.#late.slice(1);
    const now = this.#ranUpTo;
    work.at = now;
    return this.#run(work, `what ${object.instance} does late`, now, () =>
      within(() => timeline.run(work.draft(object), this.#port.context(device, object, work), late)),
    );
  }

  #runEntry(entry: TimedObject, { work, within }: OpenWork): MaybePromise<void> {
    const { device, object, timeline, context } = entry;
    const at = entry.due as number;
    work.at = at;
    entry.due = this.#guard(entry, () => nextAfter(timeline, work.values(object), context, at));
    if (timeline.missed !== "each") this.#skipToLast(entry, this.#port.time + this.#port.offset);
    return this.#run(work, `what ${object.instance} does in time`, at, () =>
      within(() => timeline.run(work.draft(object), this.#port.context(device, object, work), at)),
    );
  }

  #run(work: Work, what: string, at: number, run: () => unknown): MaybePromise<void> {
    const done = (): void => {
      this.#ranUpTo = Math.max(this.#ranUpTo, at);
      work.ran(Math.ceil(this.#ranUpTo));
    };
    const failed = (error: unknown): void => {
      // What may still go on must find the work ended: nothing else is done in it.
      this.#timedOut ||= error instanceof Fault && error.code === "hook-timeout";
      this.#port.failed(what, error);
      done();
    };
    try {
      const running = work.attempt(() => this.#port.limit(run() as MaybePromise<unknown>));
      if (isLater(running)) return running.then(done, failed) as MaybePromise<void>;
      done();
    } catch (error) {
      failed(error);
    }
    return undefined;
  }

  finish(): MaybePromise<void> {
    const open = this.#open;
    this.#open = undefined;
    this.#timedOut = false;
    const over = (): void => {
      this.#before = undefined;
      this.#busy = false;
      this.#port.again();
    };
    const kept = open?.finish();
    if (isLater(kept)) {
      this.#busy = true;
      return kept.then(over);
    }
    over();
    return undefined;
  }
}
