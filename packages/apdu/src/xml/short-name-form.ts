import { toLatin1, u8, u16 } from "@dlmskit/core";
import { latin1Octets } from "../data-values.ts";
import { data, dataList, text } from "./data-form.ts";
import { type AnyForm, type Form, field, hex, keyedItem, many, type Part, record } from "./form.ts";
import { blockSN, dataAccessResult, lastBlock } from "./parts-form.ts";

const blockNumber: Part = field("blockNumber", "BlockNumber", hex(u16, 2));
const variableName = hex(u16, 2);
const variable = keyedItem({
  variableName: ["VariableName", variableName],
  parameterizedAccess: [
    "ParameterisedAccess",
    record(
      field("variableName", "VariableName", variableName),
      field("selector", "Selector", hex(u8, 1)),
      field("parameter", "Parameter", data),
    ),
  ],
  blockNumberAccess: ["BlockNumberAccess", record(blockNumber)],
  readDataBlockAccess: ["ReadDataBlockAccess", blockSN],
  writeDataBlockAccess: ["WriteDataBlockAccess", record(lastBlock, blockNumber)],
});
const nothing: Form<null> = { put: () => {}, get: () => null };
const write = record(
  field("variables", "ListOfVariableAccessSpecification", many(variable)),
  field("data", "ListOfData", dataList),
);

/** A list whose elements are directly in the element of the APDU. */
const bare = (key: string, list: AnyForm): AnyForm => ({
  put: (value: Record<string, unknown>, into) => list.put(value[key], into),
  get: (from) => ({ [key]: list.get(from) }),
});

// All characters on the wire are accepted, also those that are not valid in a GeneralizedTime.
const generalizedTime = text(latin1Octets, toLatin1);

/** Read, Write, UnconfirmedWrite and InformationReport. */
export const shortNameForms: Readonly<Record<string, readonly [element: string, AnyForm]>> = {
  "read-request": ["ReadRequest", bare("variables", many(variable))],
  "read-response": [
    "ReadResponse",
    bare(
      "results",
      many(
        keyedItem({
          data: ["Data", data],
          dataAccessError: ["DataAccessError", dataAccessResult],
          dataBlockResult: ["DataBlockResult", blockSN],
          blockNumber: ["BlockNumber", hex(u16, 2)],
        }),
      ),
    ),
  ],
  "write-request": ["WriteRequest", write],
  "unconfirmed-write-request": ["UnconfirmedWriteRequest", write],
  "write-response": [
    "WriteResponse",
    bare(
      "results",
      many(
        keyedItem({
          success: ["Success", nothing],
          dataAccessError: ["DataAccessError", dataAccessResult],
          blockNumber: ["BlockNumber", hex(u16, 2)],
        }),
      ),
    ),
  ],
  "information-report-request": [
    "InformationReportRequest",
    record(
      field("currentTime", "CurrentTime", generalizedTime, true),
      field("variables", "ListOfVariableAccessSpecification", many(variable)),
      field("data", "ListOfData", dataList),
    ),
  ],
};
