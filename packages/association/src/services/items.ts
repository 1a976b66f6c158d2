import type { DataLike } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";

/** Selects a part of an attribute: the access selector and its parameters (Blue Book, the class of the object). */
export interface SelectiveAccess {
  readonly selector: number;
  readonly parameters: DataLike;
}

/** One attribute of one object. Attribute 0 means all attributes. */
export interface AttributeReference {
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly attributeId: number;
  readonly access?: SelectiveAccess;
}

/** One method of one object. */
export interface MethodReference {
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly methodId: number;
}

/**
 * An attribute or a method by its short name (base_name + offset). `access`: the part of an attribute, or the parameter of a method
 * with the selector 0.
 */
export interface VariableReference {
  readonly variableName: number;
  readonly access?: SelectiveAccess;
}

/** The value to write to a short name: the value of an attribute, or the parameter of a method. */
export interface VariableValue {
  readonly variable: VariableReference;
  readonly value: DataLike;
}
