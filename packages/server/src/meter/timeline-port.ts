import { type AnyObject, after, attempt, type Context, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Work } from "../runtime/unit-of-work.ts";
import type { Device } from "./device.ts";
import type { KnownMeter } from "./meter-identity.ts";
import type { Power } from "./power.ts";

/** What the user's own code does in time. */
export interface Task {
  readonly every: number;
  readonly run: (now: number, elapsed: number) => void | PromiseLike<void>;
}

/** A unit of work that is open for what is due. */
export interface OpenWork {
  readonly work: Work;
  /** Runs code of this work: what it assigns to its objects' values belongs to it. */
  within<T>(run: () => MaybePromise<T>): MaybePromise<T>;
  /** Keeps it, and lets other works of the meter come. Never throws. */
  finish(): MaybePromise<void>;
}

/** What a part of it needs. */
export type WorkPart = Pick<OpenWork, "work" | "within">;

interface Keeping {
  within<T>(work: Work, run: () => MaybePromise<T>): MaybePromise<T>;
  keep(work: Work): MaybePromise<void>;
  /** It is kept, or not: why. */
  over(error: unknown): void;
  /** Other works may come. */
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
  /** What the meter's clock shows more. */
  readonly offset: number;
  /** As it is kept. */
  readonly power: Power;
  /** Why what was done last could not be kept; undefined: it was. */
  readonly unkept: unknown;
  values(object: AnyObject): Readonly<Record<string, unknown>>;
  context(device: Device, object: AnyObject, work: Work): Context;
  /** Ends the wait for what takes too long. Fault `hook-timeout`. */
  limit<T>(value: MaybePromise<T>): MaybePromise<T>;
  /** Opens a work once no other is in progress. */
  open(): MaybePromise<OpenWork>;
  failed(what: string, error: unknown): void;
  /** Whether another process has the meter. */
  readonly lost: boolean;
  noticeLost(): void;
  /** Whether the store has failed and nobody knows yet what it has kept: nothing is done meanwhile. */
  readonly unsure: boolean;
  /** What is due first may have changed. */
  again(): void;
  /** How far the meter ran was moved back. */
  keepRanUpTo(): void;
}
