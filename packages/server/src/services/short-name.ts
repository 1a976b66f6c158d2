import type { DataLike } from "@dlmskit/apdu";
import type { VariableReference } from "@dlmskit/association";
import type { ShortNamed } from "@dlmskit/cosem-objects";
import type { Device } from "../meter/device.ts";
import type { Resolved } from "./service.ts";

// Converts short names to calls, which are then handled like all other references.

const named = ({ shortNames }: Device, { variableName }: VariableReference): ShortNamed | undefined =>
  shortNames?.find(variableName);

/** Whether the short name is that of a method. */
export function isMethod(device: Device, variable: VariableReference): boolean {
  return named(device, variable)?.methodId !== undefined;
}

const target = ({ object, attributeId, methodId }: ShortNamed) => ({
  classId: object.spec.classId as number,
  instanceId: object.instance,
  index: (attributeId ?? methodId) as number,
  object,
});

/** The access selector of the parameter of a method. */
const parameterSelector = 0;
const isNull = ({ type }: DataLike): boolean => type === "null-data";
const withArgument = (argument: DataLike) => (isNull(argument) ? {} : { argument });

/** A Read: reads an attribute or invokes a method with its parameter. A method that is read without a parameter is denied. */
export function readOf(device: Device, variable: VariableReference): Resolved {
  const found = named(device, variable);
  if (found === undefined) return { refused: "object-undefined" };
  const { access } = variable;
  if (found.methodId === undefined) {
    return { do: "read", ...target(found), ...(access === undefined ? {} : { selection: access }) };
  }
  if (access === undefined) return { refused: "read-write-denied" };
  if (access.selector !== parameterSelector) return { refused: "other-reason" };
  return { do: "invoke", ...target(found), ...withArgument(access.parameters) };
}

/** A Write: writes a value to an attribute, or invokes a method with the value as its parameter. */
export function writeOf(device: Device, variable: VariableReference, value: DataLike): Resolved {
  const found = named(device, variable);
  if (found === undefined) return { refused: "object-undefined" };
  const { access } = variable;
  if (found.methodId === undefined) {
    return { do: "write", ...target(found), value, ...(access === undefined ? {} : { selection: access }) };
  }
  if (access !== undefined) return { refused: "other-reason" };
  return { do: "invoke", ...target(found), ...withArgument(value) };
}
