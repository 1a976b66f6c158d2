import type { Codec, LogicalName, Of } from "@dlmskit/core";

// biome-ignore lint/suspicious/noExplicitAny: a class holds codecs of any type; inference gives each its own
export type AnyCodec = Codec<any>;

/** What an attribute may be used for where an association grants all that the class has. */
export type Usage = "r" | "w" | "rw";

export interface AttributeSpec {
  /**
   * 2 to 127, or below 0 for a manufacturer's own: attribute 1 is the logical name, in every class. In short name referencing it is at
   * base_name + 8 (id - 1). 0: what an object keeps for itself (a preset time), which no client reaches and no list shows.
   */
  readonly id: number;
  /** The whole tagged value. */
  readonly type: AnyCodec;
  /** True: the meter does not change it by itself. False: it does ("dyn." in the Blue Book). Left out: not said. */
  readonly static?: boolean;
  /** Unless told otherwise `"rw"` where it is static, else `"r"`. */
  readonly access?: Usage;
  /** What a new object has (`defaultObject`); by default the simplest value of the type, see `initialData`. */
  readonly default?: unknown;
  /** What the number counts, as the standard writes it: "s", "min", "baud". */
  readonly unit?: string;
  /** The lowest and the highest value; another one that a client writes is refused with other-reason. */
  readonly range?: readonly [lowest: number, highest: number];
  /** Names of the bits of the value, or of the bit-string in it: bit 0 is the least significant, or the first one. */
  readonly bits?: Readonly<Record<string, number>>;
  /** The access selectors that its read hook understands. */
  readonly selectors?: readonly number[];
  /** An object may leave it out. */
  readonly optional?: true;
  /** What was written is not kept over a restart (the time of a clock). */
  readonly volatile?: true;
}

export interface MethodSpec {
  readonly id: number;
  /** Every object must have it. */
  readonly mandatory?: true;
  readonly argument: AnyCodec;
  readonly result?: AnyCodec;
}

/**
 * What an object does by itself as time passes. Instants are ms since 1970-01-01T00:00Z of the meter's clock.
 * `V`: the values; `C`: what `run` is given; `T`: what `next` is given.
 */
// biome-ignore lint/suspicious/noExplicitAny: a class holds a timeline of its own values; the contexts are those of object.ts
export interface Timeline<V = any, C = any, T = any> {
  /** Whether an object with those hooks ever does something by itself, whatever its values; it may by default. */
  acts?(hooks: { readonly invoke?: { readonly [method: string]: unknown } }): boolean;
  /**
   * The first instant after `after` at which there is something to do; undefined: never. The same values and instants give
   * the same answer in any process: nothing else may be asked.
   */
  next(values: Readonly<V>, context: T, after: number): number | undefined;
  /** Does it, at the instant that `next` gave (`context.now`), however late the machine is. A promise ends it later. */
  run(values: V, context: C, at: number): unknown;
  /** What happens to instants that passed while nothing ran: each is run in order, only the last, or none. */
  readonly missed: "each" | "last" | "none";
  /** With `missed: "each"`: instants before this one need not be run when it is `now` (a buffer would not keep their rows). */
  since?(values: Readonly<V>, context: T, now: number): number;
  /** What goes first of all that is due at one instant: the lower; 50 by default. `timeOrder` has those of the standard's classes. */
  readonly order?: number;
  /** Classes whose objects, too, decide when something is due (the special days of a calendar): changed, all is planned again. */
  readonly watches?: readonly number[];
  /**
   * The clock was set from `from` to `to`, by more than a synchronisation: what is to be run late, each as the instant at which it
   * was due, in order; `run` gets them one after another, while the clock shows `to`. Nothing unless told.
   */
  moved?(values: Readonly<V>, context: T, from: number, to: number): Iterable<number>;
  /**
   * The meter was without power from one instant to another: the object's values change as its class says (a period is closed, timers
   * begin again), before anything is run late. All objects in the order of `order`; `context.now` is `to`. A promise ends it later.
   */
  poweredUp?(values: V, context: C, from: number, to: number): unknown;
  /**
   * The meter was without power after `from` until `to`: what is to be run late, as with `moved`. Nothing unless told. A stop of the
   * process is no power failure: it is caught up with as `missed` says.
   */
  restored?(values: Readonly<V>, context: T, from: number, to: number): Iterable<number>;
}

/**
 * What an object does when attributes of other objects of its logical device change. `V`: the values; `C`: what `changed` is given;
 * `W`: what is told of a change.
 */
// biome-ignore lint/suspicious/noExplicitAny: a class watches with its own values; the rest is of object.ts
export interface Watch<V = any, C = any, W = any> {
  /** The attributes that it watches, by its values. What is not there is never heard of; nor is what a read hook makes, which nobody stores. */
  attributes(values: Readonly<V>): readonly WatchedAttribute[];
  /**
   * Acts, once for all that a request, a script or an instant of time has changed: in the same unit of work, when that has made its
   * changes, so that all of it is kept or nothing. What it changes may move others that watch, eight rounds at the most. What it throws undoes
   * its own part only, and is told as an event. A promise ends it later.
   */
  changed(values: V, context: C, changes: readonly W[]): unknown;
}

export interface WatchedAttribute {
  readonly classId: number;
  readonly instanceId: LogicalName;
  readonly attributeId: number;
}

/** Which class goes first at one instant: what closes an interval goes before what opens one. */
export const timeOrder = {
  clock: 10,
  demand: 20,
  capture: 30,
  singleAction: 40,
  calendarActivation: 60,
  schedule: 70,
  calendar: 80,
} as const;

/** What programs ask a class instead of its id: the names of attributes that have a meaning for other objects. */
export interface Traits {
  /** The attribute that shows the time of day. */
  readonly clock?: string;
  /** A value (`also`: others in the same unit), and the attribute that holds their scaler and unit. */
  readonly scaled?: { readonly value: string; readonly also?: readonly string[]; readonly scalerUnit: string };
  /** Whether its values are those of a Clock that decide local time (`ZoneSettings`). */
  readonly zone?: true;
  /** The attribute with the seconds of a measuring period, or between two captures. */
  readonly period?: { readonly measuring?: string; readonly capture?: string };
  /** Who acts (`Actor`) when its objects act by themselves; `"time"` or `"monitor"` by default. */
  readonly actor?: "monitor" | "limiter";
  /** A buffer of rows, and the attribute that names its columns. */
  readonly rows?: { readonly buffer: string; readonly columns: string };
}

/** A COSEM interface class as data (Blue Book 4): attributes from 2 on and methods, by name. */
export interface ClassSpec {
  readonly classId: number;
  readonly version: number;
  /** As the Blue Book calls it. */
  readonly name: string;
  readonly attributes: { readonly [name: string]: AttributeSpec };
  readonly methods: { readonly [name: string]: MethodSpec };
  /** How sure the declaration is: left out, high; medium and low mean that details rest on few sources or on memory. */
  readonly confidence?: "medium" | "low";
  /** In short name referencing, method m is at base_name + `methodOffset` + 8 (m - 1). */
  readonly methodOffset?: number;
  readonly traits?: Traits;
  /** What objects of the class do by themselves. */
  readonly time?: Timeline;
  /** What objects of the class do when attributes of others change. */
  readonly watch?: Watch;
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
      Omit<S["attributes"], K> & {
        readonly [P in K]: Flat<Omit<S["attributes"][K], "type" | "default"> & { readonly type: C }>;
      }
    >;
  }
>;

/** The class with a narrower type of one attribute, without its default; ids, access and methods stay. */
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

function members(spec: ClassSpec): Members {
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

/** The id of the attribute with that trait's name; undefined where the class does not have the trait. */
export function clockAttribute(spec: ClassSpec): number | undefined {
  const name = spec.traits?.clock;
  return name === undefined ? undefined : spec.attributes[name]?.id;
}

/** The id of the attribute that holds scaler and unit of an attribute; undefined where it has none. */
export function scalerUnitAttribute(spec: ClassSpec, attributeId: number): number | undefined {
  const { scaled } = spec.traits ?? {};
  const name = attributeName(spec, attributeId);
  if (scaled === undefined || name === undefined) return undefined;
  if (name !== scaled.value && scaled.also?.includes(name) !== true) return undefined;
  return spec.attributes[scaled.scalerUnit]?.id;
}

/** The name of what objects of the class keep for themselves (id 0); undefined where there is nothing. */
export const stateName = (spec: ClassSpec): string | undefined => members(spec).state;

/** The ids of the attributes that clients can reach, from 2 on or below 0, ascending. */
export const attributeIds = (spec: ClassSpec): readonly number[] =>
  [...members(spec).attributes.keys()].sort((one, other) => one - other);
/** The name of an attribute (2 on) in the class; undefined where there is none. */
export const attributeName = (spec: ClassSpec, id: number): string | undefined => members(spec).attributes.get(id);
/** The name of a method in the class; undefined where there is none. */
export const methodName = (spec: ClassSpec, id: number): string | undefined => members(spec).methods.get(id);
