import {
  asText,
  bool,
  type Codec,
  choice,
  list,
  nothing,
  type Of,
  optional,
  sequence,
  sizedOctets,
  toLatin1,
  u8,
  u16,
} from "@dlmskit/core";
import { Data } from "./data.ts";
import { latin1Octets } from "./data-values.ts";
import { keyed } from "./keyed.ts";
import { DataAccessResultCode, paired } from "./parts.ts";
import { ApduTag } from "./tags.ts";

const block = sequence({ lastBlock: bool, blockNumber: u16, rawData: sizedOctets });

/** Variable-Access-Specification: a short name with or without selective access, or a block of a long read or write. */
export const VariableAccess = keyed({
  variableName: [2, u16],
  parameterizedAccess: [4, sequence({ variableName: u16, selector: u8, parameter: Data })],
  blockNumberAccess: [5, sequence({ blockNumber: u16 })],
  readDataBlockAccess: [6, block],
  writeDataBlockAccess: [7, sequence({ lastBlock: bool, blockNumber: u16 })],
});
export type VariableAccess = Of<typeof VariableAccess>;

/** The variables of a Read, and the content of the blocks of a long Read (read-data-block-access). */
export const VariableAccessList = list(VariableAccess, 3);
const variables = VariableAccessList;
/** The variables of a Write and their data, and the content of the blocks of a long Write. Fault `list-length-mismatch`. */
export const VariableWrites = paired(sequence({ variables, data: list(Data) }), "variables", "data");
export type VariableWrites = Of<typeof VariableWrites>;

const readResult = keyed({
  data: [0, Data],
  dataAccessError: [1, DataAccessResultCode],
  dataBlockResult: [2, block],
  blockNumber: [3, u16],
});
/** The results of a Read, and the content of the blocks of a long response. */
export const ReadResults = list(readResult, 2);
export type ReadResult = Of<typeof readResult>;

/** ReadRequest (tag 05). */
export const ReadRequest = choice("apdu", {
  "read-request": [ApduTag["read-request"], sequence({ variables })],
});
export type ReadRequest = Of<typeof ReadRequest>;

/** ReadResponse (tag 0C). */
export const ReadResponse = choice("apdu", {
  "read-response": [ApduTag["read-response"], sequence({ results: ReadResults })],
});
export type ReadResponse = Of<typeof ReadResponse>;

/** WriteRequest (tag 06) and UnconfirmedWriteRequest (tag 16). Fault `list-length-mismatch`. */
export const WriteRequest = choice("apdu", {
  "write-request": [ApduTag["write-request"], VariableWrites],
  "unconfirmed-write-request": [ApduTag["unconfirmed-write-request"], VariableWrites],
});
export type WriteRequest = Of<typeof WriteRequest>;

/** WriteResponse (tag 0D): `{success: null}`, `{dataAccessError}` or `{blockNumber}` for each variable. */
export const WriteResponse = choice("apdu", {
  "write-response": [
    ApduTag["write-response"],
    sequence({
      results: list(
        keyed({ success: [0, nothing], dataAccessError: [1, DataAccessResultCode], blockNumber: [2, u16] }),
      ),
    }),
  ],
});
export type WriteResponse = Of<typeof WriteResponse>;

const GeneralizedTime: Codec<string> = {
  read: (from) => toLatin1(from.take(from.boundedLength())),
  write: (value, to) => to.sized(latin1Octets(value)),
  toJson: (value) => value,
  fromJson(json) {
    latin1Octets(asText(json));
    return asText(json);
  },
};

/** InformationReportRequest (tag 18). `currentTime` is a GeneralizedTime: `20240627091500Z`. Fault `list-length-mismatch`. */
export const InformationReportRequest = choice("apdu", {
  "information-report-request": [
    ApduTag["information-report-request"],
    paired(sequence({ currentTime: optional(GeneralizedTime), variables, data: list(Data) }), "variables", "data"),
  ],
});
export type InformationReportRequest = Of<typeof InformationReportRequest>;
