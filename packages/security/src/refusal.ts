import { Fault, type FaultCode } from "@dlmskit/core";

/** Creates a Fault of this layer. The caller throws it. */
export function refusal(code: FaultCode<"security">, message: string, hint?: string): Fault {
  return new Fault(code, message, { layer: "security", ...(hint === undefined ? {} : { hint }) });
}
