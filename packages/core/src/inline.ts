import type { Codec } from "./codec.ts";
import { compileExpression, mayCompile } from "./compilation.ts";
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

  /** The function of this source; undefined where none may be made. */
  compile(source: string): unknown {
    const names = this.#values.map((_, at) => `$${at}`);
    return compileExpression(source, names, this.#values);
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
 * How a codec of always the same number of octets is written into a program: `o` are the octets, `at` is where it is in
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
export type AnyCodec = Codec<any>;

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
/** The inline of a codec that has one of its own. */
export const ownInlineOf = (codec: AnyCodec): Inline | undefined => ownInline(codec);
/** The inline of a codec of always the same number of octets; undefined for any other. */
export function fixedInlineOf(codec: AnyCodec): FixedInline | undefined {
  const inline = ownInline(codec);
  return inline?.octets === undefined ? undefined : inline;
}

/** Whether a codec's value is never undefined, as far as the program knows. */
export const isInlinable = (codec: AnyCodec): boolean => ownInline(codec) !== undefined;

/** Puts the steps in front of the path of a Fault that passes by. */
function steppedAll(caught: unknown, steps: readonly (string | number)[]): unknown {
  for (let at = steps.length - 1; at >= 0; at--) stepped(caught, String(steps[at]));
  return caught;
}

/** A codec that the program calls; it must not be one that has an inline of its own, or this is its own. */
export function called(codec: AnyCodec): FreeInline {
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

export const failUnless = (tests: readonly string[], otherwise: string): string =>
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
      if (reads < worthwhile && mayCompile() && ++reads === worthwhile) fastRead = makeRead();
      if (fastRead !== undefined && from.observer === undefined && mayCompile()) {
        const at = from.at;
        const value = fastRead(from);
        if (value !== fail) return value as T;
        from.at = at;
      }
      return codec.read(from);
    },
    write(value: T, to: Writer): void {
      if (writes < worthwhile && mayCompile() && ++writes === worthwhile) fastWrite = makeWrite();
      if (fastWrite !== undefined && mayCompile()) {
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
