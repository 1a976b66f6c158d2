import type { ClientLink, LinkAddress } from "@dlmskit/core";
import type { Duplex } from "@dlmskit/transport";
import type { SharedLine } from "./shared-line.ts";

/** How a gateway reaches a meter that is not of this process. Its keys are never needed: APDUs pass unchanged. */
export interface Upstream {
  /** Opens a connection to the meter, or is the line on which it is with other meters. */
  readonly over: SharedLine | (() => Promise<Duplex>);
  /**
   * Creates the client's end of the data link to the meter, for the client and the logical device of the request: a
   * `WrapperClientLink`, an HDLC `Primary` with the address of the meter.
   */
  link(address: Pick<LinkAddress, "client" | "server">): ClientLink;
  /** How long to wait for the link to open, and for each answer, ms; 20,000 by default. The client must wait longer. */
  readonly timeout?: number;
}

export const defaultUpstreamTimeout = 20_000;
