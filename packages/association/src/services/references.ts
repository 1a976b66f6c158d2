import type { AttributeWithSelection, DataLike } from "@dlmskit/apdu";
import type { AttributeReference } from "./items.ts";

/** Converts an attribute reference of the wire to that of the program. */
export function attributeReference({ attribute, access }: AttributeWithSelection): AttributeReference {
  return access === undefined ? attribute : { ...attribute, access };
}

/** Converts an attribute reference of the program to that of the wire. */
export function attributeWithSelection({ classId, instanceId, attributeId, access }: AttributeReference): {
  attribute: { classId: number; instanceId: string; attributeId: number };
  access?: { selector: number; parameters: DataLike };
} {
  const attribute = { classId, instanceId, attributeId };
  return access === undefined ? { attribute } : { attribute, access };
}
