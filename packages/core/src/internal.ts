/**
 * How codecs are compiled to programs, and the output queue of state machines. For the packages of dlmskit only: these exports may
 * change in any version.
 *
 * @internal
 * @module
 */
export * from "./inline.ts";
export * from "./inline-parts.ts";
export * from "./inline-records.ts";
export * from "./output-queue.ts";
