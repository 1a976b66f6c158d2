import { asObject, badJson, type Codec, Fault, type Json, type Of, stepped } from "@dlmskit/core";
import { armsInline, type InlineArm, inlined, inlineOf, readStatements, writeStatements } from "@dlmskit/core/internal";

// biome-ignore lint/suspicious/noExplicitAny: a record of codecs holds codecs of any type; inference gives each its own
type KeyedArms = Record<string, readonly [tag: number, codec: Codec<any>]>;
/** An object with exactly one key, the name of the arm. */
export type Keyed<A extends KeyedArms> = {
  [K in keyof A]: { readonly [P in K]: Of<A[K][1]> } & { readonly [P in Exclude<keyof A, K>]?: never };
}[keyof A] extends infer T
  ? { [P in keyof T]: T[P] }
  : never;

/** A CHOICE whose arms are values, not records: a tag octet and the value. Its type is `{arm: value}`. */
export function keyed<const A extends KeyedArms>(arms: A): Codec<Keyed<A>> {
  const names = Object.keys(arms);
  const byTag: (string | undefined)[] = new Array(256).fill(undefined);
  for (const name of names) byTag[(arms[name] as A[string])[0]] = name;
  const nameIn = (value: object): string => {
    let found: string | undefined;
    for (const name of names) {
      if ((value as Record<string, unknown>)[name] === undefined) continue;
      if (found !== undefined) throw notOne();
      found = name;
    }
    if (found === undefined) throw notOne();
    return found;
  };
  const notOne = (): Fault => new Fault("unknown-choice", `expected exactly one of ${names.join(", ")}`);
  const codec: Codec<Keyed<A>> = {
    read(from) {
      const at = from.at;
      const name = byTag[from.u8()];
      if (name === undefined) {
        throw from.fault("unknown-tag", `none of ${names.join(", ")} has the tag ${from.octets[at]}`, at);
      }
      try {
        from.observer?.enter(name, from.at);
        const value = (arms[name] as A[string])[1].read(from);
        from.observer?.leave(from.at, value);
        return { [name]: value } as Keyed<A>;
      } catch (caught) {
        throw stepped(caught, name);
      }
    },
    write(value, to) {
      const name = nameIn(value);
      const [tag, codec] = arms[name] as A[string];
      to.u8(tag);
      try {
        codec.write((value as Record<string, unknown>)[name], to);
      } catch (caught) {
        throw stepped(caught, name);
      }
    },
    toJson(value) {
      const name = nameIn(value);
      return { [name]: (arms[name] as A[string])[1].toJson((value as Record<string, unknown>)[name]) };
    },
    fromJson(json) {
      const given = asObject(json);
      const name = nameIn(given);
      if (Object.keys(given).length !== 1) throw badJson(`only the key "${name}"`, json);
      return { [name]: (arms[name] as A[string])[1].fromJson(given[name] as Json) } as Keyed<A>;
    },
  };
  const inlineArms = names.map((name): InlineArm => {
    const [tag, inner] = arms[name] as A[string];
    const inline = inlineOf(inner);
    const key = JSON.stringify(name);
    return {
      tag,
      name,
      read(program, into, path) {
        const value = program.variable();
        return `let ${value}; ${readStatements(program, inline, value, path)} ${into} = { ${key}: ${value} };`;
      },
      write(program, value, path) {
        const own = program.variable();
        return `const ${own} = ${value}[${key}]; ${writeStatements(program, inline, own, path)}`;
      },
    };
  });
  // Finds the only key. With several keys or none, the general path reports the Fault.
  const which = (value: string): string =>
    names
      .map((name) => {
        const others = names.filter((other) => other !== name);
        const none = others.map((other) => ` && ${value}[${JSON.stringify(other)}] === undefined`).join("");
        return `${value}[${JSON.stringify(name)}] !== undefined${none} ? ${JSON.stringify(name)} : `;
      })
      .join("")
      .concat("undefined");
  return inlined(codec, armsInline(inlineArms, which));
}
