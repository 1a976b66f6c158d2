import type { Codec, Of } from "@dlmskit/core";

// biome-ignore lint/suspicious/noExplicitAny: a class holds codecs of any type; inference gives each its own
export type AnyCodec = Codec<any>;

/** What an attribute may be used for where an association grants all that the class has. */
export type Usage = "r" | "w" | "rw";

export interface AttributeSpec {
  /** 2 to 127: attribute 1 is the logical name, in every class. */
  readonly id: number;
  /** The whole tagged value. */
  readonly type: AnyCodec;
  /** `"r"` unless told otherwise. */
  readonly access?: Usage;
  /** The access selectors that its read hook understands. */
  readonly selectors?: readonly number[];
  /** An object may leave it out. */
  readonly optional?: true;
  /** What was written is not kept over a restart (the time of a clock). */
  readonly volatile?: true;
}

export interface MethodSpec {
  readonly id: number;
  readonly argument: AnyCodec;
  readonly result?: AnyCodec;
}

/** A COSEM interface class as data (Blue Book 4): attributes from 2 on and methods, by name. */
export interface ClassSpec {
  readonly classId: number;
  readonly version: number;
  /** As the Blue Book calls it. */
  readonly name: string;
  readonly attributes: { readonly [name: string]: AttributeSpec };
  readonly methods: { readonly [name: string]: MethodSpec };
}

/** Declares an interface class; the types of its objects' values, hooks and arguments follow from the literal. */
export const interfaceClass = <const S extends ClassSpec>(spec: S): S => spec;

type Optional<S extends ClassSpec> = {
  [K in keyof S["attributes"]]: S["attributes"][K] extends { readonly optional: true } ? K : never;
}[keyof S["attributes"]];
type TypeOf<S extends ClassSpec, K extends keyof S["attributes"]> = Of<S["attributes"][K]["type"]>;
type Flat<T> = { [K in keyof T]: T[K] };

/** The values of an object's attributes, by name. */
export type Values<S extends ClassSpec> = Flat<
  { -readonly [K in Exclude<keyof S["attributes"], Optional<S>>]: TypeOf<S, K> } & {
    -readonly [K in Optional<S>]?: TypeOf<S, K>;
  }
>;

/** What `retype` gives: the same class with another type of one attribute. */
export type Retyped<S extends ClassSpec, K extends keyof S["attributes"], C extends AnyCodec> = Flat<
  Omit<S, "attributes"> & {
    readonly attributes: Flat<
      Omit<S["attributes"], K> & { readonly [P in K]: Flat<Omit<S["attributes"][K], "type"> & { readonly type: C }> }
    >;
  }
>;

/** The class with a narrower type of one attribute; ids, access and methods stay. */
export function retype<S extends ClassSpec, K extends keyof S["attributes"] & string, C extends AnyCodec>(
  spec: S,
  name: K,
  type: C,
): Retyped<S, K, C> {
  return {
    ...spec,
    attributes: { ...spec.attributes, [name]: { ...spec.attributes[name], type } },
  } as unknown as Retyped<S, K, C>;
}

interface Members {
  readonly attributes: ReadonlyMap<number, string>;
  readonly methods: ReadonlyMap<number, string>;
}
const membersOf = new WeakMap<ClassSpec, Members>();

function members(spec: ClassSpec): Members {
  let found = membersOf.get(spec);
  if (found === undefined) {
    const byId = (of: { readonly [name: string]: { readonly id: number } }) =>
      new Map(Object.entries(of).map(([name, { id }]) => [id, name]));
    found = { attributes: byId(spec.attributes), methods: byId(spec.methods) };
    membersOf.set(spec, found);
  }
  return found;
}

/** The name of an attribute (2 on) in the class; undefined where there is none. */
export const attributeName = (spec: ClassSpec, id: number): string | undefined => members(spec).attributes.get(id);
/** The name of a method in the class; undefined where there is none. */
export const methodName = (spec: ClassSpec, id: number): string | undefined => members(spec).methods.get(id);
