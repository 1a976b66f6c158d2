import { asList, asObject, badJson, type Codec, type Json, type Of, type RecordCodec } from "./codec.ts";
import { Fault, stepped } from "./fault.ts";
import { compiled, inlined } from "./inline.ts";
import { recordInline } from "./inline-parts.ts";
import {
  armsInline,
  fieldsInline,
  type InlineArm,
  inlinedRecord,
  joinedInline,
  listInline,
  makeObject,
  recordInlineOf,
  recordValue,
} from "./inline-records.ts";
import type { Reader } from "./reader.ts";

// biome-ignore lint/suspicious/noExplicitAny: a record of codecs holds codecs of any type; inference gives each its own
type AnyCodec = Codec<any>;
// biome-ignore lint/suspicious/noExplicitAny: see above
type AnyRecordCodec = RecordCodec<any>;

type OptionalKeys<F> = { [K in keyof F]: undefined extends Of<F[K]> ? K : never }[keyof F];
/** The object type of a record of codecs. A field whose codec can give undefined is an optional key. */
export type Fields<F> = { [K in Exclude<keyof F, OptionalKeys<F>>]: Of<F[K]> } & {
  [K in OptionalKeys<F>]?: Exclude<Of<F[K]>, undefined>;
} extends infer T
  ? { [K in keyof T]: T[K] }
  : never;

function checkNames(json: { readonly [key: string]: Json }, names: readonly string[], besides?: string): void {
  for (const key of Object.keys(json)) {
    if (key !== besides && !names.includes(key)) {
      throw new Fault("bad-json", `"${key}" does not belong here`, { hint: `expected ${names.join(", ")}` });
    }
  }
}

/** A record of fields in the given order. The field names are the keys of the value. */
export function sequence<const F extends Record<string, AnyCodec>>(fields: F): RecordCodec<Fields<F>> {
  const names = Object.keys(fields);
  const codecs = Object.values(fields);
  const count = names.length;

  function readInto(from: Reader, target: Record<string, unknown>): void {
    let at = 0;
    try {
      for (; at < count; at++) {
        const name = names[at] as string;
        from.observer?.enter(name, from.at);
        const value = (codecs[at] as AnyCodec).read(from);
        if (value !== undefined) target[name] = value;
        from.observer?.leave(from.at, value);
      }
    } catch (caught) {
      throw stepped(caught, names[at] as string);
    }
  }

  const record: RecordCodec<Fields<F>> = {
    names,
    readInto,
    read(from) {
      const target = {};
      readInto(from, target);
      return target as Fields<F>;
    },
    write(value, to) {
      let at = 0;
      try {
        for (; at < count; at++) {
          (codecs[at] as AnyCodec).write((value as Record<string, unknown>)[names[at] as string], to);
        }
      } catch (caught) {
        throw stepped(caught, names[at] as string);
      }
    },
    toJson(value) {
      const target: Record<string, Json> = {};
      this.jsonInto(value, target);
      return target;
    },
    jsonInto(value, target) {
      for (let at = 0; at < count; at++) {
        const name = names[at] as string;
        const field = (value as Record<string, unknown>)[name];
        if (field !== undefined) target[name] = (codecs[at] as AnyCodec).toJson(field);
      }
    },
    fromJson(json) {
      const given = asObject(json);
      checkNames(given, names);
      const target = {};
      this.fromJsonInto(given, target);
      return target as Fields<F>;
    },
    fromJsonInto(json, target) {
      for (let at = 0; at < count; at++) {
        const name = names[at] as string;
        try {
          const value = (codecs[at] as AnyCodec).fromJson(json[name] as Json);
          if (value !== undefined) target[name] = value;
        } catch (caught) {
          throw stepped(caught, name);
        }
      }
    },
  };
  const inline = fieldsInline(Object.entries(fields));
  if (inline === undefined) return record;
  return inlinedRecord(inlined(record, recordInline(Object.entries(fields)) ?? recordValue(inline)), inline);
}

type Joined<C extends readonly AnyRecordCodec[]> = C extends readonly [
  infer H,
  ...infer R extends readonly AnyRecordCodec[],
]
  ? Of<H> & Joined<R>
  : unknown;

/** Joins the fields of several records, in the given order, in one object. */
export function join<const C extends readonly AnyRecordCodec[]>(...parts: C): RecordCodec<Joined<C>> {
  const names = parts.flatMap((part) => part.names);
  const record: RecordCodec<Joined<C>> = {
    names,
    readInto(from, target) {
      for (const part of parts) part.readInto(from, target);
    },
    read(from) {
      const target = {};
      for (const part of parts) part.readInto(from, target);
      return target as Joined<C>;
    },
    write(value, to) {
      for (const part of parts) part.write(value, to);
    },
    toJson(value) {
      const target: Record<string, Json> = {};
      for (const part of parts) part.jsonInto(value, target);
      return target;
    },
    jsonInto(value, target) {
      for (const part of parts) part.jsonInto(value, target);
    },
    fromJson(json) {
      const given = asObject(json);
      checkNames(given, names);
      const target = {};
      for (const part of parts) part.fromJsonInto(given, target);
      return target as Joined<C>;
    },
    fromJsonInto(json, target) {
      for (const part of parts) part.fromJsonInto(json, target);
    },
  };
  const inline = joinedInline(parts.map((part) => recordInlineOf(part)));
  return inline === undefined ? record : inlinedRecord(inlined(record, recordValue(inline)), inline);
}

type Arms = Record<string, readonly [tag: number, codec: AnyRecordCodec]>;
/** The value of one of several records. The key `D` distinguishes them in the value, and a tag octet distinguishes them in the encoding. */
export type Choice<D extends string, A extends Arms> = {
  [K in keyof A]: { [P in D]: K } & Of<A[K][1]> extends infer T ? { [P in keyof T]: T[P] } : never;
}[keyof A];

export interface ChoiceCodec<T> extends Codec<T> {
  /** The tag of each arm, by the name of the arm. For tables and documentation. */
  readonly tags: Readonly<Record<string, number>>;
  /** Whether `tag` is a tag of this choice. */
  has(tag: number): boolean;
}

/** A CHOICE: a tag octet, then the fields of that arm. `discriminator` is the key that holds the arm's name. */
export function choice<const D extends string, const A extends Arms>(
  discriminator: D,
  arms: A,
): ChoiceCodec<Choice<D, A>> {
  type T = Choice<D, A>;
  const byTag: ({ name: string; codec: AnyRecordCodec } | undefined)[] = new Array(256).fill(undefined);
  for (const [name, [tag, codec]] of Object.entries(arms)) byTag[tag] = { name, codec };
  const armOf = (name: unknown): Arms[string] => {
    const arm = typeof name === "string" && Object.hasOwn(arms, name) ? arms[name] : undefined;
    if (arm === undefined) {
      throw new Fault("unknown-choice", `"${String(name)}" is not one of the choices`, {
        hint: `choose one of ${Object.keys(arms).join(", ")}`,
      });
    }
    return arm;
  };
  const codec: ChoiceCodec<T> = {
    tags: Object.fromEntries(Object.entries(arms).map(([name, [tag]]) => [name, tag])),
    has: (tag) => byTag[tag] !== undefined,
    read(from) {
      const at = from.at;
      const tag = from.u8();
      const arm = byTag[tag];
      if (arm === undefined)
        throw from.fault("unknown-tag", `no choice has the tag 0x${tag.toString(16).padStart(2, "0")}`, at);
      const target: Record<string, unknown> = { [discriminator]: arm.name };
      try {
        arm.codec.readInto(from, target);
      } catch (caught) {
        throw stepped(caught, arm.name);
      }
      return target as T;
    },
    write(value, to) {
      const name = (value as Record<string, unknown>)[discriminator];
      const [tag, codec] = armOf(name);
      to.u8(tag);
      try {
        codec.write(value, to);
      } catch (caught) {
        throw stepped(caught, name as string);
      }
    },
    toJson(value) {
      const name = (value as Record<string, unknown>)[discriminator] as string;
      const target: Record<string, Json> = { [discriminator]: name };
      armOf(name)[1].jsonInto(value, target);
      return target;
    },
    fromJson(json) {
      const given = asObject(json);
      const name = given[discriminator];
      const [, codec] = armOf(name);
      checkNames(given, codec.names, discriminator);
      const target: Record<string, unknown> = { [discriminator]: name };
      codec.fromJsonInto(given, target);
      return target as T;
    },
  };
  const inlineArms = Object.entries(arms).map(([name, [tag, record]]): InlineArm => {
    const inline = recordInlineOf(record);
    if (inline === undefined) return { tag, name };
    return {
      tag,
      name,
      read(program, into, path) {
        const { statements, members } = inline.read(program, path);
        const kind = { name: discriminator, value: JSON.stringify(name) };
        return `${statements} ${makeObject(into, [kind, ...members])}`;
      },
      write: inline.write,
    };
  });
  const which = (value: string): string => `${value}[${JSON.stringify(discriminator)}]`;
  return compiled(codec, armsInline(inlineArms, which));
}

/** OPTIONAL of A-XDR: an octet 0 (the value is absent, undefined), or an octet 1 and the value. Any other octet is Fault `bad-value`. */
export function optional<T>(inner: Codec<T>): Codec<T | undefined> {
  return {
    read(from) {
      const at = from.at;
      const usage = from.u8();
      if (usage > 1) throw from.fault("bad-value", `presence octet 0x${usage.toString(16)} is neither 0 nor 1`, at);
      return usage === 0 ? undefined : inner.read(from);
    },
    write(value, to) {
      to.u8(value === undefined ? 0 : 1);
      if (value !== undefined) inner.write(value, to);
    },
    toJson: (value) => inner.toJson(value as T),
    fromJson: (json) => (json === undefined ? undefined : inner.fromJson(json)),
  };
}

/** DEFAULT of A-XDR: an octet 0 (the default value), or an octet 1 and the value. */
export function withDefault<T>(inner: Codec<T>, initial: T): Codec<T> {
  const presence = optional(inner);
  return {
    read(from) {
      const value = presence.read(from);
      return value === undefined ? initial : value;
    },
    write: (value, to) => presence.write(value === initial ? undefined : value, to),
    toJson: (value) => inner.toJson(value),
    fromJson: (json) => (json === undefined ? initial : inner.fromJson(json)),
  };
}

/** A count, then that number of items. The count is checked against the number of octets left before memory is allocated. */
export function list<T>(item: Codec<T>, minimumOctets = 1): Codec<T[]> {
  const codec: Codec<T[]> = {
    read(from) {
      const count = from.boundedCount(minimumOctets);
      const items: T[] = [];
      let at = 0;
      try {
        for (; at < count; at++) {
          from.observer?.enter(String(at), from.at);
          const value = item.read(from);
          items.push(value);
          from.observer?.leave(from.at, value);
        }
      } catch (caught) {
        throw stepped(caught, String(at));
      }
      return items;
    },
    write(value, to) {
      to.size(value.length);
      value.forEach((one, at) => {
        try {
          item.write(one, to);
        } catch (caught) {
          throw stepped(caught, String(at));
        }
      });
    },
    toJson: (value) => value.map((one) => item.toJson(one)),
    fromJson: (json) =>
      asList(json).map((one, at) => {
        try {
          return item.fromJson(one);
        } catch (caught) {
          throw stepped(caught, String(at));
        }
      }),
  };
  return inlined(codec, listInline(item, minimumOctets));
}

/** Has the same encoding and the same JSON as `inner`, but a different value in the program. */
export function map<A, B>(inner: Codec<A>, to: (a: A) => B, back: (b: B) => A): Codec<B> {
  return {
    read: (from) => to(inner.read(from)),
    write: (value, into) => inner.write(back(value), into),
    toJson: (value) => inner.toJson(back(value)),
    fromJson: (json) => to(inner.fromJson(json)),
  };
}

// The default limit of a Reader: what is accepted as JSON can also be read from its octets.
const jsonDepth = 64;

/** A codec that is looked up when it is used, for recursive types. Each use is one nesting level. Past the limit: Fault `too-deep`. */
export function lazy<T>(get: () => Codec<T>): Codec<T> {
  let depth = 0;
  return {
    read(from) {
      from.descend();
      const value = get().read(from);
      from.ascend();
      return value;
    },
    write: (value, to) => get().write(value, to),
    toJson: (value) => get().toJson(value),
    fromJson(json) {
      if (json === undefined) throw badJson("a value", json);
      if (depth >= jsonDepth) throw new Fault("too-deep", `nested deeper than ${jsonDepth} levels`);
      depth++;
      try {
        return get().fromJson(json);
      } finally {
        depth--;
      }
    },
  };
}
