import { data, dataList, dateTime } from "./data-form.ts";
import { type AnyForm, choiceItem, field, item, many, one, type Part, record, within } from "./form.ts";
import {
  access,
  actionResult,
  attribute,
  attributeForm,
  attributes,
  blockG,
  blockNumber,
  blockSA,
  dataAccessResult,
  getDataResult,
  invoke,
  longInvoke,
  method,
  methods,
} from "./parts-form.ts";

const result: Part = field("result", "Result", dataAccessResult);
const results: Part = field("results", "Result", many(item("DataAccessResult", dataAccessResult)));
const block: Part = field("block", "DataBlock", blockSA);
const pblock: Part = field("block", "PBlock", blockSA);
const outcome: readonly Part[] = [
  field("result", "Result", actionResult),
  field("returnParameters", "ReturnParameters", one(getDataResult), true),
];

const specification = choiceItem("service", {
  get: ["AccessRequestGet", record(attribute)],
  set: ["AccessRequestSet", record(attribute)],
  action: ["AccessRequestAction", record(method)],
  "get-with-selection": ["AccessRequestGetWithSelection", record(attribute, access(false))],
  "set-with-selection": ["AccessRequestSetWithSelection", record(attribute, access(false))],
});
const specifications = (optional: boolean): Part =>
  field("specifications", "AccessRequestSpecification", many(specification), optional);
const accessOutcome = choiceItem("service", {
  get: ["AccessResponseGet", record(result)],
  set: ["AccessResponseSet", record(result)],
  action: ["AccessResponseAction", record(field("result", "Result", actionResult))],
});

/** GET, SET and ACTION in all forms, by name: the element inside the element of the family. */
export const formsByFamily: Readonly<Record<string, Readonly<Record<string, readonly [element: string, AnyForm]>>>> = {
  GetRequest: {
    "get-request-normal": ["GetRequestNormal", record(invoke, attribute, access(true))],
    "get-request-next": ["GetRequestForNextDataBlock", record(invoke, blockNumber)],
    "get-request-with-list": ["GetRequestWithList", record(invoke, attributes)],
  },
  GetResponse: {
    "get-response-normal": ["GetResponseNormal", record(invoke, field("result", "Result", one(getDataResult)))],
    "get-response-with-datablock": ["GetResponseWithDataBlock", record(invoke, field("block", "Result", blockG))],
    "get-response-with-list": ["GetResponseWithList", record(invoke, field("results", "Result", many(getDataResult)))],
  },
  SetRequest: {
    "set-request-normal": ["SetRequestNormal", record(invoke, attribute, access(true), field("value", "Value", data))],
    "set-request-with-first-datablock": ["SetRequestFirstDataBlock", record(invoke, attribute, access(true), block)],
    "set-request-with-datablock": ["SetRequestWithDataBlock", record(invoke, block)],
    "set-request-with-list": ["SetRequestWithList", record(invoke, attributes, field("values", "ValueList", dataList))],
    "set-request-with-list-and-first-datablock": [
      "SetRequestWithListAndFirstDataBlock",
      record(invoke, attributes, block),
    ],
  },
  SetResponse: {
    "set-response-normal": ["SetResponseNormal", record(invoke, result)],
    "set-response-datablock": ["SetResponseDataBlock", record(invoke, blockNumber)],
    "set-response-last-datablock": ["SetResponseWithLastDataBlock", record(invoke, result, blockNumber)],
    "set-response-last-datablock-with-list": [
      "SetResponseWithLastDataBlockAndList",
      record(invoke, results, blockNumber),
    ],
    "set-response-with-list": ["SetResponseWithList", record(invoke, results)],
  },
  ActionRequest: {
    "action-request-normal": [
      "ActionRequestNormal",
      record(invoke, method, field("parameters", "MethodInvocationParameters", data, true)),
    ],
    "action-request-next-pblock": ["ActionRequestForNextPBlock", record(invoke, blockNumber)],
    "action-request-with-list": [
      "ActionRequestWithList",
      record(invoke, methods, field("parameters", "MethodInvocationParametersList", dataList)),
    ],
    "action-request-with-first-pblock": ["ActionRequestWithFirstPBlock", record(invoke, method, pblock)],
    "action-request-with-list-and-first-pblock": [
      "ActionRequestWithListAndFirstPBlock",
      record(invoke, methods, pblock),
    ],
    "action-request-with-pblock": ["ActionRequestWithPBlock", record(invoke, pblock)],
  },
  ActionResponse: {
    "action-response-normal": ["ActionResponseNormal", record(invoke, ...outcome)],
    "action-response-with-pblock": ["ActionResponseWithPBlock", record(invoke, pblock)],
    "action-response-with-list": [
      "ActionResponseWithList",
      record(
        invoke,
        field("results", "ListOfResponses", many(item("ActionResponseWithOptionalData", record(...outcome)))),
      ),
    ],
    "action-response-next-pblock": ["ActionResponseForNextPBlock", record(invoke, blockNumber)],
  },
};

const when: Part = field("dateTime", "DateTime", dateTime);

/** ACCESS and the notifications. */
export const otherForms: Readonly<Record<string, readonly [element: string, AnyForm]>> = {
  "access-request": [
    "AccessRequest",
    record(
      longInvoke,
      when,
      within("AccessRequestBody", specifications(false), field("data", "AccessRequestListOfData", dataList)),
    ),
  ],
  "access-response": [
    "AccessResponse",
    record(
      longInvoke,
      when,
      within(
        "AccessResponseBody",
        specifications(true),
        field("data", "AccessResponseListOfData", dataList),
        field("results", "AccessResponseSpecification", many(accessOutcome)),
      ),
    ),
  ],
  "data-notification": [
    "DataNotification",
    record(longInvoke, when, within("NotificationBody", field("body", "DataValue", data))),
  ],
  "data-notification-confirm": ["DataNotificationConfirm", record(longInvoke, when)],
  "event-notification-request": [
    "EventNotificationRequest",
    record(
      field("time", "Time", dateTime, true),
      field("attribute", "AttributeDescriptor", attributeForm),
      field("value", "AttributeValue", data),
    ),
  ],
};
