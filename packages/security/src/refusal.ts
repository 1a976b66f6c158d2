import { Fault, type FaultCode } from "@dlmskit/core";

/** A Fault of this layer, to be thrown. */
export function refusal(code: FaultCode<"security">, message: string, hint?: string): Fault {
  return new Fault(code, message, { layer: "security", ...(hint === undefined ? {} : { hint }) });
}
