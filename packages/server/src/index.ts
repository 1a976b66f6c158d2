export type { Call, Interceptor, Outcome } from "./access/call.ts";
export { GrantedRights } from "./access/granted-rights.ts";
export { type Tap, type TapMessage, type TapPlace, type TapRule, type TapVerdict, tapOf } from "./access/taps.ts";
export type { ServerEvent } from "./events.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export type { Access, Association, AssociationSpec } from "./meter/association-spec.ts";
export type { Device, DeviceSpec } from "./meter/device.ts";
export { timeContexts } from "./meter/device-time.ts";
export type { Environment, HeldPolicy } from "./meter/environment.ts";
export { Meter } from "./meter/meter.ts";
export type { KnownMeter, MeterIdentity } from "./meter/meter-identity.ts";
export { type MeterTemplate, meterTemplate, type TemplateOptions } from "./meter/meter-template.ts";
export type { Notifier, NotifyOptions } from "./meter/notifier.ts";
export { type MeterOptions, meter } from "./meter/own-meter.ts";
export { servedConformance, servedShortNameConformance } from "./meter/served-conformance.ts";
export type { Task } from "./meter/timeline-port.ts";
export type { Metrics, ServedRequest } from "./metrics.ts";
export { platformRandom } from "./platform-random.ts";
export type { AlterPush, OutgoingPush, PushAlteration } from "./push/push-alteration.ts";
export { type PushOptions, type PushTransport, usualLongestSending } from "./push/push-options.ts";
export { pushTcp, pushTls, pushUdp } from "./push/push-transports.ts";
export type { Timed } from "./runtime/agenda.ts";
export { SimulatedTime, type SimulatedTimeOptions, type TimeListener } from "./runtime/simulated-time.ts";
export { AssociationState, type NewKeys, type StateOwner } from "./security/association-state.ts";
export { Credentials, type CredentialsOwner, type HeldCertificate, type KeyUsage } from "./security/credentials.ts";
export { dataProtector } from "./security/data-protector.ts";
export { CounterBook, KeyCounters } from "./security/key-counters.ts";
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
} from "./security/security-spec.ts";
export {
  dialRelay,
  type LinkFactory,
  type Listening,
  type ListenLimits,
  type ListenSpec,
  type RelaySpec,
  relay,
  type ServeOptions,
  serve,
  type TcpOptions,
  tcp,
  udp,
} from "./serve.ts";
export { Server, type ServerOptions } from "./server.ts";
export { CallIn, type CallInOptions, serveCalled } from "./session/call-in.ts";
export { type Behind, type GatewayOptions, gateway } from "./session/gateway.ts";
export type { OpenSession } from "./session/open-session.ts";
export { type GatewayRoute, type Route, routeOnLine, routeTo } from "./session/route.ts";
export { SharedLine } from "./session/shared-line.ts";
export type { Upstream } from "./session/upstream.ts";
export type { MeterStore } from "./store-port.ts";
