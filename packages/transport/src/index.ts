export * from "./clock.ts";
export { type Datagrams, type Remote, Remotes, type RemotesOptions } from "./datagrams.ts";
export * from "./duplex.ts";
export { withFaults } from "./faulty-duplex.ts";
export { type LineFaults, seededRandom } from "./line-faults.ts";
export * from "./link-pump.ts";
export * from "./memory-pair.ts";
export { type Timers, TimerTable } from "./timer-table.ts";
export * from "./virtual-clock.ts";
