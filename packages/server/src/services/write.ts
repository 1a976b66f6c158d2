import type { VariableValue, WriteResult } from "@dlmskit/association";
import type { ServerService } from "./service.ts";
import { writeOf } from "./short-name.ts";

export const write: ServerService<VariableValue, WriteResult> = {
  changes: true,
  wish: ({ variable, value }, device) => writeOf(device, variable, value),
  result: ({ error }) => error ?? "success",
};
