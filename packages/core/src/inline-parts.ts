import {
  type AnyCodec,
  type FixedInline,
  type FreeInline,
  failUnless,
  type Inline,
  inlineOf,
  isInlinable,
  readCount,
  readStatements,
  writeStatements,
} from "./inline.ts";
import type { Writer } from "./writer.ts";

/** Integers. */
const u32At = (at: string): string =>
  `((o[${at}] << 24 | o[${at} + 1] << 16 | o[${at} + 2] << 8 | o[${at} + 3]) >>> 0)`;
const put16 = (value: string, at: string): string => `o[${at}] = ${value} >>> 8; o[${at} + 1] = ${value};`;
const put32 = (value: string, at: string): string =>
  `o[${at}] = ${value} >>> 24; o[${at} + 1] = ${value} >>> 16; o[${at} + 2] = ${value} >>> 8; o[${at} + 3] = ${value};`;

const fixed = (
  octets: number,
  value: (at: string) => string,
  same: (value: string) => string,
  put: (value: string, at: string) => string,
): FixedInline => ({
  octets,
  read: (_, at) => ({ tests: [], value: value(at) }),
  write: (_, name, at) => ({ tests: [`${same(name)} === ${name}`], puts: [put(name, at)] }),
});

export const integerInlines = {
  u8: fixed(
    1,
    (at) => `o[${at}]`,
    (v) => `(${v} & 0xff)`,
    (v, at) => `o[${at}] = ${v};`,
  ),
  u16: fixed(
    2,
    (at) => `(o[${at}] << 8 | o[${at} + 1])`,
    (v) => `(${v} & 0xffff)`,
    put16,
  ),
  u32: fixed(4, u32At, (v) => `(${v} >>> 0)`, put32),
  i8: fixed(
    1,
    (at) => `(o[${at}] << 24 >> 24)`,
    (v) => `(${v} << 24 >> 24)`,
    (v, at) => `o[${at}] = ${v};`,
  ),
  i16: fixed(
    2,
    (at) => `((o[${at}] << 8 | o[${at} + 1]) << 16 >> 16)`,
    (v) => `(${v} << 16 >> 16)`,
    put16,
  ),
  i32: fixed(
    4,
    (at) => `(${u32At(at)} | 0)`,
    (v) => `(${v} | 0)`,
    put32,
  ),
} as const satisfies Record<string, FixedInline>;

/** A fixed codec made of functions: one reads at an offset, the other writes at an offset and returns false for an unusual value. */
export function byFunctions<T>(
  octets: number,
  read: (octets: Uint8Array, at: number) => T,
  write: (value: T, octets: Uint8Array, at: number) => boolean,
): FixedInline {
  return {
    octets,
    read: (program, at) => ({ tests: [], value: `${program.bind(read)}(o, ${at})` }),
    write: (program, value, at) => ({
      tests: [],
      puts: [`if (!${program.bind(write)}(${value}, o, ${at})) return false;`],
    }),
  };
}

/** A codec with constant octets before it. */
export function prefixed(prefix: readonly number[], inner: FixedInline): FixedInline;
export function prefixed(prefix: readonly number[], inner: Inline): Inline;
export function prefixed(prefix: readonly number[], inner: Inline): Inline {
  const count = prefix.length;
  const tests = (at: string): string[] => prefix.map((octet, step) => `o[${at} + ${step}] === ${octet}`);
  if (inner.octets === undefined) {
    return {
      read: (program, into, path) =>
        `if (p + ${count} > end) return $fail; ${failUnless(tests("p"), "$fail")} p += ${count}; ${inner.read(program, into, path)}`,
      write: (program, value, path) =>
        `${prefix.map((octet) => `to.u8(${octet});`).join(" ")} ${inner.write(program, value, path)}`,
    };
  }
  const fixedInner = inner;
  const whole: FixedInline = {
    octets: count + inner.octets,
    read(program, at) {
      const one = fixedInner.read(program, `${at} + ${count}`);
      return { tests: [...tests(at), ...one.tests], value: one.value };
    },
    write(program, value, at) {
      const one = inner.write(program, value, `${at} + ${count}`);
      return {
        tests: one.tests,
        puts: [...prefix.map((octet, step) => `o[${at} + ${step}] = ${octet};`), ...one.puts],
      };
    },
  };
  return whole;
}

/** A length and that number of octets, by functions: one reads the octets, the other writes them with their length or returns false. */
export const sizedBy = <T>(
  read: (octets: Uint8Array, at: number, count: number) => T,
  write: (value: T, to: Writer) => boolean,
): FreeInline => ({
  read(program, into) {
    const count = program.variable();
    return `let ${count}; ${readCount(count)} ${into} = ${program.bind(read)}(o, p, ${count}); p += ${count};`;
  },
  write: (program, value) => `if (!${program.bind(write)}(${value}, to)) return false;`,
});

/** The fields of a record, in the given order, as an object. Undefined where the object would not be a plain one. */
export function recordInline(fields: readonly (readonly [name: string, codec: AnyCodec])[]): Inline | undefined {
  const inlines = fields.map(([name, codec]) => [name, inlineOf(codec), isInlinable(codec)] as const);
  if (fields.some(([name]) => name === "__proto__")) return undefined;
  const key = (name: string): string => JSON.stringify(name);
  const object = (value: string): string[] => [`typeof ${value} === "object"`, `${value} !== null`];
  if (inlines.every(([, inline]) => inline.octets !== undefined)) {
    const parts = inlines as readonly (readonly [string, FixedInline, boolean])[];
    const whole: FixedInline = {
      octets: parts.reduce((sum, [, { octets }]) => sum + octets, 0),
      read(program, at) {
        const tests: string[] = [];
        const members: string[] = [];
        let offset = 0;
        for (const [name, inline] of parts) {
          const one = inline.read(program, `${at} + ${offset}`);
          tests.push(...one.tests);
          members.push(`${key(name)}: ${one.value}`);
          offset += inline.octets;
        }
        return { tests, value: `{ ${members.join(", ")} }` };
      },
      write(program, value, at) {
        const tests = object(value);
        const puts: string[] = [];
        let offset = 0;
        for (const [name, inline] of parts) {
          const one = inline.write(program, `${value}[${key(name)}]`, `${at} + ${offset}`);
          tests.push(...one.tests);
          puts.push(...one.puts);
          offset += inline.octets;
        }
        return { tests, puts };
      },
    };
    return whole;
  }
  const free: FreeInline = {
    read(program, into, path) {
      const named = inlines.map(([name, inline, never]) => ({ name, inline, never, variable: program.variable() }));
      const reads = named.map(
        ({ name, inline, variable }) =>
          `let ${variable}; ${readStatements(program, inline, variable, [...path, key(name)])}`,
      );
      // A field that may be absent is a key that may be absent in the object.
      const certain = named.every(({ never }) => never);
      const made = certain
        ? `${into} = { ${named.map(({ name, variable }) => `${key(name)}: ${variable}`).join(", ")} };`
        : `${into} = {}; ${named.map(({ name, variable }) => `if (${variable} !== undefined) ${into}[${key(name)}] = ${variable};`).join(" ")}`;
      return `${reads.join(" ")} ${made}`;
    },
    write(program, value, path) {
      const writes = inlines.map(([name, inline]) => {
        const variable = program.variable();
        return `const ${variable} = ${value}[${key(name)}]; ${writeStatements(program, inline, variable, [...path, key(name)])}`;
      });
      return `${failUnless(object(value), "false")} ${writes.join(" ")}`;
    },
  };
  return free;
}
