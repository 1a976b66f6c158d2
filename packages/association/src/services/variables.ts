import type { DataAccessResultName, Invoke, VariableAccess } from "@dlmskit/apdu";
import { refusal } from "../refusals.ts";
import type { Block } from "../transfer/blocks.ts";
import type { RequestContext } from "../transfer/port.ts";
import type { RequestTransfer, Taken } from "../transfer/request.ts";
import type { VariableReference } from "./items.ts";

// What Read and Write have in common. Requests by short name carry no invoke-id-and-priority.

/** Stands for the invoke-id-and-priority of a request that has none. */
export function anonymousInvoke(serviceClass: Invoke["serviceClass"]): Invoke {
  return { invokeId: 0, priority: "normal", serviceClass };
}

/** The bits that these variables need, besides that of the service. */
export function neededFor(variables: readonly VariableAccess[]): ("multiple-references" | "parameterized-access")[] {
  return [
    ...(variables.length > 1 ? (["multiple-references"] as const) : []),
    ...(variables.some(({ parameterizedAccess }) => parameterizedAccess !== undefined)
      ? (["parameterized-access"] as const)
      : []),
  ];
}

/** The variables of a request as items. Fault `service-not-supported` for a part of a block transfer that stands among them. */
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

/** The same for the wire. */
export function variableAccess({ variableName, access }: VariableReference): VariableAccess {
  if (access === undefined) return { variableName };
  // The codec is typed for the tree that it reads; it also writes octets that are encoded already.
  const parameter = access.parameters as Extract<
    VariableAccess,
    { parameterizedAccess: unknown }
  >["parameterizedAccess"]["parameter"];
  return { parameterizedAccess: { variableName, selector: access.selector, parameter } };
}

/** Takes a block of a request. A block with the number 1 begins a transfer: there is no other APDU that does. */
export function takeBlock(
  request: RequestTransfer<undefined>,
  block: Block,
  context: RequestContext,
  now: number,
): Taken<undefined> {
  return block.blockNumber === 1 ? request.first(undefined, block, context, now) : request.next(block, context, now);
}

/** What a block is answered with that does not fit. */
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
