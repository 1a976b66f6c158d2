import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ProtectionBit, ProtectionParameters } from "./protection-parameters.ts";
import { RestrictedObject } from "./restriction.ts";

const GetProtectedAttributes = T.structure({
  objectList: T.array(RestrictedObject),
  protectionParameters: T.array(ProtectionParameters),
});
const SetProtectedAttributes = T.structure({
  objectList: T.array(RestrictedObject),
  protectionParameters: T.array(ProtectionParameters),
  protectedAttributes: T.octetString,
});
const InvokeProtectedMethod = T.structure({
  objectMethod: T.anyOf("structure"),
  protectionParameters: T.array(ProtectionParameters),
  protectedMethodInvocationParameters: T.octetString,
});

/** COSEM data protection (class 30, version 0; Blue Book 4.4.9): attributes and methods under a protection of their own. */
export const DataProtection = interfaceClass({
  classId: 30,
  version: 0,
  name: "COSEM data protection",
  attributes: {
    protectionBuffer: { id: 2, type: T.octetString, static: false },
    protectionObjectList: { id: 3, type: T.array(RestrictedObject), static: true },
    protectionParametersGet: { id: 4, type: T.array(ProtectionParameters) },
    protectionParametersSet: { id: 5, type: T.array(ProtectionParameters) },
    requiredProtection: { id: 6, type: T.enum, static: true, bits: ProtectionBit },
  },
  methods: {
    getProtectedAttributes: { id: 1, argument: GetProtectedAttributes },
    setProtectedAttributes: { id: 2, argument: SetProtectedAttributes },
    invokeProtectedMethod: { id: 3, argument: InvokeProtectedMethod },
  },
});
