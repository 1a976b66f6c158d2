import {
  type Data,
  type DataLike,
  dataOf,
  type EncodedData,
  fromData,
  type StreamedData,
  T,
  type TypedCodec,
} from "@dlmskit/apdu";
import { type Codec, Fault } from "@dlmskit/core";
import { attributeName, methodName } from "./interface-class.ts";
import { after, type MaybePromise } from "./maybe-promise.ts";
import type { AnyObject, Context, Selection } from "./object.ts";
import { refusalOf, refuse } from "./refusal.ts";

type AnyValues = Record<string, unknown>;

/** Whether a hook returned octets, or a stream of them, instead of a value. */
function isEncoded(value: unknown): value is EncodedData | StreamedData {
  if (typeof value !== "object" || value === null) return false;
  const { type } = value as { type?: unknown };
  return (type === "encoded" && "octets" in value) || (type === "streamed" && "next" in value);
}

/**
 * Represents a stored value that cannot be decoded. Using it throws its Fault; the rest of the object works. Writing the attribute replaces
 * it.
 */
export class UnreadableValue {
  readonly fault: Fault;

  constructor(fault: Fault) {
    this.fault = fault;
  }

  /** A hook that computes with it also gets the Fault. */
  [Symbol.toPrimitive](): never {
    throw this.fault;
  }
}

/**
 * The Data of a value that a hook returns or that is assigned. Fault `wrong-value` if the value is not of the attribute's type; it names
 * the attribute and the type that it takes.
 * @param name the attribute's name in the class's declaration.
 */
export function attributeData(object: AnyObject, name: string, value: unknown): EncodedData | StreamedData {
  const { id, type } = object.spec.attributes[name];
  return dataFor(type, value, (at) => `attribute ${id} (${[name, ...at].join(".")}) of ${nameOf(object)}`);
}

const nameOf = ({ spec, instance }: AnyObject): string => `${spec.name} ${instance}`;

function dataFor(
  type: Codec<unknown> & Partial<Pick<TypedCodec<unknown>, "types">>,
  value: unknown,
  what: (at: readonly string[]) => string,
): EncodedData | StreamedData {
  if (isEncoded(value)) return value;
  try {
    return dataOf(type, value);
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    const { types = [] } = type;
    const taken = types.length === 0 ? "" : `; it is of type ${types.join(" or ")}`;
    throw new Fault("wrong-value", `${what(cause.path)} cannot have this value: ${cause.message}`, {
      layer: "cosem",
      hint: `correct what the hook returns or the program assigns${taken}`,
      cause,
    });
  }
}

/** Checks values that a program passes, by name. Names that the class does not declare belong to the program. Fault `wrong-value`. */
export function checkValues(object: AnyObject, values: Readonly<AnyValues>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value instanceof UnreadableValue || !Object.hasOwn(object.spec.attributes, name))
      continue;
    attributeData(object, name, value);
  }
}

/** Whether the object list shows the attribute, with or without access: whether its class has it. */
export function listsAttribute(object: AnyObject, attributeId: number): boolean {
  return attributeId === 1 || attributeName(object.spec, attributeId) !== undefined;
}

/** Whether the object has the attribute: a value or a read hook. Every object has attribute 1. */
export function hasAttribute(object: AnyObject, attributeId: number): boolean {
  if (attributeId === 1) return true;
  const name = attributeName(object.spec, attributeId);
  if (name === undefined) return false;
  return (
    object.values[name] !== undefined ||
    object.hooks.read?.[name] !== undefined ||
    object.hooks.write?.[name] !== undefined
  );
}

/** Whether the object has the method: only methods with a hook exist. */
export function hasMethod(object: AnyObject, methodId: number): boolean {
  const name = methodName(object.spec, methodId);
  return name !== undefined && object.hooks.invoke?.[name] !== undefined;
}

/**
 * Reads an attribute of an object with the values of a meter. The caller must check access rights. A function that makes the context is
 * called only if the attribute has a hook. Throws the Fault of an
 * `UnreadableValue`, and refusals: `object-undefined` for an attribute that does not exist, `other-reason` for a selector that it does not
 * have.
 */
export function readAttribute(
  object: AnyObject,
  values: Readonly<AnyValues>,
  attributeId: number,
  context: Context | (() => Context),
  selection?: Selection,
): MaybePromise<DataLike> {
  if (!hasAttribute(object, attributeId)) throw refuse("object-undefined");
  const name = attributeName(object.spec, attributeId);
  const spec = name === undefined ? undefined : object.spec.attributes[name];
  if (selection !== undefined && !spec?.selectors?.includes(selection.selector)) {
    throw refuse("other-reason", `attribute ${attributeId} has no access selector ${selection.selector}`);
  }
  if (name === undefined || spec === undefined) return dataOf(T.logicalName, object.instance);
  const hook = object.hooks.read?.[name];
  const value: MaybePromise<unknown> =
    hook === undefined ? values[name] : hook(values, typeof context === "function" ? context() : context, selection);
  if (value === undefined) throw refuse("other-reason", `${name} has no value`);
  if (value instanceof UnreadableValue) throw value.fault;
  return after(value, (now) => attributeData(object, name, now));
}

/**
 * Writes an attribute into `values`. Throws `object-undefined`, `type-unmatched` (not of the attribute's type; nothing was written),
 * `other-reason` (out of the attribute's range), and what the hook throws.
 */
export function writeAttribute(
  object: AnyObject,
  values: AnyValues,
  attributeId: number,
  data: DataLike,
  context: Context,
): MaybePromise<void> {
  const name = attributeName(object.spec, attributeId);
  const spec = name === undefined ? undefined : object.spec.attributes[name];
  if (name === undefined || spec === undefined || !hasAttribute(object, attributeId)) throw refuse("object-undefined");
  const value = typed(spec.type, data);
  const [lowest, highest] = spec.range ?? [];
  if (typeof value === "number" && (value < (lowest ?? value) || value > (highest ?? value))) {
    throw refuse("other-reason", `${name} is ${lowest} to ${highest}, not ${value}`);
  }
  const hook = object.hooks.write?.[name];
  if (hook !== undefined) return hook(values, value, context);
  values[name] = value;
}

/**
 * Invokes a method: throws `object-undefined`, `type-unmatched`, and what the hook throws; returns the return parameters, if there are any.
 */
export function invokeMethod(
  object: AnyObject,
  values: AnyValues,
  methodId: number,
  argument: DataLike | undefined,
  context: Context,
): MaybePromise<DataLike | undefined> {
  const name = methodName(object.spec, methodId);
  const spec = name === undefined ? undefined : object.spec.methods[name];
  const hook = name === undefined ? undefined : object.hooks.invoke?.[name];
  if (spec === undefined || hook === undefined) throw refuse("object-undefined");
  // Most methods take integer(0), and some clients leave it out.
  const value = typed(spec.argument, argument ?? ({ type: "integer", value: 0 } satisfies Data));
  const result: MaybePromise<unknown> = hook(values, value, context);
  return after(result, (now) => {
    if (now === undefined) return undefined;
    if (spec.result === undefined && !isEncoded(now)) return undefined;
    return dataFor(spec.result, now, (at) => `the result of method ${[name, ...at].join(".")} of ${nameOf(object)}`);
  });
}

function typed(type: Parameters<typeof fromData>[0], data: DataLike): unknown {
  try {
    return fromData(type, data);
  } catch (caught) {
    if (caught instanceof Fault && refusalOf(caught) === undefined) {
      throw new Fault("type-unmatched", caught.message, { layer: "cosem", cause: caught });
    }
    throw caught;
  }
}
