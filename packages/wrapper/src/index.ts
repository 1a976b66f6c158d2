export { WrapperClientLink, type WrapperClientOptions, type WrapperQuirk } from "./client-link.ts";
export { WrapperDatagramLink, type WrapperDatagramOptions } from "./datagram-link.ts";
export { type End, type ReservedWPort, reservedWPort, usableWPorts } from "./ports.ts";
export { WrapperServerLink, type WrapperServerOptions } from "./server-link.ts";
export { type StreamBreak, WpduSplitter } from "./splitter.ts";
export type { WrapperStreamOptions } from "./stream.ts";
export { decodeWpdu, encodeWpdu, headerOctets, Wpdu } from "./wpdu.ts";
