import { type Data, fromData, initialData, T } from "@dlmskit/apdu";
import { Fault, fromAscii, type Json } from "@dlmskit/core";
import {
  type AnyObject,
  attributeName,
  type ClassSpec,
  defaultObject,
  findClass,
  retype,
  type Unit,
  unitCode,
  unknownClass,
} from "@dlmskit/cosem-objects";
import { type AttributeForm, badTemplateFile, type ObjectForm } from "./form.ts";

type DataType = Data["type"];

/** The class of an object. A class that is not in the package has the attributes that the file names. */
function classOf({ classId, version, attributes = {}, methods = [] }: ObjectForm): ClassSpec {
  const known = findClass(classId, version);
  if (known !== undefined) return known;
  return unknownClass({ classId, version, attributes: Object.keys(attributes).map(Number), methods });
}

/** The Data of an attribute with a type. */
function dataIn({ type, value, text }: AttributeForm): Data {
  const typed = type as DataType;
  const codec = T.anyOf(typed);
  if (text !== undefined) {
    const isText = typed === "visible-string" || typed === "utf8-string";
    return { type: typed, value: isText ? text : fromAscii(text) } as Data;
  }
  if (value === undefined) return initialData(codec.shape);
  return codec.fromJson({ type: typed, value: value as Json });
}

/** Calls `run`. A Fault that `run` throws gets a path in the file. */
export function placed<R>(path: readonly string[], run: () => R): R {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof Fault && cause.code === "bad-template-file") throw cause;
    if (!(cause instanceof Fault)) throw badTemplateFile("it cannot be read", path, cause);
    throw badTemplateFile(cause.message, [...path, ...cause.path], cause);
  }
}

/**
 * Whether the standard leaves the type of an attribute open. The file then specifies the type, and all values must be Data of that type.
 */
export const isOpen = (spec: ClassSpec, name: string): boolean => {
  const type = spec.attributes[name]?.type as { readonly shape?: { readonly type: string } } | undefined;
  return type?.shape?.type === "any" || type?.shape?.type === "choice";
};

/** The object of the file, without behaviour. Fault `bad-template-file` at the place of the error; `path`: the place of the object. */
export function objectOf(form: ObjectForm, path: readonly string[]): AnyObject {
  let spec = classOf(form);
  const values: { [name: string]: unknown } = {};
  for (const [id, attribute] of Object.entries(form.attributes ?? {})) {
    const place = [...path, "attributes", id];
    const name = attributeName(spec, Number(id));
    if (name === undefined)
      throw badTemplateFile(`class ${spec.name} version ${spec.version} has no attribute ${id}`, place);
    const { type, value, text, scaler, unit } = attribute;
    if (type !== undefined) {
      if (!Object.hasOwn(wireTypes, type)) {
        throw badTemplateFile(`"${type}" is no type; for example double-long-unsigned`, [...place, "type"]);
      }
      const data = placed([...place, "value"], () => dataIn(attribute));
      const codec = spec.attributes[name]?.type as ClassSpec["attributes"][string]["type"];
      // Without a value, the attribute has the simplest value of its class, if the type is that of the class.
      const given = value !== undefined || text !== undefined;
      if (isOpen(spec, name) || attribute.asIs === true) {
        values[name] = data;
        if (wireTypes[type as keyof typeof wireTypes])
          spec = retype(spec, name, T.anyOf(type as DataType)) as ClassSpec;
      } else if (given) {
        values[name] = placed([...place, "value"], () => fromData(codec, data));
      }
    } else if (value !== undefined) {
      const codec = spec.attributes[name]?.type as ClassSpec["attributes"][string]["type"];
      values[name] = placed([...place, "value"], () => codec.fromJson(value as Json));
    }
    if (scaler !== undefined || unit !== undefined) {
      const scaled = spec.traits?.scaled;
      const isScaled = scaled !== undefined && (scaled.value === name || scaled.also?.includes(name) === true);
      if (!isScaled) throw badTemplateFile(`class ${spec.name} has no scaler and unit for attribute ${id}`, place);
      placed([...place, "unit"], () => unitCode((unit ?? "none") as Unit));
      values[scaled.scalerUnit] = { scaler: scaler ?? 0, unit: unit ?? "none" };
    }
  }
  return placed(path, () => without(defaultObject(spec, form.instanceId, values), form.absent));
}

/** The object without attributes that the meter does not have. */
function without(object: AnyObject, absent: readonly number[] = []): AnyObject {
  const names = absent.map((id) => attributeName(object.spec, id));
  const kept = Object.entries(object.values).filter(([name]) => !names.includes(name));
  return absent.length === 0 ? object : { ...object, values: Object.fromEntries(kept) };
}

/** Types on the wire. True: values of an attribute with an open type must have this type. */
const wireTypes: { readonly [T in DataType]?: boolean } = {
  "null-data": false,
  ...{ array: true, structure: true, "compact-array": true },
  ...{ boolean: true, "bit-string": true, enum: true, bcd: true, "octet-string": true },
  ...{ "visible-string": true, "utf8-string": true },
  ...{ integer: true, long: true, "double-long": true, long64: true },
  ...{ unsigned: true, "long-unsigned": true, "double-long-unsigned": true, "long64-unsigned": true },
  ...{ float32: true, float64: true, "date-time": true, date: true, time: true },
};
