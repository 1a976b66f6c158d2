import { type Data, type DataTypeName, dataOf, decodeData, encodeData, fromData } from "@dlmskit/apdu";
import { concat, Fault, fromAscii } from "@dlmskit/core";
import { ScalerUnit } from "../classes/data/register.ts";
import { after, afterEach, type MaybePromise } from "../maybe-promise.ts";
import type { Context } from "../object.ts";
import { encodedArray, encodedStructure } from "../profile/elements.ts";
import { type PushObject, pushCell } from "./push-body.ts";

/** The type in which a value is sent; with a scaler, the number is converted from the scaler of the register. */
export interface PushedType {
  readonly type: DataTypeName;
  readonly scaler?: number;
}

/** How the body of a push is written. By default it is as in the standard: a structure of values. */
export interface PushForm {
  /** What holds all elements; a structure by default. */
  readonly container?: "structure" | "array";
  /** Whether each element that has a name is a structure of its own; otherwise name, value, and scaler and unit follow each other. */
  readonly structures?: boolean;
  /** Whether a value has its logical name before it. */
  readonly names?: boolean;
  /** Whether a value of a register has its scaler and unit after it. */
  readonly scalers?: boolean;
  /** Places of elements that are values alone, without a name. */
  readonly bare?: readonly number[];
  /**
   * Whether the body is a structure of the enum 1 and an array, whose elements are pairs of an attribute descriptor without Data tags and
   * a value. Not allowed by the standard; receivers of this package need the quirk `untyped-attribute-descriptors`. Names and scalers are
   * not sent.
   */
  readonly untypedDescriptors?: boolean;
  /** The types that values are sent in, by the place of their elements, where they differ from those of the attributes. */
  readonly types?: readonly (PushedType | undefined)[];
  /** The date-time of the DataNotification: `none`, or `tagged`: with the tag and length of an octet-string, which the standard leaves out. */
  readonly dateTime?: "none" | "tagged";
}

/** When a Push setup pushes by itself, s: at local multiples of `period`, later by `delay`. */
export interface PushPeriod {
  readonly period: number;
  readonly delay?: number;
}

const scalerUnits: { readonly [classId: number]: number } = { 3: 3, 4: 3, 5: 4 };

/** The encoded body of a push. */
export function pushBody(list: readonly PushObject[], form: PushForm, context: Context): MaybePromise<Uint8Array> {
  const { container = "structure", types = [], bare = [] } = form;
  const elements = list.map((element, at) => ({ element, bare: bare.includes(at), type: types[at] }));
  return after(
    afterEach(elements, (one) => partsOf(one, form, context)),
    (parts) => {
      if (form.untypedDescriptors === true) return pairsOf(list, parts);
      return container === "array" ? encodedArray(parts.flat()) : encodedStructure(parts.flat());
    },
  );
}

const enumOne = encodeData({ type: "enum", value: 1 });

const pairsOf = (list: readonly PushObject[], parts: readonly Uint8Array[][]): Uint8Array =>
  encodedStructure([
    enumOne,
    encodedArray(list.map((element, at) => encodedStructure([descriptorOf(element), parts[at]?.[0] ?? noData]))),
  ]);

/** A Cosem-Attribute-Descriptor as in a request (Green Book 9.5), not as Data. */
const descriptorOf = ({ classId, instanceId, attributeId }: PushObject): Uint8Array =>
  Uint8Array.of(classId >> 8, classId, ...instanceId.split(".").map(Number), attributeId);

interface Element {
  readonly element: PushObject;
  readonly bare: boolean;
  readonly type: PushedType | undefined;
}

function partsOf({ element, bare, type }: Element, form: PushForm, context: Context): MaybePromise<Uint8Array[]> {
  const { structures = false, untypedDescriptors: alone = false } = form;
  const { names = false, scalers = false } = alone ? {} : form;
  const scalerUnit = scalers || type?.scaler !== undefined ? scalerUnits[element.classId] : undefined;
  const asked = [element, ...(scalerUnit === undefined ? [] : [{ ...element, attributeId: scalerUnit }])];
  return after(
    afterEach(asked, (one) => pushCell(one, context)),
    ([value = noData, scaler]) => {
      const cells = type === undefined ? [value, scaler] : converted(value, scaler, type);
      const sent = cells.filter((cell, at) => cell !== undefined && (at === 0 || (scalers && !bare))) as Uint8Array[];
      if (bare || !names) return sent;
      const named = [nameOf(element), ...sent];
      return structures ? [encodedStructure(named)] : named;
    },
  );
}

const noData = Uint8Array.of(0);

const nameOf = ({ instanceId }: PushObject): Uint8Array =>
  concat(Uint8Array.of(0x09, 6), Uint8Array.from(instanceId.split(".").map(Number)));

/** A value and its scaler and unit in another type. What cannot be written in that type is sent as it is. */
function converted(
  cell: Uint8Array,
  scalerCell: Uint8Array | undefined,
  { type, scaler }: PushedType,
): readonly (Uint8Array | undefined)[] {
  const data = decodeData(cell);
  const { value } = data as { readonly value?: unknown };
  if (data.type === "visible-string" && type === "octet-string") {
    return [encodeData({ type, value: fromAscii(value as string) }), scalerCell];
  }
  if (data.type === "octet-string" && type === "visible-string") {
    return [encodeData({ type, value: String.fromCharCode(...(value as Uint8Array)) }), scalerCell];
  }
  if (typeof value !== "number" && typeof value !== "bigint") return [cell, scalerCell];
  const own = scalerCell === undefined ? undefined : fromData(ScalerUnit, decodeData(scalerCell));
  const shift = own === undefined || scaler === undefined ? 0 : own.scaler - scaler;
  const number = Math.round(Number(`${value}e${shift}`));
  const written =
    own === undefined || scaler === undefined ? scalerCell : encodeData(dataOf(ScalerUnit, { ...own, scaler }));
  try {
    return [encodeData({ type, value: type.startsWith("long64") ? BigInt(number) : number } as Data), written];
  } catch (fault) {
    if (fault instanceof Fault) return [cell, scalerCell];
    throw fault;
  }
}
