export {
  type Access,
  type Association,
  type AssociationSpec,
  servedConformance,
} from "./association-spec.ts";
export { AssociationState, type NewKeys, type StateOwner } from "./association-state.ts";
export { Credentials, type CredentialsOwner, type HeldCertificate, type KeyUsage } from "./credentials.ts";
export type { ServerEvent } from "./events.ts";
export type { Call, Interceptor, Outcome } from "./interceptor.ts";
export { CounterBook, KeyCounters } from "./key-counters.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export { Meter, type MeterIdentity, type MeterOptions, meter } from "./meter.ts";
export {
  type Device,
  type DeviceSpec,
  type MeterTemplate,
  meterTemplate,
  type TemplateOptions,
} from "./meter-template.ts";
export { platformRandom } from "./platform-random.ts";
export {
  hls,
  hls5,
  hls7,
  lls,
  none,
  type Password,
  type Secrets,
  type SecurityOptions,
  type SecuritySpec,
} from "./security-spec.ts";
export {
  type LinkFactory,
  type Listening,
  type ListenSpec,
  type ServeOptions,
  serve,
  type TcpOptions,
  tcp,
} from "./serve.ts";
export { type Route, routeTo, Server, type ServerOptions } from "./server.ts";
export type { MeterStore } from "./store-port.ts";
