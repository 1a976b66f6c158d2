import { type AnyObject, timelineOf } from "@dlmskit/cosem-objects";
import { type Meter, type MeterTemplate, type SimulatedTime, type Timed, timeContexts } from "@dlmskit/server";
import type { Store } from "@dlmskit/storage";
import type { Clock } from "@dlmskit/transport";
import { Cohort } from "../fleet/cohort.ts";
import { DueList } from "../fleet/due-list.ts";

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
  /** Which meters of a span the store has values of: only they may have something to do at an instant of their own. */
  readonly kept?: (first: number, meters: number) => Promise<readonly number[]>;
  /** What is due first is another thing now. */
  readonly changed?: (idle: Timed) => void;
  /** A meter could not be visited; it is tried again. */
  failed(meter: Meter, error: unknown): void;
}

/** Meters that are visited one after another. */
interface Round {
  /** Only to be told their own instants: those that the store has. */
  readonly planning: boolean;
  upTo: number;
  next: number;
  /** Those still to be visited, or to be visited again. */
  readonly missed: number[];
}

/** The next meters of a round. */
function nextOf(round: Round, meters: number): readonly number[] {
  const first = round.next;
  round.next = Math.min(first + abreast, meters);
  return Array.from({ length: round.next - first }, (_, at) => first + at);
}

/** The part of the fleet that this process runs: all of it. */
export const wholeFleet = "all";
/** Meters that are visited at one time. */
const abreast = 16;
/** Meters that the store is asked for at one time. */
const askedAtOnce = 1000;
/** After how many ms of the machine meters that could not be visited are tried again. */
const againAfter = 1000;

/**
 * What a template's objects do in time (captures), for all meters that nobody is connected to: at each instant of the template's
 * timelines each meter is visited, and does what is due by then, each thing at its own instant. How far all are is kept, so that
 * nothing is lost by a stop; a meter that did something has its own mark, so that nothing is done twice. A meter whose own values make
 * something due before that (a timer of a limiter, a period that was written) tells so when it is released, and is visited then; at the
 * start, those that the store has are asked.
 */
export class IdleMeters implements Timed {
  readonly #options: IdleMetersOptions;
  readonly #cohort: Cohort;
  #ranUpTo: number;
  /** Meters that do something before the template does. */
  readonly #own = new DueList();
  #ownTurn = false;
  /** Whether the instants of all meters are known. */
  #planned: boolean;
  #visiting: Promise<unknown> = Promise.resolve();
  /** The round that is in progress: which meters come next, and until when all are done after it. */
  #round: Round | undefined;
  /** The template's first instant after another, as it was computed last. */
  #following: { after: number; at: number | undefined } | undefined;

  constructor(options: IdleMetersOptions) {
    this.#options = options;
    this.#ranUpTo = options.ranUpTo;
    this.#planned = options.kept === undefined;
    const { compiled, meters } = options;
    // As the template has it: its values, and a clock that nobody has set.
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
    this.#cohort = new Cohort({ meters, next });
  }

  /** How far all of them are. */
  get ranUpTo(): number {
    return this.#ranUpTo;
  }

  get next(): number | undefined {
    const first = this.#round?.upTo ?? (this.#planned ? this.#nextOfAll(this.#ranUpTo) : this.#ranUpTo);
    const own = this.#own.first;
    return first === undefined || own === undefined ? (first ?? own) : Math.min(first, own);
  }

  /** When all meters of the template do something next, as long as nobody changed them. */
  #nextOfAll(after: number): number | undefined {
    if (this.#following?.after !== after) {
      this.#following = { after, at: undefined };
      try {
        this.#following = { after, at: this.#cohort.next(after) };
      } catch (error) {
        // A timeline that does not go on: nothing of this template is ever due.
        this.#options.failed(this.#options.meter(0), error);
      }
    }
    return this.#following.at;
  }

  /** A meter is released; `next`: when it does something next, by its own values. */
  letGo(index: number, next: number | undefined): void {
    const all = this.#nextOfAll(Math.max(this.#ranUpTo, this.#round?.planning === false ? this.#round.upTo : 0));
    const before = this.#own.first;
    this.#own.set(index, all !== undefined && next !== undefined && next >= all ? undefined : next);
    if (this.#own.first !== before) this.#options.changed?.(this);
  }

  /** Visits the next meters of the round. */
  async runFirst(): Promise<void> {
    const { meters, time } = this.#options;
    const now = time.now;
    const all = this.#nextOfAll(this.#ranUpTo);
    const planning = !this.#planned && (all === undefined || all > now);
    const own = this.#own.first;
    // Neither keeps the other waiting.
    const ownFirst =
      this.#round === undefined
        ? !planning && own !== undefined && own < (all ?? Number.POSITIVE_INFINITY)
        : this.#ownTurn;
    this.#ownTurn = !ownFirst;
    if (ownFirst && own !== undefined && (this.#round === undefined || own <= now)) {
      await this.#visitOwn(now);
      return;
    }
    // A meter that is far behind does all of it at one visit.
    this.#round ??= { planning, upTo: planning ? now : Math.max(Math.floor(now), all ?? 0), next: 0, missed: [] };
    const round = this.#round;
    if (round.planning && round.missed.length < abreast) await this.#find(round);
    const over = round.next === meters;
    const indexes = round.planning || over ? round.missed.splice(0, abreast) : nextOf(round, meters);
    const missed = await this.#visit(indexes);
    round.missed.push(...missed);
    if (round.planning ? missed.length > 0 : round.next === meters && round.missed.length > 0) await this.#pause();
    else if (round.next < meters || round.missed.length > 0) return;
    else if (round.planning) [this.#planned, this.#round] = [true, undefined];
    else await this.#finishRound(round.upTo);
  }

  /** Asks which meters come next in a planning round. */
  async #find(round: Round): Promise<void> {
    const { meters, kept, failed, meter } = this.#options;
    const count = Math.min(askedAtOnce, meters - round.next);
    if (kept === undefined || count === 0) return;
    try {
      round.missed.push(...(await kept(round.next, count)));
      round.next += count;
    } catch (error) {
      failed(meter(round.next), error);
      await this.#pause();
    }
  }

  /** Visits meters whose own instants have come. */
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

  /** Gives those that could not be visited. */
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
    const { store, template, meter, failed } = this.#options;
    try {
      await store.fleets.setRanUpTo(template, wholeFleet, upTo);
      this.#ranUpTo = upTo;
      this.#round = undefined;
      this.#planned = true;
    } catch (error) {
      failed(meter(0), error);
      await this.#pause();
    }
  }

  /** Resolves when no visit is in progress. */
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
    this.#planned = this.#options.kept === undefined;
    if (this.#round !== undefined) this.#round.upTo = Math.min(this.#round.upTo, now);
  }
}
