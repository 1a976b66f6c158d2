import { shapeOf } from "@dlmskit/apdu";
import { encode, Fault } from "@dlmskit/core";
import { type AnyObject, attributeIds, attributeName, type ClassSpec } from "@dlmskit/cosem-objects";

/**
 * Checks that each value of an object can be sent as its attribute. Values that a read hook gives in their place are not checked. Fault
 * `bad-template` with the object, the attribute and the expected type.
 */
export function checkInitialValues(object: AnyObject): void {
  const spec = object.spec as ClassSpec;
  const read = (object.hooks.read ?? {}) as Readonly<Record<string, unknown>>;
  for (const id of attributeIds(spec)) {
    const name = attributeName(spec, id);
    const type = name === undefined ? undefined : spec.attributes[name]?.type;
    if (name === undefined || type === undefined || read[name] !== undefined) continue;
    const value = (object.values as Readonly<Record<string, unknown>>)[name];
    // An optional attribute that the object does not have.
    if (value === undefined) continue;
    try {
      encode(type, value);
    } catch (cause) {
      throw wrong(object, name, shapeOf(type)?.type, cause);
    }
  }
}

function wrong({ spec, instance }: AnyObject, name: string, type: string | undefined, cause: unknown): Fault {
  const expected = type === undefined || type === "any" || type === "choice" ? "a Data" : type;
  const place = cause instanceof Fault && cause.path.length > 0 ? ` (at ${cause.path.join(".")})` : "";
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault(
    "bad-template",
    `${instance}: ${name} of ${spec.name} is not of its type ${expected}${place}: ${why}`,
    {
      layer: "server",
      hint: "give a value of that type when you make the object; the reference documentation of the class has its types",
      cause,
    },
  );
}
