import { type AnyObject, after, attempt, type Context, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Work } from "../runtime/unit-of-work.ts";
import type { Device } from "./device.ts";
import type { KnownMeter } from "./meter-identity.ts";
import type { Power } from "./power.ts";

/** A timed task of the user's own code. */
export interface Task {
  readonly every: number;
  readonly run: (now: number, elapsed: number) => void | PromiseLike<void>;
}

/** A unit of work that is open for the due actions. */
export interface OpenWork {
  readonly work: Work;
  /** Runs code of this work: values that the code assigns to the objects belong to the work. */
  within<T>(run: () => MaybePromise<T>): MaybePromise<T>;
  /** Keeps the work and allows other works of the meter. Never throws. */
  finish(): MaybePromise<void>;
}

/** The members that a part of an open work needs. */
export type WorkPart = Pick<OpenWork, "work" | "within">;

interface Keeping {
  within<T>(work: Work, run: () => MaybePromise<T>): MaybePromise<T>;
  keep(work: Work): MaybePromise<void>;
  /** Called at the end of the work. `error`: why it was not kept. */
  over(error: unknown): void;
  /** Allows other works. */
  release(): void;
}

export const openWork = (work: Work, { within, keep, over, release }: Keeping): OpenWork => ({
  work,
  within: (run) => within(work, run),
  finish: () =>
    after(
      attempt(
        () => after(keep(work), () => over(undefined)),
        (error) => over(error),
      ),
      release,
    ),
});

export interface TimelinePort {
  readonly known: KnownMeter;
  /** Simulated time of day, ms since 1970 UTC. */
  readonly time: number;
  /** The difference between the clock of the meter and `time`, ms: positive if the clock is ahead. */
  readonly offset: number;
  /** The kept power state. */
  readonly power: Power;
  /** Why the last actions could not be kept; undefined: they were kept. */
  readonly unkept: unknown;
  values(object: AnyObject): Readonly<Record<string, unknown>>;
  context(device: Device, object: AnyObject, work: Work): Context;
  /** Ends the wait for a promise that takes too long. Fault `hook-timeout`. */
  limit<T>(value: MaybePromise<T>): MaybePromise<T>;
  /** Opens a work once no other is in progress. */
  open(): MaybePromise<OpenWork>;
  failed(what: string, error: unknown): void;
  /** Whether another process has the meter. */
  readonly lost: boolean;
  noticeLost(): void;
  /** Whether the store has failed and it is not known yet what it has kept. Until then nothing is done. */
  readonly unsure: boolean;
  /** The first due time may have changed. */
  again(): void;
  /** Called when the time up to which the meter has run was moved back. */
  keepRanUpTo(): void;
}
