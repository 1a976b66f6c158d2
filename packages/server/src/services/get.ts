import type { AttributeReference, GetResult } from "@dlmskit/association";
import type { ServerService } from "./service.ts";

export const get: ServerService<AttributeReference, GetResult> = {
  changes: false,
  wish({ classId, instanceId, attributeId, access }) {
    const wish = { do: "read", classId, instanceId, index: attributeId } as const;
    return access === undefined ? wish : { ...wish, selection: access };
  },
  result(outcome) {
    if (outcome.error !== undefined) return { error: outcome.error };
    return outcome.data === undefined ? { error: "hardware-fault" } : { data: outcome.data };
  },
};
