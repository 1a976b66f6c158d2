import { choice, join, list, type Of, optional, sequence, u32 } from "@dlmskit/core";
import { Data } from "./data.ts";
import { Invoke } from "./invoke.ts";
import { ActionResultCode, DataBlockSA, GetDataResult, MethodDescriptor, paired, tagged } from "./parts.ts";
import { ApduTag } from "./tags.ts";

const methods = list(MethodDescriptor, 9);

/** ACTION.request (tag C3), all forms. Fault `list-length-mismatch` if the numbers of methods and parameters are different. */
export const ActionRequest = tagged(
  ApduTag["action-request"],
  choice("apdu", {
    "action-request-normal": [1, join(Invoke, sequence({ method: MethodDescriptor, parameters: optional(Data) }))],
    "action-request-next-pblock": [2, join(Invoke, sequence({ blockNumber: u32 }))],
    "action-request-with-list": [
      3,
      join(Invoke, paired(sequence({ methods, parameters: list(Data) }), "methods", "parameters")),
    ],
    "action-request-with-first-pblock": [4, join(Invoke, sequence({ method: MethodDescriptor, block: DataBlockSA }))],
    "action-request-with-list-and-first-pblock": [5, join(Invoke, sequence({ methods, block: DataBlockSA }))],
    "action-request-with-pblock": [6, join(Invoke, sequence({ block: DataBlockSA }))],
  }),
);
export type ActionRequest = Of<typeof ActionRequest>;

/** Action-Response-With-Optional-Data. */
export const ActionResponseItem = sequence({ result: ActionResultCode, returnParameters: optional(GetDataResult) });
export type ActionResponseItem = Of<typeof ActionResponseItem>;

/** ACTION.response (tag C7), all forms. */
export const ActionResponse = tagged(
  ApduTag["action-response"],
  choice("apdu", {
    "action-response-normal": [1, join(Invoke, ActionResponseItem)],
    "action-response-with-pblock": [2, join(Invoke, sequence({ block: DataBlockSA }))],
    "action-response-with-list": [3, join(Invoke, sequence({ results: list(ActionResponseItem, 2) }))],
    "action-response-next-pblock": [4, join(Invoke, sequence({ blockNumber: u32 }))],
  }),
);
export type ActionResponse = Of<typeof ActionResponse>;
