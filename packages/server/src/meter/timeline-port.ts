import type { AnyObject, Context, MaybePromise } from "@dlmskit/cosem-objects";
import type { Work } from "../runtime/unit-of-work.ts";
import type { KnownMeter } from "./meter-identity.ts";
import type { Device } from "./meter-template.ts";

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

export interface TimelinePort {
  readonly known: KnownMeter;
  /** Simulated time of day, ms since 1970 UTC. */
  readonly time: number;
  /** What the meter's clock shows more. */
  readonly offset: number;
  values(object: AnyObject): Readonly<Record<string, unknown>>;
  context(device: Device, object: AnyObject, work: Work): Context;
  /** Ends the wait for what takes too long. Fault `hook-timeout`. */
  limit<T>(value: MaybePromise<T>): MaybePromise<T>;
  /** Opens a work once no other is under way. */
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
