import { type Actor, type AnyObject, after, attempt, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Work } from "../runtime/unit-of-work.ts";
import type { Environment } from "./environment.ts";
import type { KnownMeter } from "./meter-identity.ts";
import { MeterTimeline } from "./meter-timeline.ts";
import { Reactions, type ReactionsPort } from "./reactions.ts";
import type { Task, TimelinePort } from "./timeline-port.ts";

/** The meter whose run it is. */
export interface RunPort extends TimelinePort, ReactionsPort {
  readonly known: KnownMeter & { readonly tasks: readonly Task[] };
  readonly environment: Environment;
  /** The meter's own clock. */
  readonly now: number;
  /** Whether a store keeps how far it ran. */
  readonly kept: boolean;
  change(by: Actor, run: (work: Work) => void): MaybePromise<void>;
}

/** What a meter does by itself: from when on, whether it does at the moment, and how far it has come. */
export class MeterRun {
  readonly #port: RunPort;
  #timeline: MeterTimeline | undefined;
  #running = false;
  /** How far it ran before it was loaded. */
  #ranUpToBefore: number | undefined;
  #dropped = false;
  /** Undefined: nothing watches anything. */
  readonly #reactions: Reactions | undefined;

  constructor(port: RunPort) {
    this.#port = port;
    if (port.known.template.watching.length > 0) this.#reactions = new Reactions(port);
  }

  /** Runs a part of a work, then what watches what it has changed. */
  within<T>(work: Work, run: () => MaybePromise<T>): MaybePromise<T> {
    const done = this.#port.within(work, run);
    const reactions = this.#reactions;
    if (reactions === undefined) return done;
    return after(done, (result) => after(reactions.run(work), () => result));
  }

  /** The program assigned a value outside of any work. Undefined: nothing is to be done. */
  assigned(object: AnyObject, name: string, before: unknown): MaybePromise<void> | undefined {
    const { kept } = this.#port;
    const reactions = this.#reactions;
    if (!kept && reactions === undefined) return undefined;
    return this.#port.change({ self: "program" }, (work) => {
      if (kept) work.force(object, name);
      reactions?.wasBefore(work, object, name, before);
    });
  }

  /** Undefined: it has not begun, or does nothing by itself. */
  get timeline(): MeterTimeline | undefined {
    return this.#timeline;
  }

  /** Tells how far it ran before; undefined: it never did. */
  ranBefore(upTo: number | undefined): void {
    this.#ranUpToBefore = upTo;
  }

  /** How far it has come, as far as that is known. */
  get ranUpTo(): number | undefined {
    return this.#timeline?.ranUpTo ?? this.#ranUpToBefore;
  }

  /** Keeps from when on the meter does what it does by itself, where that is not kept yet. */
  mark(): MaybePromise<void> | undefined {
    if (this.#timeline?.next === undefined || this.#ranUpToBefore !== undefined) return undefined;
    return this.#mark(this.#timeline);
  }

  #mark(timeline: MeterTimeline): MaybePromise<void> {
    return this.#port.change({ self: "time" }, (work) => work.mark(Math.floor(timeline.ranUpTo)));
  }

  /** How far the meter ran was moved back. */
  keep(): void {
    const timeline = this.#timeline;
    if (!this.#port.kept || timeline === undefined) return;
    const { environment, known } = this.#port;
    attempt(
      () => this.#mark(timeline),
      (error: unknown): void => environment.storeFailed(known, "the time of day", error),
    );
  }

  /** Begins to do what the meter does by itself, after what it has done before. */
  begin(): void {
    const { known, now, lost, environment } = this.#port;
    const { tasks } = known;
    if (this.#running || this.#dropped || lost) return;
    if (this.#timeline === undefined) {
      const idle = known.template.timed.length === 0 && tasks.length === 0;
      if (idle && this.#port.power.planned.length === 0) return;
      // A time of day that starts before what was done last goes on from where it starts; a clock that was synchronised repeats nothing.
      const before = this.#ranUpToBefore ?? now;
      const back = before - Math.ceil(now) > known.template.syncLimit;
      this.#timeline = new MeterTimeline(this.#port, tasks, back ? Math.ceil(now) : before);
      if (back) this.keep();
    } else this.#timeline.goOn();
    this.#running = true;
    environment.agenda.add(this.#timeline);
  }

  /** Resolves when everything that is due by now is done. */
  caughtUp(): Promise<void> | undefined {
    if (this.#timeline === undefined || !this.#running) return undefined;
    return this.#port.environment.agenda.settled(this.#timeline);
  }

  /** What is due first may have changed. */
  again(): void {
    if (this.#timeline !== undefined && this.#running) this.#port.environment.agenda.changed(this.#timeline);
  }

  end(): void {
    if (this.#timeline === undefined) return;
    this.#running = false;
    this.#port.environment.agenda.remove(this.#timeline);
  }

  /** It never begins again. */
  drop(): void {
    this.#dropped = true;
    this.end();
  }

  /** A task of the meter is new; false: the run has not begun. */
  addTask(task: Task): boolean {
    if (this.#timeline === undefined) return false;
    this.#timeline.addTask(task);
    this.again();
    return true;
  }
}
