import { type Data, type DataShape, fromData, initialData, shapeOf } from "@dlmskit/apdu";
import { dateTimeOf } from "@dlmskit/core";
import { type AnyObject, type ClassSpec, defaultObject } from "@dlmskit/cosem-objects";

const instant = dateTimeOf(Date.UTC(2026, 10, 28, 1, 35), -330, 0x80);

/** Data of a shape with something in it: one element in each array, every bit and octet set, the last of a choice. */
function sampleData(shape: DataShape | undefined): Data {
  if (shape === undefined) return { type: "unsigned", value: 1 };
  switch (shape.type) {
    case "any":
      return { type: "structure", value: [{ type: "bcd", value: 0x12 }] };
    case "array":
      return { type: "array", value: [sampleData(shape.item)] };
    case "structure":
      return { type: "structure", value: Object.values(shape.elements ?? {}).map(sampleData) };
    case "choice":
      return sampleData(shape.among.at(-1));
    case "octet-string": {
      const holdsTime = shape.holds === "date" || shape.holds === "time" || shape.holds === "date-time";
      return holdsTime ? initialData(shape) : { type: shape.type, value: new Uint8Array(shape.length ?? 3).fill(0xa5) };
    }
    case "bit-string":
      return { type: shape.type, value: "1".repeat(shape.length ?? 11) };
    case "boolean":
      return { type: shape.type, value: true };
    case "visible-string":
    case "utf8-string":
      return { type: shape.type, value: "kWh" };
    case "long64":
    case "long64-unsigned":
      return { type: shape.type, value: 2n ** 40n };
    case "float32":
    case "float64":
      return { type: shape.type, value: 1.5 };
    case "enum":
      return { type: shape.type, value: Math.max(...Object.values(shape.names ?? { one: 1 })) };
    case "date-time":
      return { type: shape.type, value: instant };
    case "compact-array":
      return { type: shape.type, contents: { type: "unsigned" }, value: [{ type: "unsigned", value: 1 }] };
    case "null-data":
    case "dont-care":
    case "date":
    case "time":
      return initialData(shape);
    default:
      return { type: shape.type, value: 1 };
  }
}

/** An object of a class with something in every attribute: its default where it has one, else a sample of its type. */
export function sampleObject(spec: ClassSpec, instance: string): AnyObject {
  const values = Object.entries(spec.attributes).map(([name, attribute]) => [
    name,
    attribute.default ?? fromData(attribute.type, sampleData(shapeOf(attribute.type))),
  ]);
  return defaultObject(spec, instance, Object.fromEntries(values));
}
