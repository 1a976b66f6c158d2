import { Fault } from "@dlmskit/core";
import { type AnyObject, after, afterEach, isLater, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Timed } from "../runtime/agenda.ts";
import type { Work } from "../runtime/unit-of-work.ts";
import { advance, MeterTasks, type TaskEntry } from "./meter-tasks.ts";
import { forgetVolatile, type Power, setPower, switched } from "./power.ts";
import { powerActions } from "./power-actions.ts";
import type { PowerSwitch } from "./power-supply.ts";
import {
  concernedBy,
  type Late,
  lateOf,
  nextAfter,
  type Span,
  skipToLast,
  startOf,
  type TimedObject,
  timedObjects,
} from "./timed-object.ts";
import type { OpenWork, Task, TimelinePort, WorkPart } from "./timeline-port.ts";

/** The timed actions of one meter: the timelines of its objects and its tasks, in order, each at its own time. */
export class MeterTimeline implements Timed {
  readonly #port: TimelinePort;
  readonly #entries: readonly TimedObject[];
  readonly #tasks = new MeterTasks();
  /** The late actions, in the order in which they were due. */
  #late: Late[] = [];
  #open: OpenWork | undefined;
  /** Restores the due times from before the open work. */
  #before: (() => void) | undefined;
  #power: Power;
  #busy = false;
  #timedOut = false;
  /** How far (on the meter's clock) everything has been done. */
  #ranUpTo: number;

  /** `after`: actions due until then (ms, the meter's clock) are already done; later ones that are overdue are caught up. */
  constructor(port: TimelinePort, tasks: readonly Task[], after: number) {
    this.#port = port;
    this.#ranUpTo = after;
    this.#entries = timedObjects(port.known, port);
    this.#power = port.power;
    if (this.#isOn) this.#plan(after);
    for (const task of tasks) this.addTask(task, after - port.offset);
  }

  addTask(task: Task, from = this.#port.time): void {
    this.#tasks.add(task, from);
  }

  /** Simulated time. */
  get next(): number | undefined {
    if (this.#busy || this.#port.unsure) return undefined;
    return this.due;
  }

  /** The simulated time at which the first action is due, even if it cannot run now. */
  get due(): number | undefined {
    const first = this.#first();
    return first === undefined ? undefined : this.#dueOf(first);
  }

  /** The time on the meter's clock up to which the meter has done its timed actions. */
  get ranUpTo(): number {
    return this.#ranUpTo;
  }

  /** At the same time, tasks run first, so that a capture shows their effect. Then follow the timelines in their order. */
  #first(): TimedObject | TaskEntry | Late | PowerSwitch | undefined {
    const [switched] = this.#power.planned;
    if (!this.#isOn) return switched;
    if (this.#late.length > 0) return this.#late[0];
    const { first } = this.#tasks;
    let found: TimedObject | TaskEntry | PowerSwitch | undefined = first;
    let at = first === undefined ? Number.POSITIVE_INFINITY : first.due + this.#port.offset;
    for (const entry of this.#entries) {
      if (entry.due !== undefined && entry.due < at) {
        at = entry.due;
        found = entry;
      }
    }
    // The power is cut after the actions that are due at the same time.
    return switched !== undefined && switched.at < at ? switched : found;
  }

  get #isOn(): boolean {
    return this.#power.downSince === undefined;
  }

  /** Plans all objects again: the actions due after `after`, including those that were missed until now. */
  #plan(after: number): void {
    for (const entry of this.#entries) this.#planEntry(entry, after);
  }

  #planEntry(entry: TimedObject, after: number): void {
    const now = this.#port.time + this.#port.offset;
    const values = this.#port.values(entry.object);
    this.#planFrom(entry, startOf(entry, values, { after, now }), values);
    if (entry.timeline.missed === "last") this.#guard(entry, () => skipToLast(entry, values, now));
  }

  #planFrom(entry: TimedObject, from: number, values = this.#port.values(entry.object)): void {
    const { timeline, context } = entry;
    entry.due = this.#guard(entry, () => nextAfter(timeline, values, context, from));
  }

  #guard<T>(entry: TimedObject, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      this.#port.failed(`the timeline of ${entry.object.instance}`, error);
      return undefined;
    }
  }

  /** Values of these objects have changed, so their next actions may be due at another time. */
  replan(objects: Iterable<AnyObject>): void {
    const concerned = this.#concernedBy(objects);
    if (concerned.length === 0) return;
    const now = this.#port.time + this.#port.offset;
    this.#ranUpTo = this.#reached() ?? this.#ranUpTo;
    for (const entry of concerned) {
      // An overdue action runs as it was planned, because the change came after its due time.
      if (entry.due === undefined || entry.due > now) this.#planEntry(entry, Math.max(now, this.#ranUpTo));
    }
  }

  /**
   * The time up to which everything is done when values of these objects change. Actions up to that time used the previous values.
   * Undefined: these objects have no timed actions, or an action is overdue.
   */
  reached(objects: Iterable<AnyObject>): number | undefined {
    return this.#concernedBy(objects).length === 0 ? undefined : this.#reached();
  }

  /** The objects with timed actions that depend on one of these objects. */
  #concernedBy(objects: Iterable<AnyObject>): readonly TimedObject[] {
    return this.#isOn ? concernedBy(this.#entries, [...objects]) : [];
  }

  #reached(): number | undefined {
    const now = this.#port.time + this.#port.offset;
    const due = this.due;
    return due !== undefined && due <= this.#port.time ? undefined : Math.max(this.#ranUpTo, now);
  }

  /** Records that all actions due until `upTo` (the meter's clock) have been done. */
  ran(upTo: number): void {
    this.#ranUpTo = upTo;
    if (this.#isOn) for (const entry of this.#entries) if ((entry.due ?? upTo) <= upTo) this.#planEntry(entry, upTo);
    this.#tasks.ran(upTo - this.#port.offset);
  }

  /** Continues after a pause. */
  goOn(): void {
    // An action that is still in progress must not run a second time.
    if (this.#busy || !this.#isOn) return;
    const { time, offset } = this.#port;
    const { syncLimit } = this.#port.known.template;
    if (this.#ranUpTo - (time + offset) > syncLimit) this.moved(this.#ranUpTo - offset, time);
    else this.#plan(this.#ranUpTo);
  }

  /** The meter's clock was set. `from`: its previous time. */
  clockSet(from: number): void {
    const now = this.#port.time + this.#port.offset;
    if (!this.#isOn) {
      this.#ranUpTo = Math.min(this.#ranUpTo, now);
      return;
    }
    if (Math.abs(now - from) <= this.#port.known.template.syncLimit) {
      // A synchronisation: no action is lost, and no action runs twice.
      this.#ranUpTo = Math.max(this.#ranUpTo, from);
      for (const entry of this.#entries) this.#planFrom(entry, Math.max(from, this.#ranUpTo));
      return;
    }
    this.#ranUpTo = now;
    this.#late = this.#lateOf("moved", { from, to: now, values: (object) => this.#port.values(object) });
    this.#plan(now);
  }

  #lateOf(why: "moved" | "restored", span: Span): Late[] {
    return lateOf(this.#entries, why, span, (entry, run) => this.#guard(entry, run));
  }

  /** The power state or its planned changes have changed, and the change is kept. */
  powerChanged(): void {
    this.#power = this.#port.power;
  }

  /** Cuts or restores the power at a time of the meter's clock that has come. If this is not kept, it is not done. Fault `not-kept`. */
  switchPower(to: PowerSwitch): MaybePromise<void> {
    return after(this.#port.open(), (open) => {
      const before = this.#remembered();
      this.#before ??= before;
      return after(this.#runPower(to, open), () =>
        after(open.finish(), () => {
          this.#before = undefined;
          const { unkept } = this.#port;
          if (unkept !== undefined) before();
          this.#port.again();
          if (unkept !== undefined) throw unkept;
        }),
      );
    });
  }

  #runPower(to: PowerSwitch, open: OpenWork): MaybePromise<void> {
    const { downSince } = this.#power;
    const changes = to.on !== (downSince === undefined);
    open.work.at = to.at;
    const last = changes && !to.on ? this.#change(open, to.at, "poweringDown") : undefined;
    return after(last, () => {
      this.#power = switched(this.#power, to);
      setPower(open.work, this.#port.known.template, this.#power);
      this.#late = [];
      return after(changes && to.on ? this.#powerUp(open, downSince as number, to.at) : undefined, () => {
        if (changes) this.#ranUpTo = to.on ? to.at : Math.max(this.#ranUpTo, to.at);
        open.work.ran(Math.ceil(this.#ranUpTo));
      });
    });
  }

  #change(open: OpenWork, at: number, act: "poweringDown" | "poweredUp", from = at): MaybePromise<void> {
    return powerActions(this.#entries, open, {
      ...{ act, from, at, run: (what, action) => this.#run(open.work, what, at, action) },
      context: (device, object) => this.#port.context(device, object, open.work),
    });
  }

  #powerUp(open: OpenWork, from: number, to: number): MaybePromise<void> {
    const values = (object: AnyObject) => open.work.values(object);
    forgetVolatile(open.work, this.#port.known.template);
    return after(this.#change(open, to, "poweredUp", from), () => {
      const late = this.#lateOf("restored", { from: Math.min(this.#ranUpTo, from, to), to, values });
      const run = (one: Late): MaybePromise<void> => this.#runLate(one, open, to);
      return after(afterEach(late, run), () => {
        for (const entry of this.#entries) this.#planFrom(entry, to, values(entry.object));
        this.#tasks.skip(to - this.#port.offset);
      });
    });
  }

  moved(before: number, now: number): void {
    const { offset } = this.#port;
    if (!this.#isOn) return;
    if (now >= before) {
      // Actions due since then are caught up; those that are not caught up are planned again.
      const at = before + offset;
      this.#plan(this.#ranUpTo - at <= this.#port.known.template.syncLimit ? this.#ranUpTo : at);
      return;
    }
    this.#ranUpTo = now + offset;
    this.#plan(now + offset);
    this.#tasks.beginAt(now);
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

  /** Returns a function that restores the current due times. */
  #remembered(): () => void {
    const entries = this.#entries.map((entry) => ({ entry, due: entry.due }));
    const tasks = this.#tasks.remembered();
    const [ranUpTo, late, power] = [this.#ranUpTo, this.#late, this.#power];
    return () => {
      this.#power = power;
      this.#ranUpTo = ranUpTo;
      this.#late = late;
      for (const { entry, due } of entries) entry.due = due;
      tasks();
    };
  }

  /** The open work was not kept: its actions are still due. */
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
          ? this.#runFirstLate(first, open)
          : "on" in first
            ? this.#runPower(first, open)
            : this.#runEntry(first, open);
    // Actions due at the same time are kept together, so that the time shows which actions are done.
    return after(done, () => (this.due === due ? this.#runIn(open, now) : undefined));
  }

  /** Simulated time. */
  #dueOf(first: TimedObject | TaskEntry | Late | PowerSwitch): number {
    // Its due time has passed; it can be done now.
    if ("late" in first) return Math.min(this.#port.time, this.#ranUpTo - this.#port.offset);
    if ("on" in first) return first.at - this.#port.offset;
    return "task" in first ? first.due : (first.due as number) - this.#port.offset;
  }

  #runTask(entry: TaskEntry, { work, within }: OpenWork, now: number): MaybePromise<void> {
    const { task } = entry;
    const { due, last } = advance(entry, now);
    const at = due + this.#port.offset;
    work.at = at;
    return this.#run(work, "a task", at, () => within(() => task.run(at, due - last) as MaybePromise<void>));
  }

  #runFirstLate(late: Late, open: OpenWork): MaybePromise<void> {
    this.#late = this.#late.slice(1);
    return this.#runLate(late, open, this.#ranUpTo);
  }

  /** `now`: the time of the meter's clock. */
  #runLate({ entry, late }: Late, { work, within }: WorkPart, now: number): MaybePromise<void> {
    const { device, object, timeline } = entry;
    work.at = now;
    return this.#run(work, `what ${object.instance} does late`, now, () =>
      within(() => timeline.run(work.draft(object), this.#port.context(device, object, work), late)),
    );
  }

  #runEntry(entry: TimedObject, { work, within }: OpenWork): MaybePromise<void> {
    const { device, object, timeline } = entry;
    const at = entry.due as number;
    work.at = at;
    Object.assign(entry, { due: undefined, running: at });
    const run = () => within(() => timeline.run(work.draft(object), this.#port.context(device, object, work), at));
    return after(this.#run(work, `what ${object.instance} does in time`, at, run), () => {
      entry.running = undefined;
      // Planned with the values after the action: those before it may say that the action is still due. Set back: planned already.
      const values = work.values(object);
      const now = this.#port.time + this.#port.offset;
      const plan = () => this.#planFrom(entry, startOf(entry, values, { after: at, now }), values);
      if (entry.due === undefined || entry.due > at) this.#guard(entry, plan);
      if (timeline.missed !== "each") this.#guard(entry, () => skipToLast(entry, values, now));
    });
  }

  #run(work: Work, what: string, at: number, run: () => unknown): MaybePromise<void> {
    const done = (): void => {
      this.#ranUpTo = Math.max(this.#ranUpTo, at);
      work.ran(Math.ceil(this.#ranUpTo));
    };
    const failed = (error: unknown): void => {
      // Code that may still be running must find the work ended, so that it can change nothing more in it.
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
      if (this.#port.unkept !== undefined && !this.#port.unsure) this.#plan(this.#ranUpTo); // Again: with kept values.
      this.#port.again();
    };
    const kept = open?.finish();
    this.#busy = isLater(kept);
    if (isLater(kept)) return kept.then(over);
    over();
    return undefined;
  }
}
