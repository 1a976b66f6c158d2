import { Fault, type LogicalName, logicalName } from "@dlmskit/core";

/** The type of a column: `check` returns the value, or throws a Fault `bad-value` that says what is expected. */
export interface Field<V> {
  readonly kind: "integer" | "decimal" | "text" | "octets" | "instant" | "bits" | "json" | "boolean" | "list";
  readonly optional: boolean;
  /** An integer that does not fit into INTEGER of SQL: BIGINT. */
  readonly wide?: true;
  check(value: unknown): V;
}

function wrong(expected: string, value: unknown): Fault {
  // Octets are not shown, because they may be a key.
  const found =
    value === null || value === undefined
      ? "nothing"
      : value instanceof Uint8Array
        ? `${value.length} octets`
        : typeof value === "object"
          ? Array.isArray(value)
            ? "a list"
            : "an object"
          : typeof value === "string"
            ? JSON.stringify(value)
            : String(value);
  return new Fault("bad-value", `expected ${expected}, found ${found}`, { layer: "storage" });
}

function field<V>(kind: Field<V>["kind"], expected: string, is: (value: unknown) => boolean): Field<V> {
  return {
    kind,
    optional: false,
    check(value) {
      if (!is(value)) throw wrong(expected, value);
      return value as V;
    },
  };
}

/** An integer from `low` to `high`. By default the range is that of INTEGER of SQL. */
export function integer(low = -0x80000000, high = 0x7fffffff): Field<number> {
  const checked = field<number>(
    "integer",
    `an integer from ${low} to ${high}`,
    (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
  );
  return low < -0x80000000 || high > 0x7fffffff ? { ...checked, wide: true } : checked;
}

/** DECIMAL(digits, scale), from `low` to `high`. More decimals than `scale` are refused, never rounded. */
export function decimal(digits: number, scale: number, low?: number, high?: number): Field<number> {
  const limit = 10 ** (digits - scale);
  const least = low ?? -limit;
  const most = high ?? limit;
  return field("decimal", `a number from ${least} to ${most} with at most ${scale} decimals`, (value) => {
    if (typeof value !== "number" || !Number.isFinite(value) || value < least || value > most) return false;
    return Math.abs(value) < limit && Number(value.toFixed(scale)) === value;
  });
}

/**
 * Text of `low` to `high` characters, without the character NUL, which PostgreSQL cannot store, and without a byte order mark (U+FEFF) at
 * its start, which PGlite drops when it reads the text.
 */
export function text(high: number, low = 0): Field<string> {
  return field("text", `text of ${low} to ${high} characters`, (value) => {
    if (typeof value !== "string" || value.includes("\0") || !value.isWellFormed()) return false;
    if (value.startsWith("\ufeff")) return false;
    // VARCHAR counts characters, not UTF-16 units.
    const length = value.length <= high && value.length >= low * 2 ? value.length : [...value].length;
    return length >= low && length <= high;
  });
}

/** One of these names. */
export function oneOf<const N extends string>(...names: readonly N[]): Field<N> {
  return field("text", `one of ${names.join(", ")}`, (value) => names.includes(value as N));
}

/** `low` to `high` octets. Exactly `low` octets if there is no `high`. */
export function octets(low: number, high: number = low): Field<Uint8Array> {
  return field(
    "octets",
    low === high ? `${low} octets` : `${low} to ${high} octets`,
    (value) => value instanceof Uint8Array && value.length >= low && value.length <= high,
  );
}

/** One of these numbers of octets. */
export function octetsOf(...counts: readonly number[]): Field<Uint8Array> {
  return field(
    "octets",
    `${counts.join(" or ")} octets`,
    (value) => value instanceof Uint8Array && counts.includes(value.length),
  );
}

// The years 0001 to 9999. In these years ISO 8601 and TIMESTAMP agree.
const earliest = -62135596800000;
const latest = 253402300799999;

/** An instant: whole ms since 1970-01-01T00:00Z. A TIMESTAMP column holds it in UTC. */
export const instant: Field<number> = field(
  "instant",
  "an instant, whole ms since 1970 UTC",
  (value) => Number.isInteger(value) && (value as number) >= earliest && (value as number) <= latest,
);

/** Bits 0 to 62 of a BIGINT that is not negative. */
export const bits: Field<bigint> = field(
  "bits",
  "a bigint from 0 to 2^63 - 1",
  (value) => typeof value === "bigint" && value >= 0n && value < 0x8000000000000000n,
);

export const boolean: Field<boolean> = field("boolean", "true or false", (value) => typeof value === "boolean");

/** A logical name in the dotted form. Any form that `logicalName` of core parses is accepted. */
export const logicalNameText: Field<LogicalName> = {
  kind: "text",
  optional: false,
  check(value) {
    if (typeof value !== "string") throw wrong("a logical name", value);
    try {
      return logicalName(value);
    } catch {
      throw wrong("a logical name", value);
    }
  },
};

/** A list of at most `high` values. */
export function list<V>(item: Field<V>, high: number): Field<readonly V[]> {
  return {
    kind: "list",
    optional: false,
    check(value) {
      if (!Array.isArray(value) || value.length > high) throw wrong(`a list of at most ${high} values`, value);
      return value.map((each) => item.check(each));
    },
  };
}

/** A JSON value that `check` parses. Its Faults are reported for this column. */
export function json<V>(check: (value: unknown) => V): Field<V> {
  return { kind: "json", optional: false, check };
}

/** An optional value: the key is absent in the row, NULL in SQL. */
export function optional<V>(of: Field<V>): Field<V | undefined> {
  return {
    kind: of.kind,
    optional: true,
    ...(of.wide === undefined ? {} : { wide: of.wide }),
    check: (value) => (value === undefined || value === null ? undefined : of.check(value)),
  };
}
