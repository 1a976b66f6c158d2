import { T } from "@dlmskit/apdu";
import { type AttributeSpec, type ClassSpec, interfaceClass, type MethodSpec } from "./interface-class.ts";

/** Attributes and methods as an object list shows them. */
export interface ListedMembers {
  readonly classId: number;
  readonly version: number;
  /** Attribute ids, without 1. */
  readonly attributes: readonly number[];
  readonly methods?: readonly number[];
}

/**
 * Makes a class from what an object list says about it: its attributes are `attribute2`, …, its methods `method1`, …, and its values are
 * kept as the Data that they are on the wire.
 */
export function unknownClass({ classId, version, attributes, methods = [] }: ListedMembers): ClassSpec {
  const attribute = (id: number): [string, AttributeSpec] => [`attribute${id}`, { id, type: T.any, access: "rw" }];
  const method = (id: number): [string, MethodSpec] => [`method${id}`, { id, argument: T.any, result: T.any }];
  return interfaceClass({
    classId,
    version,
    name: `class ${classId}`,
    attributes: Object.fromEntries(attributes.filter((id) => id !== 1).map(attribute)),
    methods: Object.fromEntries(methods.map(method)),
  });
}
