import type { Invoke } from "@dlmskit/apdu";
import { Fault, type FaultCode } from "@dlmskit/core";
import type { Exchange } from "./services/service.ts";
import type { AnyService } from "./services/table.ts";

export type InitiatorState = "idle" | "opening" | "authenticating" | "associated" | "releasing" | "closed";

export interface RequestOptions {
  readonly priority?: "normal" | "high";
  /** False: the server sends no answer; the output `response` follows at once and has no results. Not for GET. */
  readonly confirmed?: boolean;
  /** Time limit of the request with all its blocks and the time in the queue, ms; `limits.transferTimeout` by default. */
  readonly within?: number;
  /** The request is ciphered with the broadcast key and sent to all stations; only with `confirmed: false`. */
  readonly broadcast?: boolean;
}

/** The request that waits for its response. */
export interface Current {
  readonly id: number;
  readonly service: AnyService;
  readonly invoke: Invoke;
  readonly exchange: Exchange<unknown, unknown>;
  /** The deadline for all its blocks. */
  readonly end: number;
}

/** The Fault of an APDU that was not expected. */
export function dropped(code: FaultCode<"association">, message: string, hint?: string): Fault {
  return new Fault(code, message, { layer: "association", ...(hint === undefined ? {} : { hint }) });
}

/** The Fault of a call that is not possible in this state. */
export function wrongState(what: string, state: InitiatorState): Fault {
  return new Fault("wrong-state", `cannot ${what} while ${state}`, { layer: "association" });
}
