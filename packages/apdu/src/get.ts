import { choice, join, list, type Of, optional, sequence, u32 } from "@dlmskit/core";
import { Invoke } from "./invoke.ts";
import { AttributeDescriptor, DataBlockG, GetDataResult, SelectiveAccess, tagged } from "./parts.ts";
import { ApduTag } from "./tags.ts";

/** An attribute, and what of it, where not all is meant. */
export const AttributeWithSelection = sequence({ attribute: AttributeDescriptor, access: optional(SelectiveAccess) });
export type AttributeWithSelection = Of<typeof AttributeWithSelection>;

/** GET.request (tag C0), all forms. */
export const GetRequest = tagged(
  ApduTag["get-request"],
  choice("apdu", {
    "get-request-normal": [1, join(Invoke, AttributeWithSelection)],
    "get-request-next": [2, join(Invoke, sequence({ blockNumber: u32 }))],
    "get-request-with-list": [3, join(Invoke, sequence({ attributes: list(AttributeWithSelection, 10) }))],
  }),
);
export type GetRequest = Of<typeof GetRequest>;

/** GET.response (tag C4), all forms. */
export const GetResponse = tagged(
  ApduTag["get-response"],
  choice("apdu", {
    "get-response-normal": [1, join(Invoke, sequence({ result: GetDataResult }))],
    "get-response-with-datablock": [2, join(Invoke, sequence({ block: DataBlockG }))],
    "get-response-with-list": [3, join(Invoke, sequence({ results: list(GetDataResult, 2) }))],
  }),
);
export type GetResponse = Of<typeof GetResponse>;
