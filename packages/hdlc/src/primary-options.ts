import type { AddressLike } from "./address.ts";
import type { FrameType } from "./control.ts";
import type { Parameters } from "./negotiation.ts";

export type PrimaryMode = "disconnected" | "connecting" | "connected" | "disconnecting";
export type PrimaryAct = "open" | "refused" | "information" | "acknowledge" | "lost" | "closed" | "deliver";

/** The client's state machine, without sequence numbers, retries and timers. An event that is absent for a state is ignored. */
export const primaryTransitions = {
  disconnected: { ui: "deliver" },
  connecting: { ua: "open", dm: "refused", frmr: "refused", ui: "deliver" },
  connected: { i: "information", rr: "acknowledge", rnr: "acknowledge", dm: "lost", frmr: "lost", ui: "deliver" },
  disconnecting: { ua: "closed", dm: "closed", frmr: "closed", ui: "deliver" },
} as const satisfies Record<PrimaryMode, Partial<Record<FrameType, PrimaryAct>>>;

/**
 * Deviations of some meters and lines:
 * `echo`: the line returns the sent octets (optical heads, RS-485);
 * `snrm-with-parameters`: the meter needs parameters in SNRM even if they are the defaults;
 * `ua-above-proposal`: UA has higher values than the proposal; the proposal applies;
 * `ignore-sequence`: the meter does not count N(S) and N(R); repeated frames then cannot be distinguished from new ones;
 * `llc-of-commands`: responses have the LLC header of commands, E6 E6 00 instead of E6 E7 00.
 */
export type HdlcQuirk = "echo" | "snrm-with-parameters" | "ua-above-proposal" | "ignore-sequence" | "llc-of-commands";

export interface PrimaryOptions extends Partial<Parameters> {
  /** The client's service access point, 1 to 126. */
  readonly client: number;
  readonly server: AddressLike;
  /** ms to wait for an answer before the request is repeated; 2000 by default. */
  readonly timeout?: number;
  /** The maximum number of repetitions; 3 by default. */
  readonly retries?: number;
  /** ms between polls of a server whose answer is not ready; 200 by default. */
  readonly pollInterval?: number;
  /** The maximum time of polling for an answer, in ms; 30 000 by default. */
  readonly pollFor?: number;
  /**
   * ms after which an idle link gives the server the turn (RR). A server sends unsolicited PDUs only when it is polled, and closes
   * a link that is silent. Never by default.
   */
  readonly pollIdle?: number;
  /** ms of silence after which an unfinished frame is dropped; 500 by default. */
  readonly interOctet?: number;
  /** The maximum length of a segmented message, in octets; 1 MiB by default. */
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
