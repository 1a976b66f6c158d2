import { type Data, DataTag, type DataTypeName, shapeOf, type XmlNode } from "@dlmskit/apdu";
import { attributeName, type ClassSpec, findClass } from "@dlmskit/cosem-objects";
import type { ObjectForm } from "../../templates/data/form.ts";
import { dataForm } from "../../templates/data/form-of.ts";
import { elementValue, typedValue } from "./element-values.ts";
import { childOf, numberIn, textIn } from "./found.ts";
import type { Around } from "./imported-object.ts";
import { NotTaken } from "./text-values.ts";

type Capture = NonNullable<ObjectForm["captures"]>[number];

/** The columns and rows of a Profile generic, once all objects are known. */
export function withRows(
  form: ObjectForm,
  node: XmlNode,
  objects: ReadonlyMap<string, ObjectForm>,
  { left, identity }: Around,
): ObjectForm {
  const { instanceId } = form;
  const captures = left.unless(instanceId, "captureObjects", () =>
    (childOf(node, "CaptureObjects")?.children ?? []).map((one) => captureIn(one, objects)),
  );
  const rows =
    captures === undefined ? undefined : rowsIn(node, captures, objects, (why) => left.add(instanceId, "buffer", why));
  const capturePeriod = numberIn(node, "CapturePeriod", 0, 0xffffffff);
  const profileEntries = numberIn(node, "ProfileEntries", 1, 0xffffffff);
  const sortMethod = numberIn(node, "SortMethod", 1, 6);
  const { attributes: _, ...others } = form;
  return {
    ...{ ...others, captures: [...(captures ?? [])] },
    ...(capturePeriod !== undefined && { capturePeriod }),
    ...(sortMethod !== undefined && { sortMethod }),
    ...(profileEntries !== undefined && { profileEntries }),
    rows: "listed",
    attributes: { 2: dataForm(identity.without({ type: "array", value: rows ?? [] }, form)) },
  };
}

function captureIn(node: XmlNode, objects: ReadonlyMap<string, ObjectForm>): Capture {
  const [classId, attributeId] = [numberIn(node, "ObjectType", 0, 0xffff), numberIn(node, "Attribute", -128, 127)];
  const instanceId = textIn(node, "LN");
  if (classId === undefined || instanceId === undefined) throw new NotTaken("a column has no ObjectType or no LN");
  const known = objects.get(instanceId);
  if (known !== undefined && known.classId !== classId) {
    throw new NotTaken(`a column has ${instanceId} as class ${classId}, but it is of class ${known.classId}`);
  }
  const dataIndex = numberIn(node, "Data", 0, 0xffff) ?? numberIn(node, "DataIndex", 0, 0xffff) ?? 0;
  return [classId, instanceId as ObjectForm["instanceId"], attributeId ?? 0, dataIndex];
}

function rowsIn(
  node: XmlNode,
  captures: readonly Capture[],
  objects: ReadonlyMap<string, ObjectForm>,
  leave: (why: string) => void,
): readonly Data[] {
  const types = captures.map((capture) => columnType(capture, objects));
  const rows: Data[] = [];
  for (const [at, row] of (childOf(node, "Buffer")?.children ?? []).entries()) {
    const cells = row.children;
    if (cells.length !== captures.length) {
      leave(`row ${at + 1} has ${cells.length} values for ${captures.length} columns`);
      continue;
    }
    try {
      rows.push({ type: "structure", value: cells.map((cell, column) => cellIn(cell, types[column])) });
    } catch (caught) {
      if (!(caught instanceof NotTaken)) throw caught;
      leave(`row ${at + 1}: ${caught.message}`);
    }
  }
  return rows;
}

type ColumnType = { readonly type: DataTypeName; readonly holds?: "date-time" } | undefined;

/** The type on the wire of a captured attribute: that of its value, else that of its class. */
function columnType([classId, instanceId, id, index]: Capture, objects: ReadonlyMap<string, ObjectForm>): ColumnType {
  if (index !== undefined && index !== 0) return undefined;
  const known = objects.get(instanceId);
  const type = known?.attributes?.[String(id)]?.type as DataTypeName | undefined;
  const spec = findClass(classId, known?.version) as ClassSpec | undefined;
  const name = spec === undefined ? undefined : attributeName(spec, id);
  const shape = name === undefined ? undefined : shapeOf((spec as ClassSpec).attributes[name]?.type as never);
  if (shape?.type === "octet-string" && shape.holds === "date-time")
    return { type: "octet-string", holds: "date-time" };
  return type === undefined || /^(?:array|structure|null-data)$/.test(type) ? undefined : { type };
}

/**
 * A cell. A file has the type that a program held it in, such as a date-time for the octets of a clock, or a signed number: the type of the
 * column is taken where the value is one of it.
 */
function cellIn(node: XmlNode, column: ColumnType): Data {
  if (node.children.length > 0 || column === undefined) return typedValue(node);
  if (column.holds !== undefined && node.attributes.get("Type") !== String(DataTag["octet-string"])) {
    const bare = { ...node, attributes: new Map() };
    return elementValue(bare, { type: "octet-string", length: 12, holds: "date-time" }, "time");
  }
  if (node.attributes.get("Type") === String(DataTag["octet-string"])) return typedValue(node);
  try {
    const attributes = new Map(node.attributes).set("Type", String(DataTag[column.type]));
    return typedValue({ ...node, attributes });
  } catch {
    return typedValue(node);
  }
}
