/**
 * How codecs are written out as programs, and what machines keep their outputs in. For the packages of dlmskit only: what
 * stands here may change in any version.
 *
 * @internal
 * @module
 */
export * from "./inline.ts";
export * from "./inline-parts.ts";
export * from "./inline-records.ts";
export * from "./output-queue.ts";
