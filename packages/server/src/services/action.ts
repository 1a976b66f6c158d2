import type { ActionResultName, DataAccessResultName } from "@dlmskit/apdu";
import type { ActionOutcome, MethodInvocation } from "@dlmskit/association";
import { methodOf, type ServerService } from "./service.ts";

// Action-Result has no block numbers and no results of GET and SET transfers.
const dataOnly = new Set<DataAccessResultName>([
  "long-get-aborted",
  "no-long-get-in-progress",
  "long-set-aborted",
  "no-long-set-in-progress",
  "data-block-number-invalid",
]);
const actionResult = (result: DataAccessResultName): ActionResultName =>
  dataOnly.has(result) ? "other-reason" : (result as ActionResultName);

export const action: ServerService<MethodInvocation, ActionOutcome> = {
  changes: true,
  wish: ({ method, parameters }) => ({
    do: "invoke",
    ...methodOf(method),
    ...(parameters === undefined ? {} : { argument: parameters }),
  }),
  result(outcome) {
    if (outcome.error !== undefined) return { result: actionResult(outcome.error) };
    return { result: "success", ...(outcome.data === undefined ? {} : { data: outcome.data }) };
  },
};
