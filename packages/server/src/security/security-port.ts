import { Fault } from "@dlmskit/core";
import type { AssociationInformation, Context } from "@dlmskit/cosem-objects";
import type { CryptoProvider, Random } from "@dlmskit/security";
import type { Association } from "../meter/association-spec.ts";
import type { Work } from "../runtime/unit-of-work.ts";
import type { AssociationState } from "./association-state.ts";

/** The interface of a meter for its security objects. */
export interface SecurityPort {
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly systemTitle: Uint8Array;
  /** The unit of work that a change belongs to. Fault `read-only` if there is none. */
  readonly work: Work;
  /** All associations of the logical device. */
  readonly associations: readonly Association[];
  state(association: Association): AssociationState;
  /** System title of the client with the open association. */
  clientSystemTitle(association: Association): Uint8Array | undefined;
  /** Whether a client has the association open or is opening it. */
  statusOf(association: Association): AssociationInformation["status"];
}

/** The property of a device view that holds the port of its meter. */
export const securityPort: unique symbol = Symbol("security port");

/** The port of the meter in which a hook runs. Fault `no-meter`. */
export function securityPortOf({ device }: Pick<Context, "device">): SecurityPort {
  const port = (device as { readonly [securityPort]?: SecurityPort })[securityPort];
  if (port === undefined) throw new Fault("no-meter", "the object belongs to no meter", { layer: "server" });
  return port;
}
