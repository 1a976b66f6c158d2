import { attempt, type CosemObject, type ProfileGeneric } from "@dlmskit/cosem-objects";
import type { Cancel, Clock } from "@dlmskit/transport";
import type { Failed } from "./dispatch.ts";
import type { Meter, Task } from "./meter.ts";

interface Job {
  /** When it is due next, ms since 1970 UTC on the meter's clock. */
  due: number;
  next(now: number): number;
  run(now: number): void;
}

// No sleep is longer: a clock that jumps by other ways than `setClock` is noticed in this time.
const longestSleep = 60_000;

/** Runs what meters do by themselves: tasks at their interval, captures at the full multiple of their period in local time. */
export class Scheduler {
  readonly #clock: Clock;
  readonly #failed: Failed;
  readonly #meters = new Map<Meter, { jobs: Job[]; cancel: Cancel | undefined }>();

  #closed = false;

  constructor(clock: Clock, failed: Failed) {
    this.#clock = clock;
    this.#failed = failed;
  }

  add(meter: Meter): void {
    if (this.#closed || this.#meters.has(meter)) return;
    this.#meters.set(meter, { jobs: [], cancel: undefined });
    meter.rescheduled = () => this.#plan(meter);
    this.#plan(meter);
  }

  close(): void {
    this.#closed = true;
    for (const [meter, { cancel }] of this.#meters) {
      cancel?.();
      meter.rescheduled = undefined;
    }
    this.#meters.clear();
  }

  #plan(meter: Meter): void {
    const plan = this.#meters.get(meter);
    if (plan === undefined) return;
    plan.jobs = [...meter.tasks.map((task) => this.#task(meter, task)), ...this.#captures(meter)];
    this.#arm(meter);
  }

  #arm(meter: Meter): void {
    const plan = this.#meters.get(meter);
    if (plan === undefined) return;
    plan.cancel?.();
    plan.cancel = undefined;
    if (plan.jobs.length === 0) return;
    const due = Math.min(...plan.jobs.map((job) => job.due));
    const sleep = Math.min(longestSleep, Math.max(0, due - meter.now));
    plan.cancel = this.#clock.at(this.#clock.now() + sleep, () => this.#run(meter));
  }

  #run(meter: Meter): void {
    const plan = this.#meters.get(meter);
    if (plan === undefined) return;
    const { jobs } = plan;
    const now = meter.now;
    for (const job of jobs) {
      if (job.due > now) continue;
      job.due = job.next(now);
      job.run(now);
    }
    // A job that set the clock has planned anew already.
    if (plan.jobs === jobs) this.#arm(meter);
  }

  #task(meter: Meter, { every, run }: Task): Job {
    let last = meter.now;
    return {
      due: last + every,
      next: (now) => now + every,
      run: (now) => {
        const elapsed = now - last;
        last = now;
        try {
          run(now, elapsed);
        } catch (error) {
          this.#failed(meter, "a task", error);
        }
      },
    };
  }

  #captures(meter: Meter): Job[] {
    const jobs: Job[] = [];
    for (const device of meter.template.devices.values()) {
      for (const object of device.objects) {
        if (object.spec.classId !== 7 || object.hooks.invoke?.capture === undefined) continue;
        const { capturePeriod } = meter.values(object as CosemObject<typeof ProfileGeneric>);
        if (!(capturePeriod > 0)) continue;
        const period = capturePeriod * 1000;
        const shift = meter.template.deviation * 60_000;
        const next = (now: number): number => (Math.floor((now - shift) / period) + 1) * period + shift;
        jobs.push({
          due: next(meter.now),
          next,
          run: () => {
            const failed = (error: unknown): undefined => {
              this.#failed(meter, `capture of ${object.instance}`, error);
              return undefined;
            };
            attempt(() => meter.view(device).invoke(object, 2), failed);
          },
        });
      }
    }
    return jobs;
  }
}
