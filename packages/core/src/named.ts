import { asText, type Codec } from "./codec.ts";
import { Fault } from "./fault.ts";
import { fixedInlineOf, inlined } from "./inline.ts";

/** An enumeration: names for the numbers of `inner`. An unknown number is Fault `bad-value`. */
export function named<const N extends Readonly<Record<string, number>>>(
  inner: Codec<number>,
  names: N,
): Codec<keyof N & string> {
  type Name = keyof N & string;
  const byNumber = new Map<number, Name>(Object.entries(names).map(([name, number]) => [number, name as Name]));
  const numberOf = (name: string): number => {
    const number = Object.hasOwn(names, name) ? names[name] : undefined;
    if (number === undefined) {
      throw new Fault("bad-value", `"${name}" is not a known name`, {
        hint: `one of ${Object.keys(names).join(", ")}`,
      });
    }
    return number;
  };
  const codec: Codec<Name> = {
    read(from) {
      const at = from.at;
      const number = inner.read(from);
      const name = byNumber.get(number);
      if (name === undefined) throw from.fault("bad-value", `${number} is not a known value`, at);
      return name;
    },
    write: (name, to) => inner.write(numberOf(name), to),
    toJson: (name) => name,
    fromJson(json) {
      const name = asText(json);
      numberOf(name);
      return name as Name;
    },
  };
  const fixed = fixedInlineOf(inner);
  if (fixed === undefined) return codec;
  return inlined(codec, {
    octets: fixed.octets,
    read(program, at) {
      const { tests, value } = fixed.read(program, at);
      const name = `${program.bind(byNumber)}.get(${value})`;
      return { tests: [...tests, `${name} !== undefined`], value: name };
    },
    write(program, value, at) {
      const numbers = program.bind(new Map(Object.entries(names)));
      const { puts } = fixed.write(program, `${numbers}.get(${value})`, at);
      return { tests: [`${numbers}.has(${value})`], puts };
    },
  });
}

/** The name of a number, in a table from names to numbers. Undefined if the table has no name for it. */
export function nameOf<const N extends Readonly<Record<string, number>>>(
  names: N,
  number: number,
): (keyof N & string) | undefined {
  for (const name of Object.keys(names)) if (names[name] === number) return name as keyof N & string;
  return undefined;
}
