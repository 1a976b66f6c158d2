import { Fault } from "@dlmskit/core";

/** How an end does general block transfer, where it was negotiated. Nothing of it is negotiated. */
export interface GeneralBlocks {
  /** Blocks that this end takes at once, 1 to 63; 10 by default. */
  readonly window?: number;
  /** Whether this end sends as many blocks at once as the other takes; true by default. */
  readonly streaming?: boolean;
  /**
   * How a long GET, SET or ACTION is sent if the blocks of the service were negotiated too: `"of-service"` (default) uses those,
   * `"general"` prefers general block transfer. Both are accepted, and answered in the same way.
   */
  readonly prefer?: "of-service" | "general";
}

export interface GeneralBlocksUsed {
  readonly window: number;
  readonly streaming: boolean;
  readonly preferred: boolean;
}

const mostBlocks = 63;

/** The options with what they are unless told. Fault `bad-value`. */
export function generalBlocks({ window = 10, streaming = true, prefer }: GeneralBlocks = {}): GeneralBlocksUsed {
  if (!Number.isInteger(window) || window < 1 || window > mostBlocks) {
    throw new Fault("bad-value", `a window has 1 to ${mostBlocks} blocks, not ${window}`, { layer: "association" });
  }
  return { window, streaming, preferred: prefer === "general" };
}
