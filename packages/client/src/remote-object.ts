import { type Data, type DataLike, dataOf, fromData } from "@dlmskit/apdu";
import type { AttributeReference, MethodReference, RequestOptions } from "@dlmskit/association";
import { Fault, type LogicalName, type Of } from "@dlmskit/core";
import type { ClassSpec } from "@dlmskit/cosem-objects";
import {
  type AttributeOf,
  type AttributeValueOf,
  type Reads,
  readScaled,
  readTyped,
  referenceOf,
  type Scaled,
} from "./typed-read.ts";

/** The methods of a class, by name. */
export type MethodOf<S extends ClassSpec> = keyof S["methods"] & string;

/** The type of a method's argument, as the class declares it; unknown if the class is known only at run time. */
export type ArgumentOf<S extends ClassSpec, M extends MethodOf<S>> =
  string extends MethodOf<S> ? unknown : Of<S["methods"][M]["argument"]>;

/** The type of a method's return value; undefined if the class declares none. */
export type ResultOf<S extends ClassSpec, M extends MethodOf<S>> =
  string extends MethodOf<S> ? unknown : S["methods"][M] extends { readonly result: infer C } ? Of<C> : undefined;

/** A class whose values have a scaler and a unit. */
type ScaledClass = ClassSpec & { readonly traits: { readonly scaled: object } };

interface Talks extends Reads {
  set(reference: AttributeReference, value: DataLike, options?: RequestOptions): Promise<void>;
  invoke(method: MethodReference, parameters?: DataLike, options?: RequestOptions): Promise<Data | undefined>;
}

/** The reference of a named method, and its declaration. Fault `no-method` for a name that the class does not have. */
export function methodOfClass(
  spec: ClassSpec,
  instanceId: LogicalName,
  method: string,
): { readonly reference: MethodReference; readonly declared: ClassSpec["methods"][string] } {
  const declared = Object.hasOwn(spec.methods, method) ? spec.methods[method] : undefined;
  if (declared === undefined) {
    throw new Fault("no-method", `the class ${spec.name} has no method "${method}"`, {
      layer: "client",
      hint: Object.keys(spec.methods).join(", "),
    });
  }
  return { reference: { classId: spec.classId, instanceId, methodId: declared.id }, declared };
}

/**
 * An object of a meter with the names and types of its interface class: attributes, arguments and results have the declared types.
 * Nothing is cached: each call sends a request. Made by `session.object`.
 */
export class RemoteObject<const S extends ClassSpec> {
  readonly #session: Talks;
  readonly spec: S;
  readonly instanceId: LogicalName;

  constructor(session: Talks, spec: S, instanceId: LogicalName) {
    this.#session = session;
    this.spec = spec;
    this.instanceId = instanceId;
  }

  /** Reads an attribute. Faults as for `Session.get`, `type-unmatched`, and `no-attribute` for a name that the class does not have. */
  async get<K extends AttributeOf<S>>(attribute: K, options?: RequestOptions): Promise<AttributeValueOf<S, K>> {
    return (await readTyped(this.#session, this.spec, this.instanceId, attribute, options)) as AttributeValueOf<S, K>;
  }

  /** Reads the value with its scaler applied, and its unit; only for classes with the trait `scaled`. Faults as for `get`. */
  scaled(this: S extends ScaledClass ? RemoteObject<S> : never, options?: RequestOptions): Promise<Scaled>;
  scaled(options?: RequestOptions): Promise<Scaled> {
    return readScaled(this.#session, this.spec, this.instanceId, options);
  }

  /**
   * Writes an attribute. Faults as for `Session.set`, `no-attribute`, and those of the type for a value that does not fit the type;
   * these are thrown before anything is sent.
   */
  async set<K extends AttributeOf<S>>(
    attribute: K,
    value: AttributeValueOf<S, K>,
    options?: RequestOptions,
  ): Promise<void> {
    const reference = referenceOf(this.spec, this.instanceId, attribute);
    const { type } = this.spec.attributes[attribute] as ClassSpec["attributes"][string];
    await this.#session.set(reference, dataOf(type, value), options);
  }

  /**
   * Invokes a method; returns its return value. Faults as for `Session.invoke`, `no-method` for a name that the class does not have,
   * and `type-unmatched` for a result of another type than declared: in this case the method was invoked.
   */
  async invoke<M extends MethodOf<S>>(
    method: M,
    argument: ArgumentOf<S, M>,
    options?: RequestOptions,
  ): Promise<ResultOf<S, M>> {
    const { reference, declared } = methodOfClass(this.spec, this.instanceId, method);
    const data = await this.#session.invoke(reference, dataOf(declared.argument, argument), options);
    const { result } = declared;
    return (data === undefined || result === undefined ? undefined : fromData(result, data)) as ResultOf<S, M>;
  }
}
