import type { Codec, LogicalName, Of } from "@dlmskit/core";

// biome-ignore lint/suspicious/noExplicitAny: a class holds codecs of any type; inference gives each its own
export type AnyCodec = Codec<any>;

/** The access to an attribute when an association grants everything that the class allows. */
export type Usage = "r" | "w" | "rw";

export interface AttributeSpec {
  /**
   * 2 to 127, or below 0 for a manufacturer's own attribute; attribute 1 is the logical name in every class. In short name referencing the
   * attribute is at base_name + 8 (id - 1). 0: internal data of an object (a preset time), which no client can access and no list shows.
   */
  readonly id: number;
  /** The type of the whole tagged value. */
  readonly type: AnyCodec;
  /** True: the meter does not change the value by itself. False: it does ("dyn." in the Blue Book). Left out: not specified. */
  readonly static?: boolean;
  /** By default `"rw"` if the attribute is static, otherwise `"r"`. */
  readonly access?: Usage;
  /** The value in a new object (`defaultObject`); by default the simplest value of the type, see `initialData`. */
  readonly default?: unknown;
  /** The unit of the number, as the standard writes it: "s", "min", "baud". */
  readonly unit?: string;
  /** The lowest and the highest value; if a client writes a value outside this range, it is refused with other-reason. */
  readonly range?: readonly [lowest: number, highest: number];
  /**
   * Names of the bits of the value, or of the bit-string in it: bit 0 is the least significant bit of a number, or the first bit of a
   * bit-string.
   */
  readonly bits?: Readonly<Record<string, number>>;
  /** The access selectors that the attribute's read hook supports. */
  readonly selectors?: readonly number[];
  /** An object may leave the attribute out. */
  readonly optional?: true;
  /** A written value is not kept after a restart (the time of a clock). */
  readonly volatile?: true;
}

export interface MethodSpec {
  readonly id: number;
  /** Every object must have the method. */
  readonly mandatory?: true;
  readonly argument: AnyCodec;
  readonly result?: AnyCodec;
}

/**
 * The scheduled behaviour of an object. Instants are ms since 1970-01-01T00:00Z of the meter's clock. `V`: the values; `C`: the context of
 * `run`; `T`: the context of `next`.
 */
// biome-ignore lint/suspicious/noExplicitAny: a class holds a timeline of its own values; the contexts are those of object.ts
export interface Timeline<V = any, C = any, T = any> {
  /** Whether an object with those hooks can have scheduled actions at all, whatever its values are; true by default. */
  acts?(hooks: { readonly invoke?: { readonly [method: string]: unknown } }): boolean;
  /**
   * The first instant after `after` at which an action is due; undefined: never. The same values and instants must give the same result in
   * any process, so the function must not depend on anything else.
   */
  next(values: Readonly<V>, context: T, after: number): number | undefined;
  /**
   * Performs the action that is due at the instant that `next` returned (`context.now`), even if the process runs late. If it returns a
   * promise, the action ends when the promise does.
   */
  run(values: V, context: C, at: number): unknown;
  /** What is done with instants that passed while the process was stopped: each is run in order, only the last is run, or none. */
  readonly missed: "each" | "last" | "none";
  /**
   * With `missed: "each"`: instants before the returned one need not be run when the clock shows `now` (a buffer would not keep their
   * rows).
   */
  since?(values: Readonly<V>, context: T, now: number): number;
  /**
   * Among actions that are due at the same instant, a lower number runs first; 50 by default. `timeOrder` has the numbers of the standard's
   * classes.
   */
  readonly order?: number;
  /**
   * Classes whose objects also determine when an action is due (the special days of a calendar). When one of them changes, all due instants
   * are computed again.
   */
  readonly watches?: readonly number[];
  /**
   * The clock was set from `from` to `to`, by more than a synchronisation. Returns the instants at which missed actions were due, in order;
   * `run` is called for each of them, one after another, while the clock shows `to`. None by default.
   */
  moved?(values: Readonly<V>, context: T, from: number, to: number): Iterable<number>;
  /**
   * The meter was without power from one instant to another. The object's values change as its class defines (a period is closed, timers
   * start again) before missed actions are run. It is called for all objects in the order of `order`; `context.now` is `to`. If it returns
   * a promise, it ends when the promise does.
   */
  poweredUp?(values: V, context: C, from: number, to: number): unknown;
  /**
   * The meter loses its power: what the object does last. `context.now` is that instant, and nothing that is due later runs. If it returns
   * a promise, the power goes when the promise ends.
   */
  poweringDown?(values: V, context: C): unknown;
  /**
   * The meter was without power from `from` (not included) to `to`. Returns the missed actions to run, as `moved` does. None by default. A
   * stop of the process is not a power failure: `missed` says what is done after it.
   */
  restored?(values: Readonly<V>, context: T, from: number, to: number): Iterable<number>;
}

/**
 * What an object does when attributes of other objects of its logical device change. `V`: the values; `C`: the context of `changed`; `W`:
 * the description of a change.
 */
// biome-ignore lint/suspicious/noExplicitAny: a class watches with its own values; the rest is of object.ts
export interface Watch<V = any, C = any, W = any> {
  /**
   * The attributes that the object watches, according to its values. No change is reported for an attribute that does not exist, or whose
   * value a read hook computes, because it is not stored.
   */
  attributes(values: Readonly<V>): readonly WatchedAttribute[];
  /**
   * Called once for all changes that a request, a script or an instant of time has made, after they are made and in the same unit of work,
   * so that either everything is kept or nothing. Its own changes may trigger other objects that watch, in at most eight rounds. If it
   * throws, only its own changes are undone, and the error is reported as an event. If it returns a promise, it ends when the promise does.
   */
  changed(values: V, context: C, changes: readonly W[]): unknown;
}

export interface WatchedAttribute {
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly attributeId: number;
}

/** The order of the classes at one instant: an object that closes an interval runs before one that opens an interval. */
export const timeOrder = {
  clock: 10,
  demand: 20,
  capture: 30,
  singleAction: 40,
  calendarActivation: 60,
  schedule: 70,
  calendar: 80,
} as const;

/** Properties of a class that programs use instead of its id: the names of attributes that have a meaning for other objects. */
export interface Traits {
  /** The attribute that shows the time of day. */
  readonly clock?: string;
  /** A value (`also`: other values in the same unit), and the attribute that holds their scaler and unit. */
  readonly scaled?: { readonly value: string; readonly also?: readonly string[]; readonly scalerUnit: string };
  /** Whether its values are the settings of a Clock that determine local time (`ZoneSettings`). */
  readonly zone?: true;
  /** The attribute with the length of a measuring period, or the time between two captures, in seconds. */
  readonly period?: { readonly measuring?: string; readonly capture?: string };
  /** The actor (`Actor`) of the actions that its objects take by themselves; `"time"` or `"monitor"` by default. */
  readonly actor?: "monitor" | "limiter";
  /** A buffer of rows, and the attribute that defines its columns. */
  readonly rows?: { readonly buffer: string; readonly columns: string };
}

/** A COSEM interface class as data (Blue Book 4): attributes from 2 on and methods, by name. */
export interface ClassSpec {
  readonly classId: number;
  readonly version: number;
  /** The name in the Blue Book. */
  readonly name: string;
  readonly attributes: { readonly [name: string]: AttributeSpec };
  readonly methods: { readonly [name: string]: MethodSpec };
  /** How reliable the declaration is: high if left out; medium and low mean that details are based on few sources or on memory. */
  readonly confidence?: "medium" | "low";
  /** In short name referencing, method m is at base_name + `methodOffset` + 8 (m - 1). */
  readonly methodOffset?: number;
  readonly traits?: Traits;
  /** The scheduled behaviour of the objects of the class. */
  readonly time?: Timeline;
  /** What objects of the class do when attributes of other objects change. */
  readonly watch?: Watch;
}

/** Declares an interface class. The types of its objects' values, hooks and arguments are inferred from the literal. */
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

/** The result of `retype`: the same class with another type for one attribute. */
export type Retyped<S extends ClassSpec, K extends keyof S["attributes"], C extends AnyCodec> = Flat<
  Omit<S, "attributes"> & {
    readonly attributes: Flat<
      Omit<S["attributes"], K> & {
        readonly [P in K]: Flat<Omit<S["attributes"][K], "type" | "default"> & { readonly type: C }>;
      }
    >;
  }
>;

/** The class with a narrower type for one attribute, without its default; ids, access and methods do not change. */
export function retype<S extends ClassSpec, K extends keyof S["attributes"] & string, C extends AnyCodec>(
  spec: S,
  name: K,
  type: C,
): Retyped<S, K, C> {
  const { default: _, ...attribute } = spec.attributes[name] as AttributeSpec;
  return {
    ...spec,
    attributes: { ...spec.attributes, [name]: { ...attribute, type } },
  } as unknown as Retyped<S, K, C>;
}

interface Members {
  readonly attributes: ReadonlyMap<number, string>;
  readonly state: string | undefined;
  readonly methods: ReadonlyMap<number, string>;
}
const membersOf = new WeakMap<ClassSpec, Members>();
// A request asks for the members of one class several times.
let last: { readonly spec: ClassSpec; readonly members: Members } | undefined;

function members(spec: ClassSpec): Members {
  if (last?.spec !== spec) last = { spec, members: madeOrKept(spec) };
  return last.members;
}

function madeOrKept(spec: ClassSpec): Members {
  let found = membersOf.get(spec);
  if (found === undefined) {
    const byId = (of: { readonly [name: string]: { readonly id: number } }) =>
      new Map(Object.entries(of).map(([name, { id }]) => [id, name]));
    const attributes = byId(spec.attributes);
    const state = attributes.get(0);
    attributes.delete(0);
    found = { attributes, state, methods: byId(spec.methods) };
    membersOf.set(spec, found);
  }
  return found;
}

/** The id of the attribute with the time of day (trait `clock`); undefined if the class does not have the trait. */
export function clockAttribute(spec: ClassSpec): number | undefined {
  const name = spec.traits?.clock;
  return name === undefined ? undefined : spec.attributes[name]?.id;
}

/** The id of the attribute that holds the scaler and unit of an attribute; undefined if there is none. */
export function scalerUnitAttribute(spec: ClassSpec, attributeId: number): number | undefined {
  const { scaled } = spec.traits ?? {};
  const name = attributeName(spec, attributeId);
  if (scaled === undefined || name === undefined) return undefined;
  if (name !== scaled.value && scaled.also?.includes(name) !== true) return undefined;
  return spec.attributes[scaled.scalerUnit]?.id;
}

/** The name of the internal data of the class's objects (id 0); undefined if there is none. */
export const stateName = (spec: ClassSpec): string | undefined => members(spec).state;

/** The ids of the attributes that clients can access, from 2 on or below 0, ascending. */
export const attributeIds = (spec: ClassSpec): readonly number[] =>
  [...members(spec).attributes.keys()].sort((one, other) => one - other);
/** The name of an attribute (from 2 on) in the class; undefined if there is none. */
export const attributeName = (spec: ClassSpec, id: number): string | undefined => members(spec).attributes.get(id);
/** The name of a method in the class; undefined if there is none. */
export const methodName = (spec: ClassSpec, id: number): string | undefined => members(spec).methods.get(id);
