import type { DataAccessResultName, Invoke, VariableAccess } from "@dlmskit/apdu";
import { refusal } from "../refusals.ts";
import type { Block } from "../transfer/blocks.ts";
import type { RequestContext } from "../transfer/port.ts";
import type { RequestTransfer, Taken } from "../transfer/request.ts";
import type { VariableReference } from "./items.ts";

// The common parts of Read and Write. Requests by short name have no invoke-id-and-priority.

/** Replaces the invoke-id-and-priority of a request that has none. */
export function anonymousInvoke(serviceClass: Invoke["serviceClass"]): Invoke {
  return { invokeId: 0, priority: "normal", serviceClass };
}

/** The bits that these variables need in addition to the bit of the service. */
export function neededFor(variables: readonly VariableAccess[]): ("multiple-references" | "parameterized-access")[] {
  return [
    ...(variables.length > 1 ? (["multiple-references"] as const) : []),
    ...(variables.some(({ parameterizedAccess }) => parameterizedAccess !== undefined)
      ? (["parameterized-access"] as const)
      : []),
  ];
}

/** The variables of a request as items. Fault `service-not-supported` if a part of a block transfer is among them. */
export function variableReferences(variables: readonly VariableAccess[]): readonly VariableReference[] {
  return variables.map(({ variableName, parameterizedAccess }) => {
    if (variableName !== undefined) return { variableName };
    if (parameterizedAccess === undefined) {
      throw refusal("service-not-supported", "a block of a block transfer must be the only variable");
    }
    const { selector, parameter } = parameterizedAccess;
    return { variableName: parameterizedAccess.variableName, access: { selector, parameters: parameter } };
  });
}

/** Converts a variable of the program to that of the wire. */
export function variableAccess({ variableName, access }: VariableReference): VariableAccess {
  if (access === undefined) return { variableName };
  // The codec has the type of the decoded tree; it also writes octets that are already encoded.
  const parameter = access.parameters as Extract<
    VariableAccess,
    { parameterizedAccess: unknown }
  >["parameterizedAccess"]["parameter"];
  return { parameterizedAccess: { variableName, selector: access.selector, parameter } };
}

/** Accepts a block of a request. A block with the number 1 starts a transfer: no other APDU does. */
export function takeBlock(
  request: RequestTransfer<undefined>,
  block: Block,
  context: RequestContext,
  now: number,
): Taken<undefined> {
  return block.blockNumber === 1 ? request.first(undefined, block, context, now) : request.next(block, context, now);
}

/** The answer to a block that is not accepted. */
export function blockError(state: "none" | "aborted" | "number" | "cap", long: "get" | "set"): DataAccessResultName {
  switch (state) {
    case "none":
      return `no-long-${long}-in-progress`;
    case "number":
      return "data-block-number-invalid";
    case "aborted":
    case "cap":
      return `long-${long}-aborted`;
  }
}
