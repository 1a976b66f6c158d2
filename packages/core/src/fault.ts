import type { FaultCode, FaultLayer } from "./fault-codes.ts";

export interface FaultDetails<L extends string = FaultLayer> {
  /** `"core"` by default. */
  readonly layer?: L;
  /** Offset of the invalid octet, from the start of the decoded octets. */
  readonly offset?: number;
  /** A suggestion for the reader of the message. */
  readonly hint?: string;
  /** The number that would have been valid, if the answer to the peer contains it (an invocation counter). */
  readonly expected?: number;
  /**
   * The name in the standard of the diagnostic, result or error that the peer sent or receives: `"authentication-failure"`,
   * `"pdu-too-long"`.
   */
  readonly detail?: string;
  readonly cause?: unknown;
}

/**
 * The only error class of the library. It contains what is wrong (`code`, `message`), where (`layer`, `offset`, `path`) and what to
 * try (`hint`). For any octets, a decoder returns a value or throws a Fault, and nothing else. No Fault contains a key, a password
 * or a plaintext.
 */
export interface Fault extends Error {
  readonly name: "Fault";
  /**
   * A stable code in kebab-case, for programs: `"truncated"`, `"unknown-tag"`, `"fcs-mismatch"` … `faultCodes` lists the codes of
   * each layer.
   */
  readonly code: string;
  readonly layer: FaultLayer;
  readonly offset: number | undefined;
  readonly hint: string | undefined;
  readonly expected: number | undefined;
  readonly detail: string | undefined;
  /** The path to the field, outermost field first. */
  readonly path: string[];
  /** Text for people: the message, layer and code, the place, and the hint, one line each. Example: `console.error(String(fault))`. */
  toString(): string;
  /**
   * The object that a program prints with `--json`: `{"code", "layer", "message", "offset"?, "path"?, "hint"?, "expected"?,
   * "detail"?}`.
   */
  toJSON(): { [key: string]: string | number };
}

/** A code of the layer. For any other code: a text that equals no code, so that the compiler's message says what to do. */
type Listed<C extends string, L extends string> =
  C extends FaultCode<L>
    ? C
    : `"${C}" is not among the Fault codes of the layer "${L}": add a line to packages/core/src/faults`;

export interface FaultConstructor {
  /**
   * A Fault of the layer in `details`. Without a layer it is `"core"`. For a layer of dlmskit the compiler accepts only the codes in
   * `faultCodes`. For your own layer it accepts any code.
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

/** Prepends `step` to the path of a Fault that was caught. Returns the caught error. The caller throws it again. */
export function stepped(caught: unknown, step: string): unknown {
  if (caught instanceof Fault) caught.path.unshift(step);
  return caught;
}
