import { type Actor, type AnyObject, after, attempt, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Work } from "../runtime/unit-of-work.ts";
import type { Environment } from "./environment.ts";
import type { KnownMeter } from "./meter-identity.ts";
import { MeterTimeline } from "./meter-timeline.ts";
import { Reactions, type ReactionsPort } from "./reactions.ts";
import type { Task, TimelinePort } from "./timeline-port.ts";

/** The interface of the meter for its run. */
export interface RunPort extends TimelinePort, ReactionsPort {
  readonly known: KnownMeter & { readonly tasks: readonly Task[] };
  readonly environment: Environment;
  /** The time of the meter's clock. */
  readonly now: number;
  /** Whether a store keeps the time up to which the meter has run. */
  readonly kept: boolean;
  change(by: Actor, run: (work: Work) => void): MaybePromise<void>;
}

/** Runs the timed actions of a meter: when they start, whether they run now, and up to which time they are done. */
export class MeterRun {
  readonly #port: RunPort;
  #timeline: MeterTimeline | undefined;
  #running = false;
  /** The time up to which the meter had run before it was loaded. */
  #ranUpToBefore: number | undefined;
  #dropped = false;
  /** Undefined: no object watches another object. */
  readonly #reactions: Reactions | undefined;

  constructor(port: RunPort) {
    this.#port = port;
    if (port.known.template.watching.length > 0) this.#reactions = new Reactions(port);
  }

  /** Runs a part of a work, then the objects that watch the changed attributes. */
  within<T>(work: Work, run: () => MaybePromise<T>): MaybePromise<T> {
    const done = this.#port.within(work, run);
    const reactions = this.#reactions;
    if (reactions === undefined) return done;
    return after(done, (result) => after(reactions.run(work), () => result));
  }

  /** The program assigned a value outside any work. Undefined: there is nothing to do. */
  assigned(object: AnyObject, name: string, before: unknown): MaybePromise<void> | undefined {
    const { kept } = this.#port;
    const reactions = this.#reactions;
    if (!kept && reactions === undefined) return undefined;
    return this.#port.change({ self: "program" }, (work) => {
      if (kept) work.force(object, name);
      reactions?.wasBefore(work, object, name, before);
    });
  }

  /** Undefined: the run has not started, or the meter has no timed actions. */
  get timeline(): MeterTimeline | undefined {
    return this.#timeline;
  }

  /** Sets the time up to which the meter had run before; undefined: it has never run. */
  ranBefore(upTo: number | undefined): void {
    this.#ranUpToBefore = upTo;
  }

  /** The time up to which the meter has run, if it is known. */
  get ranUpTo(): number | undefined {
    return this.#timeline?.ranUpTo ?? this.#ranUpToBefore;
  }

  /** Keeps the start of the timed actions of the meter, if it is not kept yet. */
  mark(): MaybePromise<void> | undefined {
    if (this.#timeline?.next === undefined || this.#ranUpToBefore !== undefined) return undefined;
    return this.#mark(this.#timeline);
  }

  #mark(timeline: MeterTimeline): MaybePromise<void> {
    return this.#port.change({ self: "time" }, (work) => work.mark(Math.floor(timeline.ranUpTo)));
  }

  /** Called when the time up to which the meter has run was moved back. */
  keep(): void {
    const timeline = this.#timeline;
    if (!this.#port.kept || timeline === undefined) return;
    const { environment, known } = this.#port;
    attempt(
      () => this.#mark(timeline),
      (error: unknown): void => environment.storeFailed(known, "the time of day", error),
    );
  }

  /** Starts the timed actions of the meter, after those that are already done. */
  begin(): void {
    const { known, now, lost, environment } = this.#port;
    const { tasks } = known;
    if (this.#running || this.#dropped || lost) return;
    if (this.#timeline === undefined) {
      const idle = known.template.timed.length === 0 && tasks.length === 0;
      if (idle && this.#port.power.planned.length === 0) return;
      // If the time of day starts before the last action, the meter continues from that start. A synchronised clock repeats nothing.
      const before = this.#ranUpToBefore ?? now;
      const back = before - Math.ceil(now) > known.template.syncLimit;
      this.#timeline = new MeterTimeline(this.#port, tasks, back ? Math.ceil(now) : before);
      if (back) this.keep();
    } else this.#timeline.goOn();
    this.#running = true;
    environment.agenda.add(this.#timeline);
  }

  /** Resolves when all actions that are due by now are done. */
  caughtUp(): Promise<void> | undefined {
    if (this.#timeline === undefined || !this.#running) return undefined;
    return this.#port.environment.agenda.settled(this.#timeline);
  }

  /** The first due time may have changed. */
  again(): void {
    if (this.#timeline !== undefined && this.#running) this.#port.environment.agenda.changed(this.#timeline);
  }

  end(): void {
    if (this.#timeline === undefined) return;
    this.#running = false;
    this.#port.environment.agenda.remove(this.#timeline);
  }

  /** Ends the run for good. */
  drop(): void {
    this.#dropped = true;
    this.end();
  }

  /** Adds a new task of the meter; false: the run has not started. */
  addTask(task: Task): boolean {
    if (this.#timeline === undefined) return false;
    this.#timeline.addTask(task);
    this.again();
    return true;
  }
}
