import { type DataLike, dataOf, type EncodedData, fromData, T } from "@dlmskit/apdu";
import { attributeName, type MethodSpec, methodName } from "./interface-class.ts";
import { findClass } from "./interface-classes.ts";

/**
 * An object of a class as a client sees it: attribute names, and conversion of values from and to Data. The values of an unknown class are
 * Data trees.
 */
export interface ObjectView {
  readonly classId: number;
  /** The class's name in the Blue Book; undefined for a class that is not known. */
  readonly name: string | undefined;
  attributeName(attributeId: number): string | undefined;
  /** The id of an attribute by its name ("logicalName" has id 1). */
  attributeId(name: string): number | undefined;
  methodName(methodId: number): string | undefined;
  method(methodId: number): MethodSpec | undefined;
  /** The value of an attribute in the type of the class. Faults `type-unmatched` and those of Data if the data is not of that type. */
  valueOf(attributeId: number, data: DataLike): unknown;
  /** The Data of a value, ready for a SET. */
  dataOf(attributeId: number, value: unknown): EncodedData;
}

/** Makes a view of the objects of a class. `spec`: a class of the user's own. */
export function objectView(classId: number, version?: number, spec = findClass(classId, version)): ObjectView {
  const typeOf = (attributeId: number) => {
    if (attributeId === 1) return T.logicalName;
    const name = spec && attributeName(spec, attributeId);
    return (name === undefined ? undefined : spec?.attributes[name]?.type) ?? T.any;
  };
  const nameOf = (attributeId: number): string | undefined =>
    attributeId === 1 ? "logicalName" : spec && attributeName(spec, attributeId);
  const method = (methodId: number): string | undefined => spec && methodName(spec, methodId);
  return {
    classId,
    name: spec?.name,
    attributeName: nameOf,
    attributeId: (name) => (name === "logicalName" ? 1 : spec?.attributes[name]?.id),
    methodName: method,
    method(methodId) {
      const name = method(methodId);
      return name === undefined ? undefined : spec?.methods[name];
    },
    valueOf: (attributeId, data) => fromData(typeOf(attributeId), data),
    dataOf: (attributeId, value) => dataOf(typeOf(attributeId), value as never),
  };
}
