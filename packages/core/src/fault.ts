/** The layer in whose octets, state or input something was found wrong. */
export type Layer =
  | "core"
  | "hdlc"
  | "wrapper"
  | "mbus"
  | "axdr"
  | "acse"
  | "xdlms"
  | "security"
  | "association"
  | "cosem"
  | "capture"
  | "client"
  | "server"
  | "transport"
  | "storage"
  | "simulator"
  | "cli";

export interface FaultDetails {
  readonly layer?: Layer;
  /** Offset of the octet at fault, from the start of the octets that were decoded. */
  readonly offset?: number;
  /** What the reader of the message should try. */
  readonly hint?: string;
  /** The number that would have been right, where the answer to the peer names it (an invocation counter). */
  readonly expected?: number;
  readonly cause?: unknown;
}

/**
 * The one error of the library: what is wrong (`code`, `message`), where (`layer`, `offset`, `path`) and what to try (`hint`).
 * A decoder given any octets returns a value or throws a Fault, and nothing else.
 * No Fault carries a key, a password or a plaintext.
 */
export class Fault extends Error {
  override readonly name = "Fault";
  /** Stable, kebab-case, for programs: `"truncated"`, `"unknown-tag"`, `"fcs-mismatch"` … */
  readonly code: string;
  readonly layer: Layer;
  readonly offset: number | undefined;
  readonly hint: string | undefined;
  readonly expected: number | undefined;
  /** The fields that led to the place, outermost first. */
  readonly path: string[] = [];

  constructor(code: string, message: string, details: FaultDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.layer = details.layer ?? "core";
    this.offset = details.offset;
    this.hint = details.hint;
    this.expected = details.expected;
  }

  /** What a program prints with `--json`: `{"code", "layer", "message", "offset"?, "path"?, "hint"?, "expected"?}`. */
  toJSON(): { [key: string]: string | number } {
    return {
      code: this.code,
      layer: this.layer,
      message: this.message,
      ...(this.offset === undefined ? {} : { offset: this.offset }),
      ...(this.path.length === 0 ? {} : { path: this.path.join(".") }),
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.expected === undefined ? {} : { expected: this.expected }),
    };
  }
}

/** Puts `step` in front of the path of a Fault that passes by; returns what was caught, to be thrown again. */
export function stepped(caught: unknown, step: string): unknown {
  if (caught instanceof Fault) caught.path.unshift(step);
  return caught;
}
