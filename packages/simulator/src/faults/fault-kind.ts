import type { MaybePromise } from "@dlmskit/cosem-objects";
import type { CryptoProvider } from "@dlmskit/security";
import type { Call, Outcome, PushAlteration, TapMessage, TapVerdict } from "@dlmskit/server";
import type { z } from "zod";
import type { Fleet } from "../fleet/fleet.ts";
import type { MeterEvent } from "./event-codes.ts";

/** Octets that a faulty link sends, `delay` ms late. */
export interface Piece {
  readonly octets: Uint8Array;
  readonly delay?: number;
  /** Sent in one piece with what is sent at the same time. */
  readonly joined?: true;
}

/** What happens to the octets of a link: the octets that are passed on, and the octets that are returned to their sender. */
export interface FrameVerdict {
  readonly pieces: readonly Piece[];
  readonly back?: Uint8Array;
}

/** One fault at work on one meter. */
export interface Acting {
  readonly fleet: Fleet;
  readonly provider: CryptoProvider;
  /** The meter's index. */
  readonly index: number;
  /** Numbers from 0 (included) to 1 (excluded). The same seed, fault and meter give the same numbers. */
  random(): number;
  /** When the fault began, ms since 1970 UTC; undefined: it has no start. */
  readonly start?: number;
  /** Reports that the fault has done something. `explain` counts it. */
  acted(): void;
  /** The data that the fault keeps about a conversation with this meter. */
  readonly memory: Map<string, number>;
}

/**
 * A kind of fault: its effects as data and functions, each at one place of a meter. `frame` receives the octets of the data link. `tap`
 * receives the APDUs (in plain, and ciphered as sent). `call` receives each call to an object. `push` receives what the meter pushes.
 */
export interface FaultKind<P> {
  /** What a meter with this fault does, in one sentence. `explain` shows it. */
  readonly what: string;
  /** Real meters that behave like this. */
  readonly seen?: string;
  readonly parameters: z.ZodType<P>;
  frame?(way: "received" | "sent", octets: Uint8Array, parameters: P, one: Acting): FrameVerdict | undefined;
  tap?(message: TapMessage, parameters: P, one: Acting): TapVerdict | undefined;
  call?(call: Call, next: () => MaybePromise<Outcome>, parameters: P, one: Acting): MaybePromise<Outcome> | undefined;
  /** `apdu`: what the meter pushes to a destination, before it is protected. */
  push?(apdu: Uint8Array, parameters: P, one: Acting): PushAlteration | undefined;
  /** What the meter enters in an event log when the fault begins and ends. */
  event?(parameters: P): MeterEvent;
  /** How many ms the meter is without power when the fault begins. */
  power?(parameters: P): number;
}

/** A kind in a table of kinds whose parameters differ. */
// biome-ignore lint/suspicious/noExplicitAny: the parameters of each kind are its own; its schema has checked them.
export type AnyFaultKind = FaultKind<any>;

/** Declares a kind. The type of its parameters is the type of their schema. */
export const kind = <P>(one: FaultKind<P>): FaultKind<P> => one;
