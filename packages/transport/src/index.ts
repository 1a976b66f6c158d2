export * from "./clock.ts";
export * from "./duplex.ts";
export * from "./link-pump.ts";
export * from "./virtual-clock.ts";
