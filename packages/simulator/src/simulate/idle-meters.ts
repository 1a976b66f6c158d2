import { type AnyObject, timelineOf } from "@dlmskit/cosem-objects";
import { type Meter, type MeterTemplate, type SimulatedTime, type Timed, timeContexts } from "@dlmskit/server";
import type { Store } from "@dlmskit/storage";
import type { Clock } from "@dlmskit/transport";
import type { Span } from "../fleet/addresses.ts";
import { Cohort } from "../fleet/cohort.ts";
import { DueList } from "../fleet/due-list.ts";

export interface IdleMetersOptions {
  readonly store: Pick<Store, "fleets">;
  readonly template: string;
  readonly compiled: MeterTemplate;
  /** The meters that this process runs. */
  readonly span: Span;
  /** The name under which the store keeps their progress. */
  readonly progress: string;
  readonly time: SimulatedTime;
  readonly clock: Clock;
  /** Until when all meters did everything that was due, ms since 1970 UTC. */
  readonly ranUpTo: number;
  meter(index: number): Meter;
  /** The meters of a span that have values in the store. Only these meters can have something to do at their own instants. */
  readonly kept?: (span: Span) => Promise<readonly number[]>;
  /** The next due time has changed. */
  readonly changed?: (idle: Timed) => void;
  /** A meter could not be visited. It is tried again later. */
  failed(meter: Meter, error: unknown): void;
}

/** Meters that are visited one after another. */
interface Round {
  /** True: the round only asks the meters in the store for their own instants. */
  readonly planning: boolean;
  upTo: number;
  next: number;
  /** The meters that still must be visited, or must be visited again. */
  readonly missed: number[];
}

/** The next meters of a round. `end`: the index after the last meter. */
function nextOf(round: Round, end: number): readonly number[] {
  const first = round.next;
  round.next = Math.min(first + abreast, end);
  return Array.from({ length: round.next - first }, (_, at) => first + at);
}

/** Number of meters that are visited at the same time. */
const abreast = 16;
/** Number of meters that one request to the store asks for. */
const askedAtOnce = 1000;
/** ms of the machine's clock until meters that could not be visited are tried again. */
const againAfter = 1000;

/**
 * Runs the timed actions of a template's objects (captures) for all meters without a connection. At each instant of the template's
 * timelines each meter is visited and does everything that is due, each action at its own instant. The store has the instant until which
 * all meters did this, so nothing is lost after a stop. A meter that did something has its own mark, so nothing is done twice. The values
 * of a meter can make something due earlier (a timer of a limiter, a period that was written). Such a meter reports its instant when it is
 * released, and is visited at that instant. At the start, the meters in the store are asked for their instants.
 */
export class IdleMeters implements Timed {
  readonly #options: IdleMetersOptions;
  /** The index after the last meter. */
  readonly #end: number;
  readonly #cohort: Cohort;
  #ranUpTo: number;
  /** Meters that do something earlier than the template. */
  readonly #own = new DueList();
  #ownTurn = false;
  /** Whether the instants of all meters are known. */
  #planned: boolean;
  #visiting: Promise<unknown> = Promise.resolve();
  /** The round in progress: which meters are next, and until when all meters have done everything after the round. */
  #round: Round | undefined;
  /** The latest computed result: the template's first instant after another instant. */
  #following: { after: number; at: number | undefined } | undefined;

  constructor(options: IdleMetersOptions) {
    this.#options = options;
    this.#ranUpTo = options.ranUpTo;
    this.#planned = options.kept === undefined;
    const { compiled, span } = options;
    this.#end = span.first + span.meters;
    // The values of the template, and a clock that nobody has set.
    const asTemplate = { offset: 0, values: ({ values }: AnyObject) => values };
    const contexts = timeContexts(compiled, asTemplate, undefined).map(({ object, context }) => {
      return { object, context, timeline: timelineOf(object) };
    });
    const next = (after: number): number | undefined => {
      let first: number | undefined;
      for (const { object, timeline, context } of contexts) {
        const at = timeline?.next(object.values, context, after);
        if (at !== undefined && (first === undefined || at < first)) first = at;
      }
      return first;
    };
    this.#cohort = new Cohort({ meters: span.meters, next });
  }

  /** Until when all meters did everything that was due. */
  get ranUpTo(): number {
    return this.#ranUpTo;
  }

  get next(): number | undefined {
    const first = this.#round?.upTo ?? (this.#planned ? this.#nextOfAll(this.#ranUpTo) : this.#ranUpTo);
    const own = this.#own.first;
    return first === undefined || own === undefined ? (first ?? own) : Math.min(first, own);
  }

  /** When all meters of the template do something next, for meters that nobody has changed. */
  #nextOfAll(after: number): number | undefined {
    if (this.#following?.after !== after) {
      this.#following = { after, at: undefined };
      try {
        this.#following = { after, at: this.#cohort.next(after) };
      } catch (error) {
        // The timeline does not advance, so nothing of this template is ever due.
        this.#options.failed(this.#options.meter(this.#options.span.first), error);
      }
    }
    return this.#following.at;
  }

  /** A meter is released. `next`: when it does something next because of its own values. */
  letGo(index: number, next: number | undefined): void {
    const all = this.#nextOfAll(Math.max(this.#ranUpTo, this.#round?.planning === false ? this.#round.upTo : 0));
    const before = this.#own.first;
    this.#own.set(index, all !== undefined && next !== undefined && next >= all ? undefined : next);
    if (this.#own.first !== before) this.#options.changed?.(this);
  }

  /** Visits the next meters of the round. */
  async runFirst(): Promise<void> {
    const { span, time } = this.#options;
    const end = this.#end;
    const now = time.now;
    const all = this.#nextOfAll(this.#ranUpTo);
    const planning = !this.#planned && (all === undefined || all > now);
    const own = this.#own.first;
    // Own instants and the round take turns, so neither delays the other.
    const ownFirst =
      this.#round === undefined
        ? !planning && own !== undefined && own < (all ?? Number.POSITIVE_INFINITY)
        : this.#ownTurn;
    this.#ownTurn = !ownFirst;
    if (ownFirst && own !== undefined && (this.#round === undefined || own <= now)) {
      await this.#visitOwn(now);
      return;
    }
    // A meter that is far behind does all due actions in one visit.
    this.#round ??= {
      planning,
      upTo: planning ? now : Math.max(Math.floor(now), all ?? 0),
      next: span.first,
      missed: [],
    };
    const round = this.#round;
    if (round.planning && round.missed.length < abreast) await this.#find(round);
    const over = round.next === end;
    const indexes = round.planning || over ? round.missed.splice(0, abreast) : nextOf(round, end);
    const missed = await this.#visit(indexes);
    // The meters were restored from a snapshot meanwhile.
    if (this.#round !== round) return;
    round.missed.push(...missed);
    if (round.planning ? missed.length > 0 : round.next === end && round.missed.length > 0) await this.#pause();
    else if (round.next < end || round.missed.length > 0) return;
    else if (round.planning) [this.#planned, this.#round] = [true, undefined];
    else await this.#finishRound(round.upTo);
  }

  /** Asks the store which meters are next in a planning round. */
  async #find(round: Round): Promise<void> {
    const { kept, failed, meter } = this.#options;
    const count = Math.min(askedAtOnce, this.#end - round.next);
    if (kept === undefined || count === 0) return;
    try {
      round.missed.push(...(await kept({ first: round.next, meters: count })));
      round.next += count;
    } catch (error) {
      failed(meter(round.next), error);
      await this.#pause();
    }
  }

  /** Visits the meters whose own instants have been reached. */
  async #visitOwn(now: number): Promise<void> {
    const indexes: number[] = [];
    for (let at = this.#own.first; at !== undefined && indexes.length < abreast; at = this.#own.first) {
      if (at > now && indexes.length > 0) break;
      indexes.push(this.#own.take() as number);
    }
    const missed = await this.#visit(indexes);
    for (const index of missed) this.#own.set(index, now);
    if (missed.length > 0) await this.#pause();
  }

  /** Visits meters. Returns those that could not be visited. */
  async #visit(indexes: readonly number[]): Promise<readonly number[]> {
    const { meter, failed } = this.#options;
    const missed: number[] = [];
    const visits = indexes.map(async (index) => {
      const visited = meter(index);
      try {
        await visited.visit();
      } catch (error) {
        missed.push(index);
        failed(visited, error);
      }
    });
    this.#visiting = Promise.all(visits);
    await this.#visiting;
    return missed;
  }

  #pause(): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => clock.at(clock.now() + againAfter, resolve));
  }

  async #finishRound(upTo: number): Promise<void> {
    const { store, template, span, progress, meter, failed } = this.#options;
    try {
      const round = this.#round;
      await store.fleets.setRanUpTo(template, progress, upTo);
      // The time may have been set back meanwhile.
      if (round === undefined || this.#round !== round) return;
      this.#ranUpTo = Math.min(upTo, round.upTo);
      this.#round = undefined;
      this.#planned = true;
    } catch (error) {
      failed(meter(span.first), error);
      await this.#pause();
    }
  }

  /** The meters were restored from a snapshot. `ranUpTo`: until when all of them did everything that was due. */
  restart(ranUpTo: number): void {
    this.#ranUpTo = ranUpTo;
    this.#round = undefined;
    this.#planned = this.#options.kept === undefined;
    this.#own.clear();
    this.#options.changed?.(this);
  }

  /** Resolves when no visit is in progress. */
  async settled(): Promise<void> {
    await this.#visiting;
  }

  finish(): void {
    // Each visit stores its own changes.
  }

  /** After a step back in time, the meters continue from the new time. */
  moved(before: number, now: number): void {
    if (now >= before) return;
    this.#ranUpTo = Math.min(this.#ranUpTo, now);
    this.#planned = this.#options.kept === undefined;
    if (this.#round !== undefined) this.#round.upTo = Math.min(this.#round.upTo, now);
  }
}
