import { choice, join, list, type Of, optional, sequence } from "@dlmskit/core";
import { Data } from "./data.ts";
import { LongInvoke } from "./invoke.ts";
import {
  ActionResultCode,
  AttributeDescriptor,
  DataAccessResultCode,
  MethodDescriptor,
  paired,
  SelectiveAccess,
  SizedDateTime,
} from "./parts.ts";
import { ApduTag } from "./tags.ts";

const attribute = sequence({ attribute: AttributeDescriptor });
const selection = sequence({ attribute: AttributeDescriptor, access: SelectiveAccess });

/** Access-Request-Specification: the service of one item of an ACCESS. */
export const AccessSpecification = choice("service", {
  get: [1, attribute],
  set: [2, attribute],
  action: [3, sequence({ method: MethodDescriptor })],
  "get-with-selection": [4, selection],
  "set-with-selection": [5, selection],
});
export type AccessSpecification = Of<typeof AccessSpecification>;

const specifications = list(AccessSpecification, 10);

/** ACCESS.request (tag D9). Each specification has one data, null-data for a get. Fault `list-length-mismatch`. */
export const AccessRequest = choice("apdu", {
  "access-request": [
    ApduTag["access-request"],
    join(
      LongInvoke,
      sequence({ dateTime: SizedDateTime }),
      paired(sequence({ specifications, data: list(Data) }), "specifications", "data"),
    ),
  ],
});
export type AccessRequest = Of<typeof AccessRequest>;

/** Access-Response-Specification: the result of one item. */
export const AccessOutcome = choice("service", {
  get: [1, sequence({ result: DataAccessResultCode })],
  set: [2, sequence({ result: DataAccessResultCode })],
  action: [3, sequence({ result: ActionResultCode })],
});
export type AccessOutcome = Of<typeof AccessOutcome>;

/** ACCESS.response (tag DA). Each result has one data, null-data if there is none. Fault `list-length-mismatch`. */
export const AccessResponse = choice("apdu", {
  "access-response": [
    ApduTag["access-response"],
    join(
      LongInvoke,
      sequence({ dateTime: SizedDateTime, specifications: optional(specifications) }),
      paired(sequence({ data: list(Data), results: list(AccessOutcome, 2) }), "data", "results"),
    ),
  ],
});
export type AccessResponse = Of<typeof AccessResponse>;
