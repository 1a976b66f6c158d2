import { fromData, initialData, shapeOf } from "@dlmskit/apdu";
import { Fault, type LogicalName, logicalName } from "@dlmskit/core";
import type { AttributeSpec, ClassSpec, Values } from "./interface-class.ts";
import { type AnyObject, type CosemObject, type Hooks, object } from "./object.ts";

/**
 * Makes an object of a class with every attribute, including the optional ones. Each value comes from `values`, or else from `default` of
 * the class, or else it is the simplest value of the type (`initialData`). Faults `bad-logical-name`; `no-default` for an attribute whose
 * type has no simplest value.
 */
export function defaultObject<const S extends ClassSpec>(
  spec: S,
  instance: LogicalName,
  values: NoInfer<Partial<Values<S>>> = {},
  hooks: NoInfer<Hooks<S>> = {},
): CosemObject<S> {
  const given = values as Readonly<Record<string, unknown>>;
  const all = Object.entries(spec.attributes).flatMap(([name, attribute]) => {
    // An internal attribute (id 0) has no value until the object stores one.
    if (attribute.id === 0 && given[name] === undefined) return [];
    return [[name, given[name] ?? initialValue(spec, name, attribute)]];
  });
  return object(spec, instance, Object.fromEntries(all), hooks);
}

function initialValue(spec: ClassSpec, name: string, attribute: AttributeSpec): unknown {
  if (attribute.default !== undefined) return attribute.default;
  const { type } = attribute;
  try {
    return fromData(type, initialData(shapeOf(type)));
  } catch (cause) {
    throw new Fault("no-default", `${spec.name}: ${name} has no default`, {
      layer: "cosem",
      hint: "declare a `default` in the class, or give a value here",
      cause,
    });
  }
}

/** The same object under another logical name: class, values and hooks. Fault `bad-logical-name`. */
export function cloneObject<O extends AnyObject>(from: O, instance: LogicalName): O {
  return { ...from, instance: logicalName(instance), values: { ...from.values } };
}
