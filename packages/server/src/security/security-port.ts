import { Fault } from "@dlmskit/core";
import type { AssociationInformation, Context } from "@dlmskit/cosem-objects";
import type { CryptoProvider, Random } from "@dlmskit/security";
import type { Association } from "../meter/association-spec.ts";
import type { Work } from "../runtime/unit-of-work.ts";
import type { AssociationState } from "./association-state.ts";

/** What the objects about security need of the meter that they are read in. */
export interface SecurityPort {
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly systemTitle: Uint8Array;
  /** The unit of work that a change belongs to. Fault `read-only` where there is none. */
  readonly work: Work;
  /** All of the logical device. */
  readonly associations: readonly Association[];
  state(association: Association): AssociationState;
  /** System title of the client that has the association open. */
  clientSystemTitle(association: Association): Uint8Array | undefined;
  /** Whether a client has the association open, or is about to. */
  statusOf(association: Association): AssociationInformation["status"];
}

/** Where a device view of a meter has its port. */
export const securityPort: unique symbol = Symbol("security port");

/** The port of the meter that a hook runs in. Fault `no-meter`. */
export function securityPortOf({ device }: Pick<Context, "device">): SecurityPort {
  const port = (device as { readonly [securityPort]?: SecurityPort })[securityPort];
  if (port === undefined) throw new Fault("no-meter", "the object belongs to no meter", { layer: "server" });
  return port;
}
