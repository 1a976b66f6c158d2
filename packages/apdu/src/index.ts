export * from "./access.ts";
export { Aare, Aarq, applicationContextArc, mechanismArc, type ResultSourceDiagnostic, Rlre, Rlrq } from "./acse.ts";
export type { AuthenticationValue } from "./acse-field.ts";
export { ActionRequest, ActionResponse, ActionResponseItem } from "./action.ts";
export * from "./apdu.ts";
export * from "./block-transfer.ts";
export * from "./ciphering.ts";
export { TypeDescription } from "./compact-array.ts";
export { Data, decodeData, encodeData, treeOf } from "./data.ts";
export {
  // The name for the type Data in the declarations of other packages.
  type Data as DataTree,
  type DataLike,
  DataTag,
  type DataTypeName,
  dontCare,
  type IntegerTypeName,
  nullData,
  type SimpleTypeName,
  type StreamedData,
  type StreamPart,
} from "./data-type.ts";
export { EncodedData, skipData } from "./encoded-data.ts";
export * from "./enumerations.ts";
export * from "./errors.ts";
export * from "./explain.ts";
export {
  gatewayAddress,
  gatewayKey,
  gatewayPrefix,
  gatewayText,
  hasGatewayPrefix,
  type ThroughGateway,
  withGatewayPrefix,
  withoutGatewayPrefix,
} from "./gateway.ts";
export * from "./general.ts";
export { AttributeWithSelection, EncodedGetResponse, GetRequest, GetResponse, getResponseOf } from "./get.ts";
export * from "./initiate.ts";
export { Invoke, LongInvoke, type Priority, type ServiceClass } from "./invoke.ts";
export { type Keyed, keyed } from "./keyed.ts";
export type { ExplainNames } from "./meaning.ts";
export { type ApduQuirk, DataNotification, DataNotificationConfirm, EventNotificationRequest } from "./notification.ts";
export {
  AttributeDescriptor,
  DataBlockG,
  DataBlockSA,
  GetDataResult,
  MethodDescriptor,
  SelectiveAccess,
} from "./parts.ts";
export { SetRequest, SetResponse } from "./set.ts";
export * from "./short-name.ts";
export { streamedData } from "./streamed.ts";
export { streamedStructure } from "./streamed-structure.ts";
export * from "./tags.ts";
export * from "./typed.ts";
export { type DataShape, initialData, shapeOf } from "./typed-shape.ts";
export type { TypedCodec } from "./typed-simple.ts";
export { parseXml, printXml, type XmlNode, type XmlOptions } from "./xml/node.ts";
export * from "./xml/xml.ts";
