import { bool, i8, LogicalName, u8, u16, u32 } from "@dlmskit/core";
import { ActionResult, type ActionResultName, DataAccessResult, type DataAccessResultName } from "../enumerations.ts";
import { Invoke, LongInvoke } from "../invoke.ts";
import { data } from "./data-form.ts";
import { field, hex, item, keyedItem, many, name, octets, one, type Part, record, several } from "./form.ts";

// Names of other translators for results that the standard names differently.
const others: Readonly<Record<string, DataAccessResultName & ActionResultName>> = {
  AccessViolated: "scope-of-access-violated",
  InconsistentClass: "object-class-inconsistent",
  UnavailableObject: "object-unavailable",
  UndefinedObject: "object-undefined",
  UnmatchedType: "type-unmatched",
};
export const dataAccessResult = name(DataAccessResult, {
  ...others,
  LongGetOrReadAborted: "long-get-aborted",
  LongSetOrWriteAborted: "long-set-aborted",
  NoLongGetOrReadInProgress: "no-long-get-in-progress",
  NoLongSetOrWriteInProgress: "no-long-set-in-progress",
});
export const actionResult = name(ActionResult, others);

export const invoke: Part = several("InvokeIdAndPriority", hex(Invoke, 1));
export const longInvoke: Part = several("LongInvokeIdAndPriority", hex(LongInvoke, 4));

export const attributeForm = record(
  field("classId", "ClassId", hex(u16, 2)),
  field("instanceId", "InstanceId", hex(LogicalName)),
  field("attributeId", "AttributeId", hex(i8, 1)),
);
export const attribute: Part = field("attribute", "AttributeDescriptor", attributeForm);
const methodForm = record(
  field("classId", "ClassId", hex(u16, 2)),
  field("instanceId", "InstanceId", hex(LogicalName)),
  field("methodId", "MethodId", hex(i8, 1)),
);
export const method: Part = field("method", "MethodDescriptor", methodForm);
const selection = record(
  field("selector", "AccessSelector", hex(u8, 1)),
  field("parameters", "AccessParameters", data),
);
export const access = (optional: boolean): Part => field("access", "AccessSelection", selection, optional);
export const attributes: Part = field(
  "attributes",
  "AttributeDescriptorList",
  many(item("AttributeDescriptorWithSelection", record(attribute, access(true)))),
);
export const methods: Part = field("methods", "MethodDescriptorList", many(item("MethodDescriptor", methodForm)));

/** Get-Data-Result: the data, or the error. */
export const getDataResult = keyedItem({
  data: ["Data", data],
  dataAccessResult: ["DataAccessError", dataAccessResult],
});

export const lastBlock: Part = field("lastBlock", "LastBlock", hex(bool, 1));
export const blockNumber: Part = field("blockNumber", "BlockNumber", hex(u32, 4));
const rawData: Part = field("rawData", "RawData", octets);
export const blockSA = record(lastBlock, blockNumber, rawData);
export const blockSN = record(lastBlock, field("blockNumber", "BlockNumber", hex(u16, 2)), rawData);
export const blockG = record(
  lastBlock,
  blockNumber,
  field(
    "result",
    "Result",
    one(keyedItem({ rawData: ["RawData", octets], dataAccessResult: ["DataAccessError", dataAccessResult] })),
  ),
);
