import type { Codec } from "./codec.ts";
import { Fault, stepped } from "./fault.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/**
 * A program in the making. A codec that holds others can be written out as one straight program: a declaration stays a
 * declaration, and runs as if its reading had been written by hand. The program only knows the plain case; whatever is not
 * plain (another tag, a longer length form, a value out of range) goes the ordinary way, which finds the right words.
 */
export class Program {
  readonly #values: unknown[] = [];
  #variables = 0;

  /** The name by which the program knows a value. */
  bind(value: unknown): string {
    const known = this.#values.indexOf(value);
    return `$${known >= 0 ? known : this.#values.push(value) - 1}`;
  }

  /** A name for a variable. */
  variable(): string {
    return `v${this.#variables++}`;
  }

  /** The function of this source; undefined where a host allows none to be made (a content security policy). */
  compile(source: string): unknown {
    const names = this.#values.map((_, at) => `$${at}`);
    try {
      return new Function(...names, `"use strict"; return ${source};`)(...this.#values);
    } catch {
      return undefined;
    }
  }
}

/** Conditions that must hold, then an expression. */
export interface InlineRead {
  readonly tests: readonly string[];
  readonly value: string;
}

/** Conditions that must hold, then statements. */
export interface InlineWrite {
  readonly tests: readonly string[];
  readonly puts: readonly string[];
}

/**
 * How a codec of always the same number of octets is written into a program: `o` are the octets, `at` is where it stands in
 * them, `value` the variable that holds its value.
 */
export interface FixedInline {
  readonly octets: number;
  read(program: Program, at: string): InlineRead;
  write(program: Program, value: string, at: string): InlineWrite;
}

/**
 * How any other is: statements that read at `p` and move it, and leave the value in the variable `into`, or
 * `return $fail`; and such that write to `to`, or `return false`. `path` is an expression of the steps that lead here.
 */
export interface FreeInline {
  readonly octets?: never;
  read(program: Program, into: string, path: readonly string[]): string;
  write(program: Program, value: string, path: readonly string[]): string;
}

export type Inline = FixedInline | FreeInline;

// biome-ignore lint/suspicious/noExplicitAny: whatever a codec is for, it is written out the same way
type AnyCodec = Codec<any>;

const key = Symbol("inline");

/**
 * Lets a codec be written into a program. A copy of the codec (`{...codec, read}`) does not have it: what it would read
 * otherwise is what it reads.
 */
export function inlined<C extends AnyCodec>(codec: C, inline: Inline): C {
  return Object.defineProperty(codec, key, { value: inline });
}

const ownInline = (codec: AnyCodec): Inline | undefined => (codec as { readonly [key]?: Inline })[key];
/** How a codec is written into a program: as what it is, or as a call of it. */
export const inlineOf = (codec: AnyCodec): Inline => ownInline(codec) ?? called(codec);
/** The inline of a codec of always the same number of octets; undefined for any other. */
export function fixedInlineOf(codec: AnyCodec): FixedInline | undefined {
  const inline = ownInline(codec);
  return inline?.octets === undefined ? undefined : inline;
}

/** Whether a codec's value is never undefined, as far as the program knows. */
const isInlinable = (codec: AnyCodec): boolean => ownInline(codec) !== undefined;

/** Puts the steps in front of the path of a Fault that passes by. */
function steppedAll(caught: unknown, steps: readonly (string | number)[]): unknown {
  for (let at = steps.length - 1; at >= 0; at--) stepped(caught, String(steps[at]));
  return caught;
}

/** A codec that the program calls. */
function called(codec: AnyCodec): FreeInline {
  return {
    read(program, into, path) {
      const [name, steps] = [program.bind(codec), program.bind(steppedAll)];
      return `from.at = p; try { ${into} = ${name}.read(from); } catch (e) { throw ${steps}(e, [${path.join(", ")}]); } p = from.at;`;
    },
    write(program, value, path) {
      const [name, steps] = [program.bind(codec), program.bind(steppedAll)];
      return `try { ${name}.write(${value}, to); } catch (e) { throw ${steps}(e, [${path.join(", ")}]); }`;
    },
  };
}

const failUnless = (tests: readonly string[], otherwise: string): string =>
  tests.length === 0 ? "" : `if (!(${tests.join(" && ")})) return ${otherwise};`;

/** Statements that read one codec at `p`. */
export function readStatements(program: Program, inline: Inline, into: string, path: readonly string[]): string {
  if (inline.octets === undefined) return inline.read(program, into, path);
  const { tests, value } = inline.read(program, "p");
  return `if (p + ${inline.octets} > end) return $fail; ${failUnless(tests, "$fail")} ${into} = ${value}; p += ${inline.octets};`;
}

/** Statements that write one codec. */
export function writeStatements(program: Program, inline: Inline, value: string, path: readonly string[]): string {
  if (inline.octets === undefined) return inline.write(program, value, path);
  const { tests, puts } = inline.write(program, value, "p");
  return `${failUnless(tests, "false")} p = to.claim(${inline.octets}); o = to.octets; ${puts.join(" ")}`;
}

/** Statements that read `count` items of a fixed codec, or of any other, into the list `into`. */
export function readItems(
  program: Program,
  inline: Inline,
  into: string,
  count: string,
  path: readonly string[],
): string {
  const at = program.variable();
  const loop = `for (let ${at} = 0; ${at} < ${count}; ${at}++)`;
  if (inline.octets !== undefined) {
    const { tests, value } = inline.read(program, "p");
    return `if (${count} * ${inline.octets} > end - p) return $fail; ${loop} { ${failUnless(tests, "$fail")} ${into}.push(${value}); p += ${inline.octets}; }`;
  }
  const item = program.variable();
  return `${loop} { let ${item}; ${inline.read(program, item, [...path, at])} ${into}.push(${item}); }`;
}

/** Statements that write the items of the list `value`. */
export function writeItems(program: Program, inline: Inline, value: string, path: readonly string[]): string {
  const at = program.variable();
  const item = program.variable();
  const loop = `for (let ${at} = 0; ${at} < ${value}.length; ${at}++)`;
  if (inline.octets !== undefined) {
    const { tests, puts } = inline.write(program, item, "p");
    return `p = to.claim(${value}.length * ${inline.octets}); o = to.octets; ${loop} { const ${item} = ${value}[${at}]; ${failUnless(tests, "false")} ${puts.join(" ")} p += ${inline.octets}; }`;
  }
  return `${loop} { const ${item} = ${value}[${at}]; ${inline.write(program, item, [...path, at])} }`;
}

/** Statements that read a length or count of up to three octets at `p` into `into`, no larger than the octets behind it. */
export const readCount = (into: string): string =>
  `if (p >= end) return $fail; ${into} = o[p++];
   if (${into} >= 0x80) {
     if (${into} === 0x81) ${into} = o[p++];
     else if (${into} === 0x82) { ${into} = (o[p] << 8) | o[p + 1]; p += 2; }
     else return $fail;
   }
   if (!(${into} <= end - p)) return $fail;`;

const fail = Symbol("not plain");
/** Runs before a program is made of a codec: what is used once or twice is not worth one. */
const worthwhile = 32;

/** A codec whose `inline` is made a program once it has been used enough. Faults and values are those of `codec`. */
export function compiled<T, C extends Codec<T>>(codec: C & Codec<T>, inline: Inline): C {
  let reads = 0;
  let writes = 0;
  let fastRead: ((from: Reader) => unknown) | undefined;
  let fastWrite: ((value: unknown, to: Writer) => boolean) | undefined;

  const makeRead = (): typeof fastRead => {
    const program = new Program();
    const value = program.variable();
    const body = readStatements(program, inline, value, []);
    const source = `function (from) { const o = from.octets, end = from.end, $fail = ${program.bind(fail)}; let p = from.at, ${value}; ${body} from.at = p; return ${value}; }`;
    return program.compile(source) as typeof fastRead;
  };
  const makeWrite = (): typeof fastWrite => {
    const program = new Program();
    const body = writeStatements(program, inline, "value", []);
    return program.compile(`function (value, to) { let p, o; ${body} return true; }`) as typeof fastWrite;
  };

  const whole: C = {
    ...codec,
    read(from: Reader): T {
      if (reads < worthwhile && ++reads === worthwhile) fastRead = makeRead();
      if (fastRead !== undefined && from.observer === undefined) {
        const at = from.at;
        const value = fastRead(from);
        if (value !== fail) return value as T;
        from.at = at;
      }
      return codec.read(from);
    },
    write(value: T, to: Writer): void {
      if (writes < worthwhile && ++writes === worthwhile) fastWrite = makeWrite();
      if (fastWrite !== undefined) {
        const at = to.length;
        try {
          if (fastWrite(value, to)) return;
        } catch (caught) {
          // Arithmetic with what is no number, a getter that throws: the ordinary way says what is wrong.
          if (caught instanceof Fault) throw caught;
        }
        to.rewind(at);
      }
      codec.write(value, to);
    },
  };
  return inlined(whole, inline);
}

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

/** A fixed codec by functions: what reads at an offset, and what writes there, false where the value is not plain. */
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

/** One octet that is always the same in front of a fixed codec, or several. */
export function prefixed(prefix: readonly number[], inner: FixedInline): FixedInline {
  const count = prefix.length;
  return {
    octets: count + inner.octets,
    read(program, at) {
      const { tests, value } = inner.read(program, `${at} + ${count}`);
      return { tests: [...prefix.map((octet, step) => `o[${at} + ${step}] === ${octet}`), ...tests], value };
    },
    write(program, value, at) {
      const { tests, puts } = inner.write(program, value, `${at} + ${count}`);
      return { tests, puts: [...prefix.map((octet, step) => `o[${at} + ${step}] = ${octet};`), ...puts] };
    },
  };
}

/** The fields of a record that are one after another, as an object. Undefined where the object would not be a plain one. */
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
      // A field that may be absent is a key that may be absent.
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

/**
 * How a record is written into a program as part of another: statements that read its fields, and the members of the object
 * that they make (`"classId": v3`), or those of them that may be absent.
 */
export interface RecordInline {
  read(program: Program, path: readonly string[]): { readonly statements: string; readonly members: readonly Member[] };
  write(program: Program, value: string, path: readonly string[]): string;
}

export interface Member {
  readonly name: string;
  readonly value: string;
  /** Whether it may be undefined, and its key absent. */
  readonly mayBeAbsent?: boolean;
}

const recordKey = Symbol("record inline");

/** Lets a record be written into a program. Like `inlined`. */
export function inlinedRecord<C extends AnyCodec>(codec: C, inline: RecordInline): C {
  return Object.defineProperty(codec, recordKey, { value: inline });
}

export const recordInlineOf = (codec: AnyCodec): RecordInline | undefined =>
  (codec as { readonly [recordKey]?: RecordInline })[recordKey];

/** An expression or statements that make the object of these members in the variable `into`. */
export function makeObject(into: string, members: readonly Member[]): string {
  const certain = members.filter(({ mayBeAbsent }) => mayBeAbsent !== true);
  const literal = `${into} = { ${certain.map(({ name, value }) => `${JSON.stringify(name)}: ${value}`).join(", ")} };`;
  const rest = members
    .filter(({ mayBeAbsent }) => mayBeAbsent === true)
    .map(({ name, value }) => `if (${value} !== undefined) ${into}[${JSON.stringify(name)}] = ${value};`);
  return [literal, ...rest].join(" ");
}

/** Fields one after another, as part of a record. Undefined where an object of them would not be a plain one. */
export function fieldsInline(fields: readonly (readonly [name: string, codec: AnyCodec])[]): RecordInline | undefined {
  if (fields.some(([name]) => name === "__proto__")) return undefined;
  return {
    read(program, path) {
      const members: Member[] = [];
      const statements = fields.map(([name, codec]) => {
        const value = program.variable();
        members.push({ name, value, mayBeAbsent: !isInlinable(codec) });
        const steps = [...path, JSON.stringify(name)];
        return `let ${value}; ${readStatements(program, inlineOf(codec), value, steps)}`;
      });
      return { statements: statements.join(" "), members };
    },
    write: (program, value, path) =>
      fields
        .map(([name, codec]) => {
          const variable = program.variable();
          const steps = [...path, JSON.stringify(name)];
          return `const ${variable} = ${value}[${JSON.stringify(name)}]; ${writeStatements(program, inlineOf(codec), variable, steps)}`;
        })
        .join(" "),
  };
}

/** Several records as one. */
export function joinedInline(parts: readonly (RecordInline | undefined)[]): RecordInline | undefined {
  const known = parts.filter((part) => part !== undefined);
  if (known.length < parts.length) return undefined;
  return {
    read(program, path) {
      const read = known.map((part) => part.read(program, path));
      return {
        statements: read.map(({ statements }) => statements).join(" "),
        members: read.flatMap(({ members }) => members),
      };
    },
    write: (program, value, path) => known.map((part) => part.write(program, value, path)).join(" "),
  };
}

/** A record as a value of its own. */
export const recordValue = (record: RecordInline): FreeInline => ({
  read(program, into, path) {
    const { statements, members } = record.read(program, path);
    return `${statements} ${makeObject(into, members)}`;
  },
  write: (program, value, path) =>
    `if (typeof ${value} !== "object" || ${value} === null) return false; ${record.write(program, value, path)}`,
});

/** What a tag octet leads to: statements for reading, and for writing behind the tag. */
export interface InlineArm {
  readonly tag: number;
  readonly name: string;
  /** Undefined for an arm that only goes the ordinary way. */
  readonly read?: (program: Program, into: string, path: readonly string[]) => string;
  readonly write?: (program: Program, value: string, path: readonly string[]) => string;
}

/** One of several by a tag octet. `which`: the expression, of the value, that is the name of its arm. */
export function armsInline(arms: readonly InlineArm[], which: (value: string) => string): FreeInline {
  return {
    read(program, into, path) {
      const cases = arms.flatMap(({ tag, name, read }) =>
        read === undefined ? [] : [`case ${tag}: { ${read(program, into, [...path, JSON.stringify(name)])} break; }`],
      );
      return `if (p >= end) return $fail; switch (o[p++]) { ${cases.join(" ")} default: return $fail; }`;
    },
    write(program, value, path) {
      const cases = arms.flatMap(({ tag, name, write }) =>
        write === undefined
          ? []
          : [
              `case ${JSON.stringify(name)}: { to.u8(${tag}); ${write(program, value, [...path, JSON.stringify(name)])} break; }`,
            ],
      );
      return `if (typeof ${value} !== "object" || ${value} === null) return false; switch (${which(value)}) { ${cases.join(" ")} default: return false; }`;
    },
  };
}

/** A list with its count in front, of items of at least `minimum` octets. */
export const listInline = (item: AnyCodec, minimum: number): FreeInline => ({
  read(program, into, path) {
    const count = program.variable();
    return `let ${count}; ${readCount(count)} if (${count} * ${minimum} > end - p) return $fail; ${into} = []; ${readItems(program, inlineOf(item), into, count, path)}`;
  },
  write: (program, value, path) =>
    `if (!Array.isArray(${value})) return false; to.size(${value}.length); ${writeItems(program, inlineOf(item), value, path)}`,
});
