import type { AttributeValue, SetResult } from "@dlmskit/association";
import { attributeOf, type ServerService } from "./service.ts";

export const set: ServerService<AttributeValue, SetResult> = {
  changes: true,
  wish: ({ attribute, value }) => ({ do: "write", ...attributeOf(attribute), value }),
  result: ({ error }) => error ?? "success",
};
