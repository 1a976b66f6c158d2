import { T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";

/** An object, by class and logical name. */
export const ObjectDefinition = T.structure({ classId: T.longUnsigned, instanceId: T.logicalName });
export type ObjectDefinition = Of<typeof ObjectDefinition>;

/** A script of a Script table. Logical name 0.0.0.0.0.0 or selector 0: nothing is run. */
export const ActionItem = T.structure({ scriptLogicalName: T.logicalName, scriptSelector: T.longUnsigned });
export type ActionItem = Of<typeof ActionItem>;
