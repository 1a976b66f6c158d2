export { MbusClientLink, type MbusClientOptions } from "./client-link.ts";
export { decodeFrame, encodeFrame, longestUserData, MbusFrame } from "./frame.ts";
export { MbusPushLink, type MbusPushLinkOptions } from "./push-link.ts";
export { framesOf, type MbusJoined, MbusJoiner, type MbusPush, type MbusSegment, segmentOf } from "./segment.ts";
export { MbusServerLink, type MbusServerOptions } from "./server-link.ts";
export { type MbusSplit, MbusSplitter } from "./splitter.ts";
export { WirelessFrame, withoutCrcs } from "./wireless.ts";
