import type { ReadResult, VariableReference } from "@dlmskit/association";
import type { ServerService } from "./service.ts";
import { isMethod, readOf } from "./short-name.ts";

export const read: ServerService<VariableReference, ReadResult> = {
  changes: (items, device) => items.some((item) => isMethod(device, item)),
  wish: (item, device) => readOf(device, item),
  // A method that returns nothing also gets an answer.
  result(outcome) {
    if (outcome.error !== undefined) return { error: outcome.error };
    return { data: outcome.data ?? { type: "null-data" } };
  },
};
