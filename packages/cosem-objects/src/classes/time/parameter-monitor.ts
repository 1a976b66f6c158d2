import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ValueDefinition } from "../common-types.ts";

const ChangedParameter = T.structure({
  classId: T.longUnsigned,
  instanceId: T.logicalName,
  attributeId: T.integer,
  attributeValue: T.any,
});

const attributes0 = {
  changedParameter: { id: 2, type: ChangedParameter, static: false },
  captureTime: { id: 3, type: T.dateTime, static: false },
  parameterList: { id: 4, type: T.array(ValueDefinition), static: true },
} as const;

const methods0 = {
  addParameter: { id: 1, argument: ValueDefinition },
  deleteParameter: { id: 2, argument: ValueDefinition },
} as const;

/** Parameter monitor (class 65, version 0; Blue Book 4.5.10): which of the listed attributes was changed last. */
export const ParameterMonitor0 = interfaceClass({
  classId: 65,
  version: 0,
  name: "Parameter monitor",
  attributes: attributes0,
  methods: methods0,
  traits: { actor: "monitor" },
});

const attributes1 = {
  ...attributes0,
  parameterListName: { id: 5, type: T.octetString, static: true },
  hashAlgorithmId: { id: 6, type: T.enum, static: true },
  parameterValueDigest: { id: 7, type: T.octetString, static: false },
  parameterValues: { id: 8, type: T.anyOf("structure"), static: false },
} as const;

/** Parameter monitor (class 65), version 1. */
export const ParameterMonitor1 = interfaceClass({
  classId: 65,
  version: 1,
  name: "Parameter monitor",
  attributes: attributes1,
  methods: methods0,
  traits: { actor: "monitor" },
});
