export {
  type HttpAnswer,
  type HttpRequest,
  type HttpServeOptions,
  type HttpStream,
  httpServe,
} from "./node/http-serve.ts";
export { type HttpTextOptions, httpTextListen } from "./node/http-text.ts";
export { connectableHost } from "./node/own-address.ts";
export { systemClock } from "./node/system-clock.ts";
export { type TcpConnectOptions, type TcpListenOptions, tcpConnect, tcpListen } from "./node/tcp.ts";
export {
  type TlsConnectOptions,
  type TlsDuplex,
  type TlsIdentity,
  type TlsListenOptions,
  type TlsPeer,
  tlsConnect,
  tlsListen,
} from "./node/tls.ts";
export { type UdpListenOptions, udpBind, udpConnect, udpListen } from "./node/udp.ts";
