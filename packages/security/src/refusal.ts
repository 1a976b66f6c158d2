import { Fault } from "@dlmskit/core";

/** A Fault of this layer, to be thrown. */
export function refusal(code: string, message: string, hint?: string): Fault {
  return new Fault(code, message, { layer: "security", ...(hint === undefined ? {} : { hint }) });
}
