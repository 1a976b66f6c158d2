import type { Invoke } from "@dlmskit/apdu";
import { Fault, type FaultCode } from "@dlmskit/core";
import type { Exchange } from "./services/service.ts";
import type { AnyService } from "./services/table.ts";

export type InitiatorState = "idle" | "opening" | "authenticating" | "associated" | "releasing" | "closed";

export interface RequestOptions {
  readonly priority?: "normal" | "high";
  /** False: the server answers nothing; the `response` comes at once and has no results. Not for GET. */
  readonly confirmed?: boolean;
  /** How long it may take with all its blocks and what waits before it, in ms; `limits.transferTimeout` by default. */
  readonly within?: number;
  /** Under the broadcast key, to all stations that listen; with `confirmed: false` only. */
  readonly broadcast?: boolean;
}

/** The request that is on its way. */
export interface Current {
  readonly id: number;
  readonly service: AnyService;
  readonly invoke: Invoke;
  readonly exchange: Exchange<unknown, unknown>;
  /** All its blocks must be here then. */
  readonly end: number;
}

/** What came fits nothing. */
export function dropped(code: FaultCode<"association">, message: string, hint?: string): Fault {
  return new Fault(code, message, { layer: "association", ...(hint === undefined ? {} : { hint }) });
}

/** What cannot be asked for in this state. */
export function wrongState(what: string, state: InitiatorState): Fault {
  return new Fault("wrong-state", `cannot ${what} while ${state}`, { layer: "association" });
}
