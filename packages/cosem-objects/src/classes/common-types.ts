import { T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";

/** A value of any simple type: what a register, a threshold or a status can be. */
export const SimpleData = T.anyOf(
  ...(["null-data", "boolean", "bit-string", "double-long", "double-long-unsigned", "octet-string"] as const),
  ...(["visible-string", "utf8-string", "bcd", "integer", "long", "unsigned", "long-unsigned", "long64"] as const),
  ...(["long64-unsigned", "enum", "float32", "float64", "date-time", "date", "time"] as const),
);

/** An object, by class and logical name. */
export const ObjectDefinition = T.structure({ classId: T.longUnsigned, instanceId: T.logicalName });
export type ObjectDefinition = Of<typeof ObjectDefinition>;

/** An attribute of an object, or a method of it. */
export const ValueDefinition = T.structure({
  classId: T.longUnsigned,
  instanceId: T.logicalName,
  attributeId: T.integer,
});
export type ValueDefinition = Of<typeof ValueDefinition>;

/** A script of a Script table. Logical name 0.0.0.0.0.0 or selector 0: nothing is run. */
export const ActionItem = T.structure({ scriptLogicalName: T.logicalName, scriptSelector: T.longUnsigned });
export type ActionItem = Of<typeof ActionItem>;

/** A time in which something is allowed: from its start, included, to its end, not included. */
export const TimeWindow = T.structure({ startTime: T.dateTimeOctets, endTime: T.dateTimeOctets });
export type TimeWindow = Of<typeof TimeWindow>;

/** The attribute that changed last, and when. */
export const CapturedAttribute = T.structure({ attributeId: T.unsigned, timeStamp: T.dateTime });
export type CapturedAttribute = Of<typeof CapturedAttribute>;
