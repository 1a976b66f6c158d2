import { Data as DataCodec, type DataLike, dataOf, treeOf } from "@dlmskit/apdu";
import type { Json } from "@dlmskit/core";
import {
  type AnyObject,
  attributeAccess,
  attributeIds,
  attributeName,
  type CaptureObject,
  type ClassSpec,
  findClass,
  hasAttribute,
  methodAccess,
  type ScalerUnit,
} from "@dlmskit/cosem-objects";
import type { SimulatorTemplate } from "../template.ts";
import type { AttributeForm, ObjectForm, TemplateForm } from "./form.ts";
import { isOpen } from "./values.ts";

const profileClass = 7;
const billing = /\.98\.1\.\d+\.255$/;

/** A Data in the JSON form of an attribute with its type. */
export function dataForm(data: DataLike): AttributeForm {
  const { type, value } = DataCodec.toJson(treeOf(data)) as { type: string; value?: Json };
  return value === undefined ? { type } : { type, value };
}

/** The form of a template: the form that the template was made from, or else one made from its objects. */
export function formOf(template: SimulatorTemplate): TemplateForm {
  if (template.form !== undefined) return template.form;
  const { name, title, manufacturer, series, zoneMinutesEast, tariffDay, clients, switchLog, logs } = template;
  return {
    version: 1,
    ...{ name, title, manufacturer, zoneMinutesEast, tariffDay: [...tariffDay] },
    ...(series !== undefined && { series }),
    ...template.about,
    clients: clients.map(({ name: of, client, association, mechanism, ciphered, policy }) => ({
      ...{ name: of, client, association, mechanism, policy, ciphered: ciphered !== false },
    })),
    objects: template.objects().map((object) => objectForm(object, template)),
    ...(switchLog !== undefined && {
      switchLog: { log: switchLog.log, opened: switchLog.opened, closed: switchLog.closed },
    }),
    ...(logs !== undefined && { logs }),
  } as TemplateForm;
}

function objectForm(object: AnyObject, template: SimulatorTemplate): ObjectForm {
  const { spec, instance } = object;
  const name = template.nameOf?.(object);
  const base = {
    ...{ classId: spec.classId as number, version: spec.version as number, instanceId: instance },
    ...(name !== undefined && { name }),
    ...(spec.classId === profileClass ? profileForm(object) : attributesForm(object)),
  };
  return { ...base, ...rightsForm(object, template) } as ObjectForm;
}

function profileForm({ values, instance }: AnyObject): object {
  const { captureObjects, capturePeriod, profileEntries, sortMethod } = values as {
    captureObjects: readonly CaptureObject[];
    capturePeriod: number;
    profileEntries: number;
    sortMethod: number;
  };
  return {
    captures: captureObjects.map((one) => [one.classId, one.instanceId, one.attributeId, one.dataIndex ?? 0]),
    ...{ capturePeriod, sortMethod },
    ...(profileEntries > 0 && { profileEntries }),
    ...(billing.test(instance) && { rows: "monthly" }),
  };
}

function attributesForm({ spec, values }: AnyObject): object {
  const known = findClass(spec.classId, spec.version) ?? spec;
  const { scaled } = spec.traits ?? {};
  const attributes: { [id: string]: AttributeForm } = {};
  for (const id of attributeIds(spec)) {
    const name = attributeName(spec, id) as string;
    if (values[name] === undefined || name === scaled?.scalerUnit) continue;
    const codec = (spec as ClassSpec).attributes[name]?.type as ClassSpec["attributes"][string]["type"];
    const form: AttributeForm = isOpen(known, name)
      ? dataForm(dataOf(codec, values[name]))
      : { value: codec.toJson(values[name]) };
    const { scaler, unit } = (scaled?.value === name ? values[scaled.scalerUnit] : {}) as Partial<ScalerUnit>;
    attributes[id] = { ...form, ...(scaler !== undefined && { scaler }), ...(unit !== undefined && { unit }) };
  }
  return { attributes };
}

const uses = ["-", "r", "w", "rw"] as const;

function rightsForm(object: AnyObject, { clients }: SimulatorTemplate): object {
  const ids = [1, ...attributeIds(object.spec)].filter((id) => hasAttribute(object, id));
  const access: { [client: string]: string | { [id: string]: string } } = {};
  const methods = new Set<number>();
  for (const { client, rights } of clients) {
    const bits = ids.map((id) => attributeAccess(rights, object, id) & 3);
    const invoked = Object.values(object.spec.methods as ClassSpec["methods"])
      .map(({ id }) => id)
      .filter((id) => methodAccess(rights, object, id) !== 0);
    for (const id of invoked) methods.add(id);
    if (bits.every((one) => one === 0) && invoked.length === 0) continue;
    access[client] =
      bits.every((one) => one === 1) && invoked.length === 0
        ? "r"
        : Object.fromEntries(ids.map((id, at) => [id, uses[bits[at] as number] as string]));
  }
  return { access, ...(methods.size > 0 && { methods: [...methods] }) };
}

/** The text of a template file. Each object is on one line, so that two files can be compared. */
export function templateJson(form: TemplateForm): string {
  const lists = ["clients", "objects", "events", "logged", "pushLayouts"];
  const entries = Object.entries(form).map(([key, value]) => {
    if (!lists.includes(key) || !Array.isArray(value)) return ` ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    return ` ${JSON.stringify(key)}: [\n${value.map((one) => `  ${JSON.stringify(one)}`).join(",\n")}\n ]`;
  });
  return `{\n${entries.join(",\n")}\n}\n`;
}
