import { Fault, type LinkAddress } from "@dlmskit/core";
import type { Meter } from "../meter/meter.ts";
import { isNoFailure } from "./admission.ts";
import type { SessionPort } from "./session-port.ts";

export type BreakOffPort = Pick<SessionPort, "broken" | "environment" | "quiet" | "remote" | "roomy" | "tell">;

/** Ends a connection with a meter that must not answer: it could not be loaded or kept, or another process has it now. */
export function breakOff(
  port: BreakOffPort,
  { meter, address }: { readonly meter: Meter; readonly address: LinkAddress },
  what: string,
  error: unknown,
): void {
  if (isNoFailure(error)) {
    port.tell({ type: "refused", remote: port.remote, address, meter: meter.name, fault: error });
    port.broken(error, address);
  } else {
    port.environment.storeFailed(meter, what, error);
    port.broken(new Fault("store-failed", `${what} failed`, { layer: "server", cause: error }), address);
  }
  // A connection that serves other meters too goes on.
  port.roomy();
  port.quiet();
}

/** The Fault for a connection on which no association was opened in time. */
export const noAssociation = ({ remote, limits }: Pick<SessionPort, "remote" | "limits">): Fault =>
  new Fault("no-association", `${remote} has opened no association in ${limits.firstAssociation} ms`, {
    layer: "server",
    hint: "raise `limits.firstAssociation` for slow clients",
  });
