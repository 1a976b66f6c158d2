import type { Codec } from "./codec.ts";
import { compileExpression, mayCompile } from "./compilation.ts";
import { Fault, stepped } from "./fault.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/**
 * The source text of a generated program. A codec that contains other codecs can be compiled to one program without nested calls.
 * The declaration stays declarative, and runs as fast as hand-written code. The program handles only the usual case. In any other
 * case (another tag, a longer length form, a value out of range) the codec reads or writes field by field, and then throws the exact
 * Fault.
 */
export class Program {
  readonly #values: unknown[] = [];
  #variables = 0;

  /** Binds a value to a name in the program. Returns the name. */
  bind(value: unknown): string {
    const known = this.#values.indexOf(value);
    return `$${known >= 0 ? known : this.#values.push(value) - 1}`;
  }

  /** Returns a new variable name. */
  variable(): string {
    return `v${this.#variables++}`;
  }

  /** Compiles this source to a function. Undefined where the platform allows no code generation. */
  compile(source: string): unknown {
    const names = this.#values.map((_, at) => `$${at}`);
    return compileExpression(source, names, this.#values);
  }
}

/** Conditions that must be true, then an expression. */
export interface InlineRead {
  readonly tests: readonly string[];
  readonly value: string;
}

/** Conditions that must be true, then statements. */
export interface InlineWrite {
  readonly tests: readonly string[];
  readonly puts: readonly string[];
}

/**
 * How a codec with a fixed number of octets is written into a program. `o` are the octets, `at` is the offset in them, `value` is
 * the variable that holds the value.
 */
export interface FixedInline {
  readonly octets: number;
  read(program: Program, at: string): InlineRead;
  write(program: Program, value: string, at: string): InlineWrite;
}

/**
 * How a codec of variable length is written into a program. The read statements read at `p`, advance it, and leave the value in the
 * variable `into`, or `return $fail`. The write statements write to `to`, or `return false`. `path` is an expression for the path to
 * this field.
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
 * Attaches an inline form to a codec, so that it can be written into a program. A copy of the codec (`{...codec, read}`) does not
 * have the inline form, so the copy uses its own `read`.
 */
export function inlined<C extends AnyCodec>(codec: C, inline: Inline): C {
  return Object.defineProperty(codec, key, { value: inline });
}

const ownInline = (codec: AnyCodec): Inline | undefined => (codec as { readonly [key]?: Inline })[key];
/** How a codec is written into a program: by its inline form, or as a call of the codec. */
export const inlineOf = (codec: AnyCodec): Inline => ownInline(codec) ?? called(codec);
/** The inline form of a codec. Undefined if the codec has none. */
export const ownInlineOf = (codec: AnyCodec): Inline | undefined => ownInline(codec);
/** The inline form of a codec with a fixed number of octets. Undefined for any other codec. */
export function fixedInlineOf(codec: AnyCodec): FixedInline | undefined {
  const inline = ownInline(codec);
  return inline?.octets === undefined ? undefined : inline;
}

/** Whether it is known that the value of a codec is never undefined. */
export const isInlinable = (codec: AnyCodec): boolean => ownInline(codec) !== undefined;

/** Prepends the steps to the path of a Fault that was caught. */
function steppedAll(caught: unknown, steps: readonly (string | number)[]): unknown {
  for (let at = steps.length - 1; at >= 0; at--) stepped(caught, String(steps[at]));
  return caught;
}

/** The inline form for a codec that the program calls. The codec must not have its own inline form, unless that form is this one. */
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

/** Statements that read the value of one codec at `p`. */
export function readStatements(program: Program, inline: Inline, into: string, path: readonly string[]): string {
  if (inline.octets === undefined) return inline.read(program, into, path);
  const { tests, value } = inline.read(program, "p");
  return `if (p + ${inline.octets} > end) return $fail; ${failUnless(tests, "$fail")} ${into} = ${value}; p += ${inline.octets};`;
}

/** Statements that write the value of one codec. */
export function writeStatements(program: Program, inline: Inline, value: string, path: readonly string[]): string {
  if (inline.octets === undefined) return inline.write(program, value, path);
  const { tests, puts } = inline.write(program, value, "p");
  return `${failUnless(tests, "false")} p = to.claim(${inline.octets}); o = to.octets; ${puts.join(" ")}`;
}

/** Statements that read `count` items of a codec, of fixed or variable length, into the list `into`. */
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

/** Statements that read a length or count of up to three octets at `p` into `into`. It must not exceed the number of octets after it. */
export const readCount = (into: string): string =>
  `if (p >= end) return $fail; ${into} = o[p++];
   if (${into} >= 0x80) {
     if (${into} === 0x81) ${into} = o[p++];
     else if (${into} === 0x82) { ${into} = (o[p] << 8) | o[p + 1]; p += 2; }
     else return $fail;
   }
   if (!(${into} <= end - p)) return $fail;`;

const fail = Symbol("not plain");
/** Number of runs before a codec is compiled. A codec that is used only a few times is not compiled. */
const worthwhile = 32;

/** A codec that is compiled from `inline` after it was used often enough. Faults and values are those of `codec`. */
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
          // Arithmetic with a value that is not a number, or a getter that throws: `codec` itself reports what is wrong.
          if (caught instanceof Fault) throw caught;
        }
        to.rewind(at);
      }
      codec.write(value, to);
    },
  };
  return inlined(whole, inline);
}
