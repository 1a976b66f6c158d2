import { type Codec, choice, join, list, type Of, optional, sequence, u32 } from "@dlmskit/core";
import { Data } from "./data.ts";
import { EncodedData } from "./encoded-data.ts";
import { Invoke } from "./invoke.ts";
import { AttributeDescriptor, DataBlockG, getDataResult, SelectiveAccess, tagged } from "./parts.ts";
import { ApduTag } from "./tags.ts";

/** An attribute, with a selective access if only a part of it is requested. */
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

/**
 * The codec of a GET response whose Data is read by a typed description, directly into the values of the program:
 * `decode(getResponseOf(T.array(row)), octets)`. Faults as those of the description.
 */
export const getResponseOf = <D>(data: Codec<D>) =>
  tagged(
    ApduTag["get-response"],
    choice("apdu", {
      "get-response-normal": [1, join(Invoke, sequence({ result: getDataResult(data) }))],
      "get-response-with-datablock": [2, join(Invoke, sequence({ block: DataBlockG }))],
      "get-response-with-list": [3, join(Invoke, sequence({ results: list(getDataResult(data), 2) }))],
    }),
  );

/** GET.response (tag C4), all forms. */
export const GetResponse = getResponseOf(Data);
export type GetResponse = Of<typeof GetResponse>;

/** GET.response with each Data as its octets (`EncodedData`), for programs that decode them later. */
export const EncodedGetResponse = getResponseOf(EncodedData);
export type EncodedGetResponse = Of<typeof EncodedGetResponse>;
