import {
  type AnyCodec,
  type FreeInline,
  inlineOf,
  isInlinable,
  type Program,
  readCount,
  readItems,
  readStatements,
  writeItems,
  writeStatements,
} from "./inline.ts";

/**
 * How a record is written into a program as part of another record: statements that read its fields, and the members of the object
 * that they make (`"classId": v3`), some of which may be absent.
 */
export interface RecordInline {
  read(program: Program, path: readonly string[]): { readonly statements: string; readonly members: readonly Member[] };
  write(program: Program, value: string, path: readonly string[]): string;
}

export interface Member {
  readonly name: string;
  readonly value: string;
  /** Whether the value may be undefined and its key absent. */
  readonly mayBeAbsent?: boolean;
}

const recordKey = Symbol("record inline");

/** Attaches an inline form to a record, like `inlined`. */
export function inlinedRecord<C extends AnyCodec>(codec: C, inline: RecordInline): C {
  return Object.defineProperty(codec, recordKey, { value: inline });
}

export const recordInlineOf = (codec: AnyCodec): RecordInline | undefined =>
  (codec as { readonly [recordKey]?: RecordInline })[recordKey];

/** An expression or statements that make the object with these members in the variable `into`. */
export function makeObject(into: string, members: readonly Member[]): string {
  const certain = members.filter(({ mayBeAbsent }) => mayBeAbsent !== true);
  const literal = `${into} = { ${certain.map(({ name, value }) => `${JSON.stringify(name)}: ${value}`).join(", ")} };`;
  const rest = members
    .filter(({ mayBeAbsent }) => mayBeAbsent === true)
    .map(({ name, value }) => `if (${value} !== undefined) ${into}[${JSON.stringify(name)}] = ${value};`);
  return [literal, ...rest].join(" ");
}

/** The fields, in the given order, as part of a record. Undefined where an object of these fields would not be a plain one. */
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

/** Joins several records to one. */
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

/** A record as a separate value. */
export const recordValue = (record: RecordInline): FreeInline => ({
  read(program, into, path) {
    const { statements, members } = record.read(program, path);
    return `${statements} ${makeObject(into, members)}`;
  },
  write: (program, value, path) =>
    `if (typeof ${value} !== "object" || ${value} === null) return false; ${record.write(program, value, path)}`,
});

/** The arm of a tag octet: statements that read, and statements that write what follows the tag. */
export interface InlineArm {
  readonly tag: number;
  readonly name: string;
  /** Undefined for an arm that is not compiled. */
  readonly read?: (program: Program, into: string, path: readonly string[]) => string;
  readonly write?: (program: Program, value: string, path: readonly string[]) => string;
}

/** One of several arms, selected by a tag octet. `which` is an expression of the value that gives the name of its arm. */
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

/** A count, then a list of items of at least `minimum` octets each. */
export const listInline = (item: AnyCodec, minimum: number): FreeInline => ({
  read(program, into, path) {
    const count = program.variable();
    return `let ${count}; ${readCount(count)} if (${count} * ${minimum} > end - p) return $fail; ${into} = []; ${readItems(program, inlineOf(item), into, count, path)}`;
  },
  write: (program, value, path) =>
    `if (!Array.isArray(${value})) return false; to.size(${value}.length); ${writeItems(program, inlineOf(item), value, path)}`,
});
