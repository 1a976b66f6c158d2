import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const ScriptService = { writeAttribute: 1, executeSpecificMethod: 2 } as const;

const ActionSpecification = T.structure({
  serviceId: T.enumOf(ScriptService),
  classId: T.longUnsigned,
  instanceId: T.logicalName,
  index: T.integer,
  parameter: T.any,
});
const Script = T.structure({ scriptIdentifier: T.longUnsigned, actions: T.array(ActionSpecification) });

/** Script table (class 9, version 0; Blue Book 4.5.2): lists of actions, run by their number. */
export const ScriptTable = interfaceClass({
  classId: 9,
  version: 0,
  name: "Script table",
  attributes: {
    scripts: { id: 2, type: T.array(Script), static: true },
  },
  methods: {
    execute: { id: 1, argument: T.longUnsigned, mandatory: true },
  },
  methodOffset: 0x20,
});
