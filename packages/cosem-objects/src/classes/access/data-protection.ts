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
  objectMethod: T.structure({ classId: T.longUnsigned, instanceId: T.logicalName, methodId: T.integer }),
  protectionParameters: T.array(ProtectionParameters),
  protectedMethodInvocationParameters: T.octetString,
});

const ProtectedAttributes = T.structure({
  protectionParameters: T.array(ProtectionParameters),
  protectedAttributes: T.octetString,
});
const ProtectedMethodResult = T.structure({
  protectionParameters: T.array(ProtectionParameters),
  protectedMethodReturnParameters: T.octetString,
});
/** The last invocation counter of a sender; for a key that came with the data, that it was received. */
const Replay = T.structure({ sender: T.octetString, last: T.doubleLongUnsigned });

/** COSEM data protection (class 30, version 0; Blue Book 4.4.9): attributes and methods with a separate protection. */
export const DataProtection = interfaceClass({
  classId: 30,
  version: 0,
  name: "COSEM data protection",
  attributes: {
    protectionBuffer: { id: 2, type: T.octetString, static: false, access: "rw" },
    protectionObjectList: { id: 3, type: T.array(RestrictedObject), static: true },
    protectionParametersGet: { id: 4, type: T.array(ProtectionParameters), access: "rw" },
    protectionParametersSet: { id: 5, type: T.array(ProtectionParameters), access: "rw" },
    requiredProtection: { id: 6, type: T.enum, static: true, bits: ProtectionBit },
    state: { id: 0, type: T.array(Replay), optional: true },
  },
  methods: {
    getProtectedAttributes: { id: 1, argument: GetProtectedAttributes, result: ProtectedAttributes },
    setProtectedAttributes: { id: 2, argument: SetProtectedAttributes },
    invokeProtectedMethod: { id: 3, argument: InvokeProtectedMethod, result: ProtectedMethodResult },
  },
});
