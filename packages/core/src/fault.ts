import type { FaultCode, FaultLayer } from "./fault-codes.ts";

export interface FaultDetails<L extends string = FaultLayer> {
  /** `"core"` by default. */
  readonly layer?: L;
  /** Offset of the octet at fault, from the start of the octets that were decoded. */
  readonly offset?: number;
  /** What the reader of the message should try. */
  readonly hint?: string;
  /** The number that would have been right, where the answer to the peer names it (an invocation counter). */
  readonly expected?: number;
  /** The standard's name of the diagnostic, result or error that the peer gave or gets: `"authentication-failure"`, `"pdu-too-long"`. */
  readonly detail?: string;
  readonly cause?: unknown;
}

/**
 * The one error of the library: what is wrong (`code`, `message`), where (`layer`, `offset`, `path`) and what to try (`hint`).
 * A decoder given any octets returns a value or throws a Fault, and nothing else.
 * No Fault carries a key, a password or a plaintext.
 */
export interface Fault extends Error {
  readonly name: "Fault";
  /** Stable, kebab-case, for programs: `"truncated"`, `"unknown-tag"`, `"fcs-mismatch"` … Those of a layer are in `faultCodes`. */
  readonly code: string;
  readonly layer: FaultLayer;
  readonly offset: number | undefined;
  readonly hint: string | undefined;
  readonly expected: number | undefined;
  readonly detail: string | undefined;
  /** The fields that led to the place, outermost first. */
  readonly path: string[];
  /** For people: the message, layer and code, the place, and the hint, a line each. `console.error(String(fault))`. */
  toString(): string;
  /** What a program prints with `--json`: `{"code", "layer", "message", "offset"?, "path"?, "hint"?, "expected"?, "detail"?}`. */
  toJSON(): { [key: string]: string | number };
}

/** A code that its layer has; for any other a text that no code equals, so that the compiler's message says what to do. */
type Listed<C extends string, L extends string> =
  C extends FaultCode<L>
    ? C
    : `"${C}" is not among the Fault codes of the layer "${L}": add a line to packages/core/src/faults`;

export interface FaultConstructor {
  /**
   * A Fault of the layer in `details`, `"core"` without one. A layer of dlmskit takes the codes of its list in `faultCodes`
   * only, which the compiler checks; a layer of your own takes any.
   */
  new <const C extends string, const L extends string = "core">(
    code: Listed<C, L>,
    message: string,
    details?: FaultDetails<L>,
  ): Fault;
  readonly prototype: Fault;
}

export const Fault: FaultConstructor = class Fault extends Error {
  override readonly name = "Fault";
  readonly code: string;
  readonly layer: FaultLayer;
  readonly offset: number | undefined;
  readonly hint: string | undefined;
  readonly expected: number | undefined;
  readonly detail: string | undefined;
  readonly path: string[] = [];

  constructor(code: string, message: string, details: FaultDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.layer = details.layer ?? "core";
    this.offset = details.offset;
    this.hint = details.hint;
    this.expected = details.expected;
    this.detail = details.detail;
  }

  override toString(): string {
    const at = [
      ...(this.offset === undefined ? [] : [`octet ${this.offset}`]),
      ...(this.path.length === 0 ? [] : [this.path.join(".")]),
    ];
    return [
      `Fault: ${this.message} (${this.layer} ${this.code})`,
      ...(at.length === 0 ? [] : [`  at: ${at.join(", ")}`]),
      ...(this.hint === undefined ? [] : this.hint.split("\n").map((line) => `  try: ${line}`)),
    ].join("\n");
  }

  toJSON(): { [key: string]: string | number } {
    return {
      code: this.code,
      layer: this.layer,
      message: this.message,
      ...(this.offset === undefined ? {} : { offset: this.offset }),
      ...(this.path.length === 0 ? {} : { path: this.path.join(".") }),
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.expected === undefined ? {} : { expected: this.expected }),
      ...(this.detail === undefined ? {} : { detail: this.detail }),
    };
  }
};

/** Puts `step` in front of the path of a Fault that passes by; returns what was caught, to be thrown again. */
export function stepped(caught: unknown, step: string): unknown {
  if (caught instanceof Fault) caught.path.unshift(step);
  return caught;
}
