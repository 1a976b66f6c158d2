export { connect, type Line } from "./connect.ts";
export { DurableCounters, type DurableCountersOptions } from "./counters.ts";
export type { DiscoveredAttribute, DiscoveredMethod, DiscoveredObject, Discovery } from "./discover.ts";
export { readInvocationCounter } from "./invocation-counter.ts";
export { type ConnectOptions, clientConformance } from "./options.ts";
export type { Moment, Profile, ProfileColumn, ProfileSelection } from "./profile.ts";
export type { CellValue, ProfileCell, ProfileRow } from "./profile-rows.ts";
export { Session } from "./session.ts";
