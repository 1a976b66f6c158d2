import type { AddressLike } from "./address.ts";
import type { FrameType } from "./control.ts";
import type { Parameters } from "./negotiation.ts";

export type PrimaryMode = "disconnected" | "connecting" | "connected" | "disconnecting";
export type PrimaryAct = "open" | "refused" | "information" | "acknowledge" | "lost" | "closed" | "deliver";

/** The client's automaton; sequence numbers, retries and timers are counters beside it. Absent: ignored. */
export const primaryTransitions = {
  disconnected: { ui: "deliver" },
  connecting: { ua: "open", dm: "refused", frmr: "refused", ui: "deliver" },
  connected: { i: "information", rr: "acknowledge", rnr: "acknowledge", dm: "lost", frmr: "lost", ui: "deliver" },
  disconnecting: { ua: "closed", dm: "closed", frmr: "closed", ui: "deliver" },
} as const satisfies Record<PrimaryMode, Partial<Record<FrameType, PrimaryAct>>>;

/**
 * What only some meters and lines do:
 * `echo`: the line gives back what is sent (optical heads, RS-485);
 * `snrm-with-parameters`: the meter wants parameters in SNRM though they are the defaults;
 * `ua-above-proposal`: UA says more than was proposed; the proposal holds;
 * `ignore-sequence`: the meter does not count N(S) and N(R); repeated frames can then not be told from new ones.
 */
export type HdlcQuirk = "echo" | "snrm-with-parameters" | "ua-above-proposal" | "ignore-sequence";

export interface PrimaryOptions extends Partial<Parameters> {
  /** The client's service access point, 1 to 126. */
  readonly client: number;
  readonly server: AddressLike;
  /** ms until an answer that did not come is asked for again; 2000 by default. */
  readonly timeout?: number;
  /** How many times that is done; 3 by default. */
  readonly retries?: number;
  /** ms between polls of a server that has not its answer ready; 200 by default. */
  readonly pollInterval?: number;
  /** ms for which an answer is polled for; 30 000 by default. */
  readonly pollFor?: number;
  /**
   * ms after which a link on which nothing is asked gives the server the turn (RR): a server says what it was not asked for only when it
   * is polled, and gives up a link that is silent. Never by default.
   */
  readonly pollIdle?: number;
  /** ms of silence after which an unfinished frame is given up; 500 by default. */
  readonly interOctet?: number;
  /** The longest message that segments may make, in octets; 1 MiB by default. */
  readonly maxMessage?: number;
  readonly quirks?: readonly HdlcQuirk[];
}

/** The times of a client, all in ms, and its retries. */
export type PrimaryTiming = Required<Pick<PrimaryOptions, "timeout" | "retries" | "pollInterval" | "pollFor">> &
  Pick<PrimaryOptions, "pollIdle">;

export function primaryTiming(options: PrimaryOptions): PrimaryTiming {
  const { timeout = 2000, retries = 3, pollInterval = 200, pollFor = 30_000, pollIdle } = options;
  return { timeout, retries, pollInterval, pollFor, ...(pollIdle === undefined ? {} : { pollIdle }) };
}
