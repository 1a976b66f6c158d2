import { Data, encodeData, explainData, fromData, treeOf } from "@dlmskit/apdu";
import { Fault, type Json, type LogicalName, logicalName } from "@dlmskit/core";
import {
  type AnyObject,
  attributeIds,
  attributeName,
  type ClassSpec,
  type DeviceView,
  hasAttribute,
  hasMethod,
  methodName,
  refusalOf,
  ScalerUnit,
  scalerUnitAttribute,
  type Unit,
} from "@dlmskit/cosem-objects";
import type { SimulatorTemplate } from "../templates/template.ts";

/** A value of an attribute for programs and for people. */
export interface ReadValue {
  /** The JSON form of the Data. */
  readonly value: Json;
  /** A number with its scaler applied. */
  readonly scaled?: number;
  readonly unit?: Unit;
  /** The value as text for people; empty for a structure or an array. */
  readonly text: string;
}

/** An object of a meter. */
export interface ListedObject {
  readonly classId: number;
  readonly version: number;
  readonly instanceId: LogicalName;
  /** The name of the OBIS code, if it is known. */
  readonly name?: string;
  /** The name of the interface class. */
  readonly className: string;
  readonly attributes: readonly { readonly attributeId: number; readonly name: string }[];
  readonly methods: readonly { readonly methodId: number; readonly name: string }[];
  /** The main value of the object: attribute 2, if it is not a structure or an array. */
  readonly value?: ReadValue;
}

const specOf = (object: AnyObject): ClassSpec => object.spec as ClassSpec;

/** Scaler and unit of an attribute; undefined: it has none. */
export async function scaleOf(
  device: DeviceView,
  object: AnyObject,
  attributeId: number,
): Promise<{ readonly scaler: number; readonly unit: Unit } | undefined> {
  const id = scalerUnitAttribute(specOf(object), attributeId);
  if (id === undefined) return undefined;
  const { classId } = specOf(object);
  return fromData(ScalerUnit, treeOf(await device.get({ classId, instanceId: object.instance, attributeId: id })));
}

/** Reads an attribute as the meter itself. Throws the refusals of its hook. */
export async function readValue(device: DeviceView, object: AnyObject, attributeId: number): Promise<ReadValue> {
  const { classId } = specOf(object);
  const data = treeOf(await device.get({ classId, instanceId: object.instance, attributeId }));
  const number = "value" in data && (typeof data.value === "number" || typeof data.value === "bigint");
  const scale = number ? await scaleOf(device, object, attributeId) : undefined;
  return {
    value: Data.toJson(data),
    ...(scale === undefined || !number ? {} : { scaled: Number(`${data.value}e${scale.scaler}`), unit: scale.unit }),
    text: explainData(encodeData(data)).fields[0]?.text ?? "",
  };
}

/** Classes whose attribute 2 is shown in a list: Data, Register, Extended register, Demand register, Clock, Disconnect control. */
const shownClasses: readonly number[] = [1, 3, 4, 5, 8, 70];

async function mainValue(device: DeviceView, object: AnyObject): Promise<Pick<ListedObject, "value">> {
  if (!shownClasses.includes(specOf(object).classId) || !hasAttribute(object, 2)) return {};
  try {
    return { value: await readValue(device, object, 2) };
  } catch (error) {
    if (refusalOf(error) === undefined) throw error;
    return {};
  }
}

/** Objects of a logical device with their main values. */
export async function listObjects(
  device: DeviceView,
  { nameOf }: Pick<SimulatorTemplate, "nameOf">,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<readonly ListedObject[]> {
  const listed: ListedObject[] = [];
  for (const object of device.objects.slice(from, from + count)) {
    const spec = specOf(object);
    const name = nameOf?.(object);
    listed.push({
      ...{ classId: spec.classId, version: spec.version, instanceId: object.instance, className: spec.name },
      ...(name === undefined ? {} : { name }),
      attributes: attributeIds(spec).flatMap((attributeId) =>
        hasAttribute(object, attributeId) ? [{ attributeId, name: String(attributeName(spec, attributeId)) }] : [],
      ),
      methods: Object.values(spec.methods ?? {}).flatMap(({ id }) =>
        hasMethod(object, id) ? [{ methodId: id, name: String(methodName(spec, id)) }] : [],
      ),
      ...(await mainValue(device, object)),
    });
  }
  return listed;
}

/** Fault `no-object`. */
export function objectNamed(objects: readonly AnyObject[], instanceId: string): AnyObject {
  const instance = logicalName(instanceId);
  const found = objects.find((object) => object.instance === instance);
  if (found !== undefined) return found;
  throw new Fault("no-object", `the meter has no object ${instance}`, {
    layer: "simulator",
    hint: "GET /meters/{serial}/objects lists them",
  });
}

/** Fault `no-object`: the object has no such attribute. */
export function expectAttribute(object: AnyObject, attributeId: number): void {
  if (hasAttribute(object, attributeId)) return;
  throw new Fault("no-object", `object ${object.instance} has no attribute ${attributeId}`, {
    layer: "simulator",
    hint: `it has ${[1, ...attributeIds(specOf(object)).filter((id) => hasAttribute(object, id))].join(", ")}`,
  });
}

/** Fault `computed-value`: the object takes its value from the model, so that a written value would have no effect. */
export function expectWritable(object: AnyObject, attributeId: number): void {
  const name = attributeName(specOf(object), attributeId) ?? "";
  const { read, write } = object.hooks as { readonly [of in "read" | "write"]?: { readonly [name: string]: unknown } };
  if (read?.[name] === undefined || write?.[name] !== undefined) return;
  throw new Fault(
    "computed-value",
    `the value of attribute ${attributeId} of ${object.instance} follows from the model`,
    {
      layer: "simulator",
      hint: "change what it follows from: the rows of the load profiles, the load switch, the time or a fault",
    },
  );
}

/** Fault `no-object`: the object has no such method. */
export function expectMethod(object: AnyObject, methodId: number): void {
  if (hasMethod(object, methodId)) return;
  throw new Fault("no-object", `object ${object.instance} has no method ${methodId}`, {
    layer: "simulator",
    hint: `it has ${
      Object.values(specOf(object).methods ?? {})
        .map(({ id }) => id)
        .join(", ") || "no method"
    }`,
  });
}

/** The Data of a JSON form. Fault `bad-request`, with the path of the error. */
export function dataFromJson(json: unknown, field: string): Data {
  try {
    return Data.fromJson(json as Json) as Data;
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    const fault = new Fault("bad-request", `it is not Data in the JSON form: ${caught.message}`, {
      layer: "simulator",
      hint: 'for example {"type": "double-long-unsigned", "value": 42}',
      cause: caught,
    });
    fault.path.push(field, ...caught.path);
    throw fault;
  }
}
