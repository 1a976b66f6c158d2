import { choice, join, list, type Of, sequence, u32 } from "@dlmskit/core";
import { Data } from "./data.ts";
import { AttributeWithSelection } from "./get.ts";
import { Invoke } from "./invoke.ts";
import { DataAccessResultCode, DataBlockSA, paired, tagged } from "./parts.ts";
import { ApduTag } from "./tags.ts";

const attributes = list(AttributeWithSelection, 10);

/** SET.request (tag C1), all forms. Fault `list-length-mismatch` if the numbers of attributes and values are different. */
export const SetRequest = tagged(
  ApduTag["set-request"],
  choice("apdu", {
    "set-request-normal": [1, join(Invoke, AttributeWithSelection, sequence({ value: Data }))],
    "set-request-with-first-datablock": [2, join(Invoke, AttributeWithSelection, sequence({ block: DataBlockSA }))],
    "set-request-with-datablock": [3, join(Invoke, sequence({ block: DataBlockSA }))],
    "set-request-with-list": [
      4,
      join(Invoke, paired(sequence({ attributes, values: list(Data) }), "attributes", "values")),
    ],
    "set-request-with-list-and-first-datablock": [5, join(Invoke, sequence({ attributes, block: DataBlockSA }))],
  }),
);
export type SetRequest = Of<typeof SetRequest>;

/** SET.response (tag C5), all forms. */
export const SetResponse = tagged(
  ApduTag["set-response"],
  choice("apdu", {
    "set-response-normal": [1, join(Invoke, sequence({ result: DataAccessResultCode }))],
    "set-response-datablock": [2, join(Invoke, sequence({ blockNumber: u32 }))],
    "set-response-last-datablock": [3, join(Invoke, sequence({ result: DataAccessResultCode, blockNumber: u32 }))],
    "set-response-last-datablock-with-list": [
      4,
      join(Invoke, sequence({ results: list(DataAccessResultCode), blockNumber: u32 })),
    ],
    "set-response-with-list": [5, join(Invoke, sequence({ results: list(DataAccessResultCode) }))],
  }),
);
export type SetResponse = Of<typeof SetResponse>;
