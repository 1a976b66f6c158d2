import type { AttributeReference, GetResult } from "@dlmskit/association";
import { attributeOf, type ServerService } from "./service.ts";

export const get: ServerService<AttributeReference, GetResult> = {
  changes: false,
  wish: (item) => ({ do: "read", ...attributeOf(item) }),
  result(outcome) {
    if (outcome.error !== undefined) return { error: outcome.error };
    return outcome.data === undefined ? { error: "hardware-fault" } : { data: outcome.data };
  },
};
