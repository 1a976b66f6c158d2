import { asList, asObject, type Codec, Fault, type Fields, type Json, stepped } from "@dlmskit/core";
import { compiled, inlineOf, prefixed, readCount, readItems, recordInline, writeItems } from "@dlmskit/core/internal";
import { DataTag } from "./data-type.ts";
import { shapeOf } from "./typed-shape.ts";
import { simple, type TypedCodec } from "./typed-simple.ts";

/** An array whose items have the same codec. */
export function array<V>(item: Codec<V>): TypedCodec<V[]> {
  const list: Codec<V[]> = {
    read(from) {
      const count = from.boundedCount();
      const values: V[] = [];
      let at = 0;
      try {
        for (; at < count; at++) values.push(item.read(from));
      } catch (caught) {
        throw stepped(caught, String(at));
      }
      return values;
    },
    write(value, to) {
      if (!Array.isArray(value)) throw new Fault("type-unmatched", "expected a list", { layer: "axdr" });
      to.size(value.length);
      value.forEach((one: V, at) => {
        try {
          item.write(one, to);
        } catch (caught) {
          throw stepped(caught, String(at));
        }
      });
    },
    toJson: (value) => value.map((one) => item.toJson(one)),
    fromJson: (json) => asList(json).map((one) => item.fromJson(one)),
  };
  const ordinary = simple("array", list, { type: "array", item: shapeOf(item) });
  const inner = inlineOf(item);
  return compiled(ordinary, {
    read(program, into, path) {
      const count = program.variable();
      return `let ${count}; if (p >= end || o[p++] !== ${DataTag.array}) return $fail; ${readCount(count)} ${into} = []; ${readItems(program, inner, into, count, path)}`;
    },
    write(program, value, path) {
      return `if (!Array.isArray(${value})) return false; to.u8(${DataTag.array}); to.size(${value}.length); ${writeItems(program, inner, value, path)}`;
    },
  });
}

// biome-ignore lint/suspicious/noExplicitAny: a record of codecs holds codecs of any type; inference gives each its own
type Elements = Record<string, Codec<any>>;

/** A structure as an object with named elements. */
export function structure<const F extends Elements>(elements: F): TypedCodec<Fields<F>> {
  type V = Fields<F>;
  const names = Object.keys(elements);
  const codecs = Object.values(elements);
  const count = names.length;
  const within = <R>(name: string, run: () => R): R => {
    try {
      return run();
    } catch (caught) {
      throw stepped(caught, name);
    }
  };
  const record: Codec<V> = {
    read(from) {
      const start = from.at;
      const found = from.length();
      if (found !== count) {
        throw from.fault("bad-count", `a structure of ${found} elements instead of ${count}`, start);
      }
      const value: Record<string, unknown> = {};
      let at = 0;
      try {
        for (; at < count; at++) {
          const one = (codecs[at] as Codec<unknown>).read(from);
          if (one !== undefined) value[names[at] as string] = one;
        }
      } catch (caught) {
        throw stepped(caught, names[at] as string);
      }
      return value as V;
    },
    write(value, to) {
      if (typeof value !== "object" || value === null) {
        throw new Fault("type-unmatched", `expected an object with ${names.join(", ")}`, { layer: "axdr" });
      }
      to.size(count);
      names.forEach((name, at) => {
        within(name, () => (codecs[at] as Codec<unknown>).write((value as Record<string, unknown>)[name], to));
      });
    },
    toJson: (value) =>
      Object.fromEntries(
        names.map((name, at) => [
          name,
          (codecs[at] as Codec<unknown>).toJson((value as Record<string, unknown>)[name]),
        ]),
      ),
    fromJson(json) {
      const given = asObject(json);
      for (const key of Object.keys(given)) {
        if (!names.includes(key)) throw new Fault("bad-json", `"${key}" does not belong here`, { layer: "axdr" });
      }
      return Object.fromEntries(
        names.map((name, at) => [
          name,
          within(name, () => (codecs[at] as Codec<unknown>).fromJson(given[name] as Json)),
        ]),
      ) as V;
    },
  };
  const shapes = Object.fromEntries(names.map((name, at) => [name, shapeOf(codecs[at] as Codec<unknown>)]));
  const ordinary = simple("structure", record, { type: "structure", elements: shapes });
  const fields = recordInline(Object.entries(elements));
  if (fields === undefined || count >= 0x80) return ordinary;
  if (fields.octets !== undefined) return compiled(ordinary, prefixed([DataTag.structure, count], fields));
  return compiled(ordinary, {
    read: (program, into, path) =>
      `if (p + 2 > end || o[p] !== ${DataTag.structure} || o[p + 1] !== ${count}) return $fail; p += 2; ${fields.read(program, into, path)}`,
    write: (program, value, path) =>
      `to.u16(${(DataTag.structure << 8) | count}); ${fields.write(program, value, path)}`,
  });
}
