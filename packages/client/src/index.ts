export {
  type AccessRequestOptions,
  type AccessResultOf,
  accessAction,
  accessGet,
  accessSet,
  type TypedItem,
} from "./access.ts";
export { connect, type Line } from "./connect.ts";
export { DurableCounters, type DurableCountersOptions } from "./counters.ts";
export type { DiscoveredAttribute, DiscoveredMethod, DiscoveredObject, Discovery } from "./discover.ts";
export { GatewayLine, type GatewayLineOptions } from "./gateway.ts";
export { readInvocationCounter } from "./invocation-counter.ts";
export { agreeKeys, type KeyAgreementOptions } from "./key-agreement.ts";
export type { KeyName, KeyRecord, KeyRecords, KeysInUse, PendingKeyRecords } from "./key-records.ts";
export {
  KeyRotation,
  type KeyRotationOptions,
  type KeyTarget,
  keyIdOf,
  type NotRotated,
  type Rotated,
} from "./key-rotation.ts";
export { type LikelyCause, likelyCauses } from "./likely-causes.ts";
export { type ListeningForPushes, type ListenOptions, listen } from "./listen/listen.ts";
export type { PushKeys } from "./listen/push-keys.ts";
export { type PushKind, PushListener, type PushListenerOptions, type ReceivedPush } from "./listen/push-listener.ts";
export { type ImageProgress, type LoadedImage, type LoadImageOptions, loadImage } from "./load-image.ts";
export { type ConnectOptions, clientConformance, clientShortNameConformance } from "./options.ts";
export type { Moment, Profile, ProfileSelection } from "./profile.ts";
export {
  type CellValue,
  type ProfileCell,
  type ProfileColumn,
  type ProfileRow,
  rowsOf as profileRows,
} from "./profile-rows.ts";
export { type ProtectedAttribute, ProtectedData } from "./protected-data.ts";
export { type ReadoutLink, type ReadoutOptions, readout } from "./readout.ts";
export type { ArgumentOf, MethodOf, RemoteObject, ResultOf } from "./remote-object.ts";
export { Session } from "./session.ts";
export type { ShortNamedObject } from "./short-names.ts";
export type { AttributeOf, AttributeValueOf, Scaled } from "./typed-read.ts";
