import { type Data, fromData, shapeOf, type XmlNode } from "@dlmskit/apdu";
import { attributeIds, attributeName, type ClassSpec, findClass } from "@dlmskit/cosem-objects";
import type { AttributeForm, ObjectForm } from "../../templates/data/form.ts";
import { dataForm } from "../../templates/data/form-of.ts";
import { isOpen } from "../../templates/data/values.ts";
import { type Anonymous, isSecret } from "../anonymous.ts";
import { type Access, accessOf, type ImportedClient } from "./access.ts";
import { elementValue, structureOf } from "./element-values.ts";
import { type LeftOuts, textIn } from "./found.ts";
import { classOfElement, fieldOfGroup, nameOfElement, notAttributes } from "./names.ts";
import { NotTaken } from "./text-values.ts";

const profileClass = 7;
const clockClass = 8;
const singleActionSchedule = 22;
/** Objects that the server makes, with its own keys and names. */
const madeByServer: readonly number[] = [15, 17, 64];
const serialNumber = "0.0.96.1.0.255";

type Attributes = { [id: string]: AttributeForm };

/** What all objects of a file have in common. */
export interface Around {
  readonly left: LeftOuts;
  readonly identity: Anonymous;
}

/** The object of an element; undefined if it cannot be taken, which is added to `left`. */
export function importedObject(
  node: XmlNode,
  clients: readonly ImportedClient[],
  { left, identity }: Around,
): ObjectForm | undefined {
  const instanceId = textIn(node, "LN");
  const object = instanceId ?? node.name;
  const classId = classOfElement(node.name);
  const version = Number(textIn(node, "Version") ?? 0);
  const spec = classId === undefined ? undefined : findClass(classId, version);
  const isName = instanceId !== undefined && /^(?:\d{1,3}\.){5}\d{1,3}$/.test(instanceId);
  const why =
    classId === undefined
      ? `<${node.name}> is no interface class that is known here`
      : !isName || instanceId.split(".").some((group) => Number(group) > 0xff)
        ? `<${node.name}> has no logical name`
        : spec === undefined || spec.version !== version
          ? `version ${version} of class ${classId} is not known here`
          : classId === 12
            ? "Association SN objects are made by the server when it is asked for short names"
            : undefined;
  if (why !== undefined || spec === undefined || instanceId === undefined) {
    left.add(object, undefined, why as string);
    return undefined;
  }
  const description = textIn(node, "Description");
  const { access, methods } = rightsOf(node, spec, instanceId, clients);
  return {
    ...{ classId: spec.classId, version, instanceId: instanceId as ObjectForm["instanceId"] },
    ...(description !== undefined && description !== "Invalid" && { name: description }),
    ...(madeByServer.includes(spec.classId)
      ? {}
      : { attributes: attributesIn(node, spec, object, { left, identity }) }),
    access,
    ...(methods.length > 0 && { methods: [...methods] }),
  };
}

function rightsOf(node: XmlNode, spec: ClassSpec, name: string, clients: readonly ImportedClient[]) {
  const own = accessOf(node);
  const readable: Access = {
    attributes: Object.fromEntries([1, ...attributeIds(spec)].map((id) => [id, "r" as const])),
    methods: [],
  };
  const known = new Set(Object.values(spec.methods).map(({ id }) => id));
  const access: { [client: string]: Access["attributes"] | "-" } = {};
  const methods = new Set<number>();
  for (const { client, list } of clients) {
    const isListed = list === undefined || list.has(name);
    const granted = isListed ? (list?.get(name) ?? own ?? readable) : undefined;
    access[client] = granted === undefined ? "-" : granted.attributes;
    for (const id of granted?.methods ?? []) if (known.has(id)) methods.add(id);
  }
  return { access, methods: [...methods] };
}

const typeOf = (spec: ClassSpec, name: string) => (spec.attributes[name] as ClassSpec["attributes"][string]).type;

interface Place {
  readonly attribute: string;
  /** The field of the attribute, if it is a structure whose fields are elements of the object. */
  readonly field?: string;
}

/** The attribute, or the field of one, that an element of the object stands for. */
function placeOf(element: string, spec: ClassSpec, names: readonly string[]): Place | undefined {
  for (const attribute of names) {
    const field = fieldOfGroup(attribute, element);
    if (field !== undefined) return { attribute, field };
  }
  const attribute = nameOfElement(element, names);
  if (attribute !== undefined) return { attribute };
  const fields = names.flatMap((name) => {
    const shape = shapeOf(typeOf(spec, name));
    const field = shape?.type === "structure" ? nameOfElement(element, Object.keys(shape.elements ?? {})) : undefined;
    return field === undefined ? [] : [{ attribute: name, field }];
  });
  return fields.length === 1 ? fields[0] : undefined;
}

function attributesIn(node: XmlNode, spec: ClassSpec, object: string, { left, identity }: Around): Attributes {
  const names = attributeIds(spec).map((id) => attributeName(spec, id) as string);
  const scaled = spec.traits?.scaled;
  const elements = new Map<string, { whole?: XmlNode; readonly parts: XmlNode[] }>();
  for (const one of ownElements(node, spec)) {
    if (scaled !== undefined && /^(?:Unit|Scaler)$/.test(one.name)) continue;
    const place = placeOf(one.name, spec, names);
    if (place === undefined) {
      left.add(object, one.name, `<${one.name}> is no attribute that is known here`);
      continue;
    }
    const of = elements.get(place.attribute) ?? { parts: [] };
    elements.set(place.attribute, of);
    if (place.field === undefined) of.whole = one;
    else of.parts.push({ ...one, name: place.field });
  }
  const attributes: Attributes = {};
  for (const [name, { whole, parts }] of elements) {
    const id = spec.attributes[name]?.id as number;
    // The time is that of the simulated clock, and withRows takes what belongs to a profile.
    if (spec.classId === profileClass || (spec.classId === clockClass && id === 2)) continue;
    if (isSecret(name)) {
      left.add(object, name, "a secret or an identity");
      continue;
    }
    const shape = shapeOf(typeOf(spec, name));
    const form = left.unless(object, name, () => {
      const isGroup = whole === undefined && shape?.type === "structure";
      const value = isGroup ? structureOf(parts, shape, name) : elementValue(whole as XmlNode, shape, name);
      return formOf(spec, name, identity.without(value, { classId: spec.classId, instanceId: object }));
    });
    if (form !== undefined) attributes[id] = form;
  }
  if (scaled !== undefined) withUnit(node, spec.attributes[scaled.value]?.id as number, attributes, object, left);
  const serial = attributes["2"];
  if (object === serialNumber && serial !== undefined) attributes["2"] = { ...serial, follows: serialNumber };
  return attributes;
}

/** The elements of attributes. A logical name after the first one belongs to the value of an attribute. */
function ownElements(node: XmlNode, { classId }: ClassSpec): readonly XmlNode[] {
  const isSchedule = classId === singleActionSchedule;
  const name = node.children.find((one) => one.name === "LN");
  return node.children.filter(
    (one) =>
      (!notAttributes.has(one.name) || (isSchedule && one.name === "LN" && one !== name)) &&
      !(isSchedule && one.name === "ObjectType"),
  );
}

/** The form of a value, which keeps its type. Its type can be another one than that of the class. */
function formOf(spec: ClassSpec, name: string, data: Data): AttributeForm {
  const form = dataForm(data);
  if (isOpen(spec, name)) return form;
  try {
    fromData(typeOf(spec, name), data);
    return form;
  } catch {
    return { ...form, asIs: true };
  }
}

function withUnit(node: XmlNode, id: number, attributes: Attributes, object: string, left: LeftOuts): void {
  const [scalerText, unitText] = [textIn(node, "Scaler"), textIn(node, "Unit")];
  if (scalerText === undefined && unitText === undefined) return;
  const found = left.unless(object, "scalerUnit", () => ({
    scaler: scalerText === undefined ? 0 : scalerIn(scalerText),
    unit: unitText === undefined ? 255 : unitIn(unitText),
  }));
  if (found !== undefined) attributes[id] = { ...(attributes[id] ?? { type: "null-data" }), ...found };
}

/** The scaler of a factor: -3 for 0.001. */
function scalerIn(text: string): number {
  const factor = Number(text);
  const scaler = Math.round(Math.log10(factor));
  if (!(factor > 0) || Math.abs(factor / 10 ** scaler - 1) > 1e-9 || Math.abs(scaler) > 127) {
    throw new NotTaken(`the scaler "${text}" is no power of ten`);
  }
  return scaler;
}

function unitIn(text: string): number {
  const unit = Number(text);
  if (!Number.isInteger(unit) || unit < 0 || unit > 255) throw new NotTaken(`"${text}" is not the number of a unit`);
  return unit;
}
