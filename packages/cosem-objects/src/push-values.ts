import { type Data, fromData } from "@dlmskit/apdu";
import { type LogicalName, logicalName } from "@dlmskit/core";
import { type Unit, UnitCodec } from "./unit.ts";

/** The content of a push, in order: one attribute for each element, as in a push_object_list. */
export type PushLayout = readonly PushLayoutElement[];
export interface PushLayoutElement {
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly attributeId: number;
  readonly dataIndex?: number;
}

/** One value of a push, with the information that the push or its layout gives about it. */
export interface PushedValue {
  readonly classId?: number;
  readonly instanceId?: LogicalName;
  readonly attributeId?: number;
  readonly dataIndex?: number;
  readonly value: Data;
  /** The value with its scaler applied, if the scaler is known. */
  readonly scaled?: number;
  readonly unit?: Unit;
}

type Found = Omit<PushedValue, "scaled" | "unit"> & { readonly scalerUnit?: ScalerAndUnit };
interface ScalerAndUnit {
  readonly scaler: number;
  readonly unit: number;
}

/**
 * The values of a push, in order. The meaning of each value comes from `layout`. Without a layout it comes from the push itself: from its
 * own push_object_list, or from an attribute descriptor or a logical name before each value. Meters write lists in many forms: logical
 * names and values in turn, pairs, or values followed by scaler and unit. A value without any such information is returned alone.
 */
export function pushedValues(body: Data, layout?: PushLayout): readonly PushedValue[] {
  const elements = itemsOf(body);
  const known = layout ?? ownLayout(elements);
  const found = known === undefined ? [...walk(body)] : byLayout(elements, known);
  return found.map((one) => withScale(one, found));
}

function itemsOf(data: Data): readonly Data[] {
  return isContainer(data) ? data.value : [data];
}

const listElements = [4, 5, 6];

/** An element of a push_object_list, of any version of the class. */
function layoutElement(data: Data): PushLayoutElement | undefined {
  if (data.type !== "structure" || !listElements.includes(data.value.length)) return undefined;
  const [classId, instance, attribute, index] = data.value;
  const instanceId = nameIn(instance);
  if (classId?.type !== "long-unsigned" || instanceId === undefined || attribute?.type !== "integer") return undefined;
  if (index?.type !== "long-unsigned") return undefined;
  return { classId: classId.value, instanceId, attributeId: attribute.value, dataIndex: index.value };
}

/** The push_object_list that a push contains; undefined if it contains none. */
export const pushLayoutIn = (body: Data): PushLayout | undefined => ownLayout(itemsOf(body));

function ownLayout(elements: readonly Data[]): PushLayout | undefined {
  for (const element of elements) {
    if (!isList(element) || element.value.length === 0) continue;
    const layout = element.value.flatMap((one) => layoutElement(one) ?? []);
    if (layout.length === element.value.length) return layout;
  }
  return undefined;
}

const pushSetup = 40;
const isOwnList = ({ classId, attributeId }: PushLayoutElement): boolean => classId === pushSetup && attributeId === 2;

/** The Push setup that a layout belongs to: the one whose list or logical name it contains. */
export const pushSetupOf = (layout: PushLayout): LogicalName | undefined =>
  layout.find(({ classId, attributeId }) => classId === pushSetup && (attributeId === 1 || attributeId === 2))
    ?.instanceId;

/**
 * Whether a push may have this layout: as many values, with or without its own list, and no value that the attribute cannot have. A value
 * of null-data fits everywhere: it could not be read.
 */
export function pushFits(body: Data, layout: PushLayout): boolean {
  const elements = itemsOf(body);
  const places = elements.length === layout.length ? layout : layout.filter((one) => !isOwnList(one));
  return places.length === elements.length && places.every((place, at) => elementFits(place, elements[at] as Data));
}

function elementFits({ classId, instanceId, attributeId, dataIndex = 0 }: PushLayoutElement, value: Data): boolean {
  if (value.type === "null-data" || attributeId === 0 || dataIndex !== 0) return true;
  if (attributeId === 1) return nameIn(value) === instanceId;
  if (attributeId === 2 && listClasses.includes(classId)) return isList(value);
  if (classesWithScaler.includes(classId)) {
    if (attributeId === scalerUnitAttributeOf(classId)) return scalerUnitIn(value) !== undefined;
    if (attributeId === 2) return !isContainer(value);
  }
  return true;
}

function byLayout(elements: readonly Data[], layout: PushLayout): readonly Found[] {
  // Some meters leave the list out of the pushed values, and some name it in the list without pushing it.
  const withoutList = layout.filter((one) => !isOwnList(one));
  const values = elements.filter((one) => ownLayout([one]) === undefined);
  const places = elements.length === layout.length ? layout : withoutList;
  const pushed = elements.length === layout.length ? elements : values;
  return pushed.flatMap((value, at): Found[] => {
    const place = places[at];
    if (place !== undefined && isOwnList(place)) return [];
    return [place === undefined ? { value } : { ...place, value }];
  });
}

function nameIn(data: Data | undefined): LogicalName | undefined {
  if (data?.type !== "octet-string" || data.value.length !== 6) return undefined;
  return logicalName(data.value.join("."));
}

/** A logical name before a value ends in 255 (Blue Book 6.2). */
function codeIn(data: Data | undefined): LogicalName | undefined {
  const name = nameIn(data);
  return name?.endsWith(".255") === true ? name : undefined;
}

function scalerUnitIn(data: Data | undefined): ScalerAndUnit | undefined {
  if (data?.type !== "structure" || data.value.length !== 2) return undefined;
  const [scaler, unit] = data.value;
  if (scaler?.type !== "integer" || unit?.type !== "enum") return undefined;
  return { scaler: scaler.value, unit: unit.value };
}

/** class_id, logical name, attribute: before a value. */
function descriptorIn(data: Data | undefined): PushLayoutElement | undefined {
  if (data?.type !== "structure" || data.value.length !== 3) return undefined;
  const [classId, instance, attribute] = data.value;
  const instanceId = nameIn(instance);
  if (classId?.type !== "long-unsigned" || instanceId === undefined || attribute?.type !== "integer") return undefined;
  return { classId: classId.value, instanceId, attributeId: attribute.value };
}

function* walk(data: Data): Generator<Found, undefined> {
  const items = itemsOf(data);
  for (let at = 0; at < items.length; at++) {
    const item = items[at] as Data;
    const next = items[at + 1];
    const descriptor = descriptorIn(item);
    const instanceId = codeIn(item);
    if (descriptor !== undefined && next !== undefined) {
      yield { ...descriptor, value: next };
      at++;
    } else if (instanceId !== undefined && next !== undefined && !isContainer(next)) {
      const scalerUnit = scalerUnitIn(items[at + 2]);
      yield { instanceId, value: next, ...(scalerUnit === undefined ? {} : { scalerUnit }) };
      at += scalerUnit === undefined ? 1 : 2;
    } else if (isContainer(item) && tells(item)) {
      yield* walk(item);
    } else {
      yield { value: item };
    }
  }
}

const isList = (data: Data): data is Exclude<Container, { readonly type: "structure" }> =>
  data.type === "array" || data.type === "compact-array";
type Container = Extract<Data, { readonly type: "array" | "structure" | "compact-array" }>;
const isContainer = (data: Data): data is Container =>
  data.type === "array" || data.type === "structure" || data.type === "compact-array";

/** Whether a part of the data identifies a value. */
const tells = (data: Data): boolean =>
  itemsOf(data).some(
    (item) => codeIn(item) !== undefined || descriptorIn(item) !== undefined || (isContainer(item) && tells(item)),
  );

const numbers: ReadonlySet<Data["type"]> = new Set([
  ...(["integer", "long", "double-long", "long64", "unsigned"] as const),
  ...(["long-unsigned", "double-long-unsigned", "long64-unsigned", "float32", "float64"] as const),
]);
const classesWithScaler = [3, 4, 5];
const demandRegister = 5;
const scalerUnitAttributeOf = (classId: number | undefined): number => (classId === demandRegister ? 4 : 3);
/** Whether the scaler of the object applies to the attribute: values, and in a Demand register both averages. */
const isScaled = (classId: number, attributeId: number | undefined): boolean =>
  classesWithScaler.includes(classId) && (attributeId === 2 || (classId === demandRegister && attributeId === 3));
/** Profile generic and Push setup: attribute 2 is an array. */
const listClasses = [7, pushSetup];

/** The value with its scaler, which comes after it, or is pushed as attribute 3 of the same object. */
function withScale({ scalerUnit, ...found }: Found, all: readonly Found[]): PushedValue {
  const { classId, instanceId, attributeId, dataIndex = 0, value } = found;
  const beside = all.find(
    (one) =>
      one.instanceId === instanceId &&
      one.classId === classId &&
      one.attributeId === scalerUnitAttributeOf(classId) &&
      (one.dataIndex ?? 0) === 0,
  );
  const has = classId !== undefined && isScaled(classId, attributeId) && dataIndex === 0;
  const known = scalerUnit ?? (has ? scalerUnitIn(beside?.value) : undefined);
  if (known === undefined) return found;
  const unit = fromData(UnitCodec, { type: "enum", value: known.unit });
  if (!numbers.has(value.type)) return { ...found, unit };
  const raw = (value as { readonly value: number | bigint }).value;
  return { ...found, scaled: Number(`${raw}e${known.scaler}`), unit };
}
