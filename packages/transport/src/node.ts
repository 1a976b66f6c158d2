export { systemClock } from "./system-clock.ts";
export { type TcpConnectOptions, type TcpListenOptions, tcpConnect, tcpListen } from "./tcp.ts";
