import { type Data, dataOf, fromData } from "@dlmskit/apdu";
import type { AccessItem, AccessOptions, AccessResult, RequestOptions } from "@dlmskit/association";
import { type Codec, type LogicalName, logicalName } from "@dlmskit/core";
import type { ClassSpec } from "@dlmskit/cosem-objects";
import { type ArgumentOf, type MethodOf, methodOfClass, type ResultOf } from "./remote-object.ts";
import { type AttributeOf, type AttributeValueOf, referenceOf } from "./typed-read.ts";

/** An item whose result has a type; made by `accessGet`, `accessSet` and `accessAction`. */
export type TypedItem<V, I extends AccessItem = AccessItem> = I & { readonly codec: Codec<V> };

/** The result of an item. For an item of a class, `value` is the typed result of a successful item. */
export type AccessResultOf<I> = Omit<AccessResult, "data"> & { readonly data?: Data } & (I extends {
    readonly codec: Codec<infer V>;
  }
    ? { readonly value?: V }
    : unknown);

/** The options of an ACCESS request. */
export type AccessRequestOptions = AccessOptions & RequestOptions;

/** Reads an attribute by its name in an interface class: `accessGet(Register, "1-0:1.8.0", "value")`. Fault `no-attribute`. */
export function accessGet<S extends ClassSpec, K extends AttributeOf<S>>(
  spec: S,
  instanceId: LogicalName,
  attribute: K,
): TypedItem<AttributeValueOf<S, K>> {
  const codec = typeOf(spec, attribute);
  return { service: "get", attribute: referenceOf(spec, logicalName(instanceId), attribute), codec } as never;
}

/** Writes an attribute by its name. Faults `no-attribute`, and those of the type for a value that does not fit the type. */
export function accessSet<S extends ClassSpec, K extends AttributeOf<S>>(
  spec: S,
  instanceId: LogicalName,
  attribute: K,
  value: AttributeValueOf<S, K>,
): AccessItem {
  const reference = referenceOf(spec, logicalName(instanceId), attribute);
  return { service: "set", attribute: reference, value: dataOf(typeOf(spec, attribute), value) };
}

/** Invokes a method by its name. Faults `no-method`, and those of the type for an argument that does not fit the type. */
export function accessAction<S extends ClassSpec, M extends MethodOf<S>>(
  spec: S,
  instanceId: LogicalName,
  method: M,
  argument: ArgumentOf<S, M>,
): TypedItem<ResultOf<S, M>> {
  const { reference, declared } = methodOfClass(spec, logicalName(instanceId), method);
  const item = { service: "action", method: reference, parameters: dataOf(declared.argument, argument) };
  return (declared.result === undefined ? item : { ...item, codec: declared.result }) as never;
}

function typeOf(spec: ClassSpec, attribute: string): Codec<unknown> {
  return spec.attributes[attribute]?.type as Codec<unknown>;
}

/** The item without its codec, as it is sent. */
export function plainItem(item: AccessItem): AccessItem {
  const named = <R extends { readonly instanceId: LogicalName }>(reference: R): R => ({
    ...reference,
    instanceId: logicalName(reference.instanceId),
  });
  return item.service === "action"
    ? { ...item, method: named(item.method) }
    : { ...item, attribute: named(item.attribute) };
}

/** The result with its value, if its item has a type. Fault `type-unmatched`. */
export function typedResult(
  item: AccessItem & { readonly codec?: Codec<unknown> },
  result: AccessResult,
): AccessResultOf<AccessItem> {
  const { codec } = item;
  const { data } = result as { readonly data?: Data };
  if (codec === undefined || data === undefined || result.result !== "success")
    return result as AccessResultOf<AccessItem>;
  return { ...result, value: fromData(codec, data) } as AccessResultOf<AccessItem>;
}
