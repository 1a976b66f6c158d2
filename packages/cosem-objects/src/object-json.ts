import { asObject, asText, badJson, type Json, type LogicalName } from "@dlmskit/core";
import type { ClassSpec } from "./interface-class.ts";
import { findClass } from "./interface-classes.ts";
import { type AnyObject, object } from "./object.ts";
import { unknownClass } from "./unknown-class.ts";

/** An object in JSON: attributes by name, each in the JSON form of its type (octets in hex, 64-bit integers as text). */
export interface ObjectJson {
  readonly classId: number;
  readonly version: number;
  readonly logicalName: LogicalName;
  readonly attributes: { readonly [name: string]: Json };
}

/**
 * The stored values of an object, in JSON; values that only a read hook returns are not included. `values`: those of a meter, instead of
 * the object's own. Throws the Faults of the attribute types for a value that is not of its type.
 */
export function objectToJson(from: AnyObject, values: Readonly<Record<string, unknown>> = from.values): ObjectJson {
  const { classId, version, attributes } = from.spec as ClassSpec;
  const kept = Object.entries(attributes).filter(([name]) => values[name] !== undefined);
  return {
    classId,
    version,
    logicalName: from.instance,
    attributes: Object.fromEntries(kept.map(([name, { type }]) => [name, type.toJson(values[name])])),
  };
}

const numberOf = (json: Json | undefined): number => {
  if (typeof json !== "number") throw badJson("a number", json);
  return json;
};

const idOf = (name: string): number => {
  const [, id] = /^attribute(\d+)$/.exec(name) ?? [];
  if (id === undefined) throw badJson("attribute2, attribute3, … in an object of a class that is not known", name);
  return Number(id);
};

/**
 * Makes an object from JSON. Its class is the one of `classes` with that id and version, or else that of the Blue Book, or else
 * `unknownClass`, whose attributes are `attribute2`, … with Data values. JSON contains no hooks: `{ ...objectFromJson(json), hooks }`.
 * Faults `bad-json`, `bad-logical-name`, and those of the attribute types.
 */
export function objectFromJson(json: Json, classes: readonly ClassSpec[] = []): AnyObject {
  const given = asObject(json);
  const classId = numberOf(given.classId);
  const version = numberOf(given.version);
  const attributes = asObject(given.attributes as Json);
  const spec =
    classes.find((one) => one.classId === classId && one.version === version) ??
    findClass(classId, version) ??
    unknownClass({ classId, version, attributes: Object.keys(attributes).map(idOf) });
  const values = Object.entries(attributes).map(([name, value]) => {
    const attribute = spec.attributes[name];
    if (attribute === undefined) throw badJson(`an attribute of ${spec.name}`, name);
    return [name, attribute.type.fromJson(value)];
  });
  return object(spec, asText(given.logicalName as Json), Object.fromEntries(values));
}
