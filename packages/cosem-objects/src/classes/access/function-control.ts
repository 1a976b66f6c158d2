import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ObjectDefinition } from "../common-types.ts";

const FunctionStatus = T.structure({ functionName: T.octetString, functionStatus: T.boolean });
const FunctionDefinition = T.structure({
  functionName: T.octetString,
  functionSpecifications: T.array(ObjectDefinition),
});

/** Function control (class 122, version 0; Blue Book 4.4.10): functions of the meter, enabled and disabled by name. */
export const FunctionControl = interfaceClass({
  classId: 122,
  version: 0,
  name: "Function control",
  attributes: {
    activationStatus: { id: 2, type: T.array(FunctionStatus), static: false },
    functionList: { id: 3, type: T.array(FunctionDefinition), static: true },
  },
  methods: {
    setFunctionStatus: { id: 1, argument: T.array(FunctionStatus) },
    addFunction: { id: 2, argument: FunctionDefinition },
    removeFunction: { id: 3, argument: FunctionDefinition },
  },
});
