import type { ActionResultName, DataAccessResultName } from "@dlmskit/apdu";

// Data-Access-Results that Action-Result does not have.
const dataOnly: readonly string[] = [
  "long-get-aborted",
  "no-long-get-in-progress",
  "long-set-aborted",
  "no-long-set-in-progress",
  "data-block-number-invalid",
] satisfies Exclude<DataAccessResultName, ActionResultName>[];

/** The equivalent Action-Result. */
export function actionResult(result: DataAccessResultName): ActionResultName {
  return dataOnly.includes(result) ? "other-reason" : (result as ActionResultName);
}
