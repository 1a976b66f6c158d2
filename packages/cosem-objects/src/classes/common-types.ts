import { T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";

/** A value of any simple type, as in a register, a threshold or a status. */
export const SimpleData = T.anyOf(
  ...(["null-data", "boolean", "bit-string", "double-long", "double-long-unsigned", "octet-string"] as const),
  ...(["visible-string", "utf8-string", "bcd", "integer", "long", "unsigned", "long-unsigned", "long64"] as const),
  ...(["long64-unsigned", "enum", "float32", "float64", "date-time", "date", "time"] as const),
);

/** An object, identified by class and logical name. */
export const ObjectDefinition = T.structure({ classId: T.longUnsigned, instanceId: T.logicalName });
export type ObjectDefinition = Of<typeof ObjectDefinition>;

/** An attribute or a method of an object. */
export const ValueDefinition = T.structure({
  classId: T.longUnsigned,
  instanceId: T.logicalName,
  attributeId: T.integer,
});
export type ValueDefinition = Of<typeof ValueDefinition>;

/** A script of a Script table. Logical name 0.0.0.0.0.0 or selector 0: no script is run. */
export const ActionItem = T.structure({ scriptLogicalName: T.logicalName, scriptSelector: T.longUnsigned });
export type ActionItem = Of<typeof ActionItem>;

/** A time window in which something is allowed: its start belongs to it, its end does not. */
export const TimeWindow = T.structure({ startTime: T.dateTimeOctets, endTime: T.dateTimeOctets });
export type TimeWindow = Of<typeof TimeWindow>;

/** The attribute that was changed last, and the time of the change. */
export const CapturedAttribute = T.structure({ attributeId: T.unsigned, timeStamp: T.dateTime });
export type CapturedAttribute = Of<typeof CapturedAttribute>;
