import { Fault, type FaultCode } from "@dlmskit/core";
import type { RequestProtection } from "./protection/request-protection.ts";

export type InitiatorState = "idle" | "opening" | "authenticating" | "associated" | "releasing" | "closed";

export interface RequestOptions {
  /**
   * `"high"`: the request goes before the waiting requests of normal priority. If priorities were negotiated, it also goes between two
   * blocks of a transfer that is going on; not in general block transfer, and not between the blocks of a SET or ACTION of the same
   * service.
   */
  readonly priority?: "normal" | "high";
  /** False: the server sends no answer; the output `response` follows at once and has no results. Not for GET. */
  readonly confirmed?: boolean;
  /** Time limit of the request with all its blocks and the time in the queue, ms; `limits.transferTimeout` by default. */
  readonly within?: number;
  /** The request is ciphered with the broadcast key and sent to all stations; only with `confirmed: false`. */
  readonly broadcast?: boolean;
  /** A protection of its own; only in a ciphered association. Its response must have at least the same protection. */
  readonly protection?: RequestProtection;
}

/** The Fault of an APDU that was not expected. */
export function dropped(code: FaultCode<"association">, message: string, hint?: string): Fault {
  return new Fault(code, message, { layer: "association", ...(hint === undefined ? {} : { hint }) });
}

/** The Fault of a call that is not possible in this state. */
export function wrongState(what: string, state: InitiatorState): Fault {
  return new Fault("wrong-state", `cannot ${what} while ${state}`, { layer: "association" });
}
