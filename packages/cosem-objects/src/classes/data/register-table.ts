import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { noUnit, ScalerUnit } from "../data/register.ts";

const TableCellDefinition = T.structure({
  classId: T.longUnsigned,
  instanceId: T.logicalName,
  groupEValues: T.array(T.unsigned),
  attributeId: T.integer,
});

/** Register table (class 61, version 0; Blue Book 4.3.8): values of registers that differ in value group E only, in one array. */
export const RegisterTable = interfaceClass({
  classId: 61,
  version: 0,
  name: "Register table",
  attributes: {
    tableCellValues: { id: 2, type: T.anyOf("array", "compact-array"), static: false },
    tableCellDefinition: { id: 3, type: TableCellDefinition, static: true },
    scalerUnit: { id: 4, type: ScalerUnit, static: true, default: noUnit },
  },
  methods: {
    reset: { id: 1, argument: T.integer },
    capture: { id: 2, argument: T.integer },
  },
  methodOffset: 0x28,
});
