import type { MaybePromise } from "@dlmskit/cosem-objects";
import type { CryptoProvider } from "@dlmskit/security";
import type { Call, Outcome, TapMessage, TapVerdict } from "@dlmskit/server";
import type { z } from "zod";
import type { Fleet } from "../fleet/fleet.ts";

/** Octets that a faulty link sends, `delay` ms late. */
export interface Piece {
  readonly octets: Uint8Array;
  readonly delay?: number;
}

/** What becomes of the octets of a link: what goes on, and what goes straight back to who sent them. */
export interface FrameVerdict {
  readonly pieces: readonly Piece[];
  readonly back?: Uint8Array;
}

/** One fault as it acts on one meter. */
export interface Acting {
  readonly fleet: Fleet;
  readonly provider: CryptoProvider;
  /** The meter's index. */
  readonly index: number;
  /** Numbers from 0 to before 1: the same seed, fault and meter give the same numbers. */
  random(): number;
  /** The fault has done something: `explain` counts it. */
  acted(): void;
  /** What the fault remembers of a conversation with this meter. */
  readonly memory: Map<string, number>;
}

/**
 * A kind of fault: what it does as data and functions, each at one place of a meter. `frame` sees the octets of the data link,
 * `tap` the APDUs (in plain, and as they are sealed), `call` each item on its way to an object.
 */
export interface FaultKind<P> {
  /** What a meter with this fault does, in one sentence. `explain` says it. */
  readonly what: string;
  /** Real meters that do so. */
  readonly seen?: string;
  readonly parameters: z.ZodType<P>;
  frame?(way: "received" | "sent", octets: Uint8Array, parameters: P, one: Acting): FrameVerdict | undefined;
  tap?(message: TapMessage, parameters: P, one: Acting): TapVerdict | undefined;
  call?(call: Call, next: () => MaybePromise<Outcome>, parameters: P, one: Acting): MaybePromise<Outcome> | undefined;
  /** For how many ms the meter is without power when the fault begins. */
  power?(parameters: P): number;
}

/** A kind in a table of kinds with other parameters. */
// biome-ignore lint/suspicious/noExplicitAny: the parameters of each kind are its own; its schema has checked them.
export type AnyFaultKind = FaultKind<any>;

/** Declares a kind: the type of its parameters is that of their schema. */
export const kind = <P>(one: FaultKind<P>): FaultKind<P> => one;
