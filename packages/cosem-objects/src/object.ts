import type { EncodedData } from "@dlmskit/apdu";
import { type LogicalName, logicalName, type Of } from "@dlmskit/core";
import type { Context, Selection } from "./context.ts";
import type { ClassSpec, Values } from "./interface-class.ts";
import type { MaybePromise } from "./maybe-promise.ts";

// biome-ignore lint/suspicious/noConfusingVoidType: what a hook returns that has nothing to return
type ResultOf<M> = M extends { readonly result: infer C } ? Of<C> : void;

/**
 * Behaviour beside the data. `values` are this meter's: assign to its keys, do not change what they hold
 * (an array or object in them may be the template's, shared by other meters).
 */
export interface Hooks<S extends ClassSpec> {
  /** Gives the value at reading; octets that are already encoded are sent as they are. */
  readonly read?: {
    readonly [K in keyof S["attributes"]]?: (
      values: Values<S>,
      context: Context,
      selection?: Selection,
    ) => MaybePromise<Of<S["attributes"][K]["type"]> | EncodedData>;
  };
  /** Takes a value that a client wrote, of the right type already; throws `refuse(…)` to refuse. Assigns it itself. */
  readonly write?: {
    readonly [K in keyof S["attributes"]]?: (
      values: Values<S>,
      value: Of<S["attributes"][K]["type"]>,
      context: Context,
    ) => MaybePromise<void>;
  };
  /** A method without a hook is not there. */
  readonly invoke?: {
    readonly [K in keyof S["methods"]]?: (
      values: Values<S>,
      argument: Of<S["methods"][K]["argument"]>,
      context: Context,
    ) => MaybePromise<ResultOf<S["methods"][K]>>;
  };
}

/** An object of a template: class, logical name, first values, behaviour. */
export interface CosemObject<S extends ClassSpec> {
  readonly spec: S;
  readonly instance: LogicalName;
  readonly values: Values<S>;
  readonly hooks: Hooks<S>;
}

// biome-ignore lint/suspicious/noExplicitAny: a device holds objects of any class
export type AnyObject = CosemObject<any>;

/**
 * An object of a class. `instance` is its logical name in any usual form (`"1-0:1.8.0"`); Fault `bad-logical-name`.
 * Attributes that a read hook gives still need a value here, unless the class has them optional.
 */
export function object<const S extends ClassSpec>(
  spec: S,
  instance: LogicalName,
  values: NoInfer<Values<S>>,
  hooks: NoInfer<Hooks<S>> = {},
): CosemObject<S> {
  return { spec, instance: logicalName(instance), values, hooks };
}
