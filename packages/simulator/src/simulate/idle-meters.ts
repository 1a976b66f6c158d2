import { type AnyObject, timelineOf } from "@dlmskit/cosem-objects";
import type { Meter, MeterTemplate, SimulatedTime, Timed } from "@dlmskit/server";
import type { Store } from "@dlmskit/storage";
import type { Clock } from "@dlmskit/transport";
import { Cohort } from "../fleet/cohort.ts";

export interface IdleMetersOptions {
  readonly store: Pick<Store, "fleets">;
  readonly template: string;
  readonly compiled: MeterTemplate;
  readonly meters: number;
  readonly time: SimulatedTime;
  readonly clock: Clock;
  /** How far all of them are, ms since 1970 UTC. */
  readonly ranUpTo: number;
  meter(index: number): Meter;
  /** A meter could not be visited; it is tried again. */
  failed(meter: Meter, error: unknown): void;
}

/** The part of the fleet that this process runs: all of it. */
export const wholeFleet = "all";
/** Meters that are visited at one time. */
const abreast = 16;
/** After how many ms of the machine meters that could not be visited are tried again. */
const againAfter = 1000;

/**
 * What a template's objects do in time (captures), for all meters that nobody is connected to: at each instant of the template's
 * timelines each meter is visited, and does what is due by then, each thing at its own instant. How far all are is kept, so that
 * nothing is lost by a stop; a meter that did something has its own mark, so that nothing is done twice.
 */
export class IdleMeters implements Timed {
  readonly #options: IdleMetersOptions;
  readonly #cohort: Cohort;
  #ranUpTo: number;
  #visiting: Promise<unknown> = Promise.resolve();
  /** The round that is under way: which meters come next, and until when all are done after it. */
  #round: { upTo: number; next: number; missed: number[] } | undefined;

  constructor(options: IdleMetersOptions) {
    this.#options = options;
    this.#ranUpTo = options.ranUpTo;
    const { compiled, meters } = options;
    // As the template has it: its values, and a clock that nobody has set.
    const asTemplate = { offset: 0, values: ({ values }: AnyObject) => values };
    const contexts = compiled.timed.map(({ device, object }) => ({
      object,
      timeline: timelineOf(object),
      context: compiled.timeContext(device, object, asTemplate, undefined),
    }));
    const next = (after: number): number | undefined => {
      let first: number | undefined;
      for (const { object, timeline, context } of contexts) {
        const at = timeline?.next(object.values, context, after);
        if (at !== undefined && (first === undefined || at < first)) first = at;
      }
      return first;
    };
    this.#cohort = new Cohort({ meters, next });
  }

  /** How far all of them are. */
  get ranUpTo(): number {
    return this.#ranUpTo;
  }

  get next(): number | undefined {
    if (this.#round !== undefined) return this.#round.upTo;
    try {
      return this.#cohort.next(this.#ranUpTo);
    } catch (error) {
      // A timeline that does not go on: nothing of this template is ever due.
      this.#options.failed(this.#options.meter(0), error);
      return undefined;
    }
  }

  /** Visits the next meters of the round. */
  async runFirst(): Promise<void> {
    const { meters, time, clock, meter, failed } = this.#options;
    // A meter that is far behind does all of it at one visit.
    this.#round ??= { upTo: Math.max(Math.floor(time.now), this.next ?? 0), next: 0, missed: [] };
    const round = this.#round;
    const again = round.next === meters;
    const indexes = again ? round.missed.splice(0, abreast) : [];
    while (!again && indexes.length < abreast && round.next < meters) indexes.push(round.next++);
    const visits = indexes.map(async (index) => {
      const visited = meter(index);
      try {
        await visited.visit();
      } catch (error) {
        round.missed.push(index);
        failed(visited, error);
      }
    });
    this.#visiting = Promise.all(visits);
    await this.#visiting;
    if (round.next < meters) return;
    if (round.missed.length > 0) {
      await new Promise<void>((resolve) => clock.at(clock.now() + againAfter, resolve));
      return;
    }
    await this.#finishRound(round.upTo);
  }

  async #finishRound(upTo: number): Promise<void> {
    const { store, template, meter, failed, clock } = this.#options;
    try {
      await store.fleets.setRanUpTo(template, wholeFleet, upTo);
      this.#ranUpTo = upTo;
      this.#round = undefined;
    } catch (error) {
      failed(meter(0), error);
      await new Promise<void>((resolve) => clock.at(clock.now() + againAfter, resolve));
    }
  }

  /** Resolves when no visit is under way. */
  async settled(): Promise<void> {
    await this.#visiting;
  }

  finish(): void {
    // Each visit keeps what it did.
  }

  /** After a step back they go on from there. */
  moved(before: number, now: number): void {
    if (now >= before) return;
    this.#ranUpTo = Math.min(this.#ranUpTo, now);
    if (this.#round !== undefined) this.#round.upTo = Math.min(this.#round.upTo, now);
  }
}
