import { Fault, Reader, type ReadObserver } from "@dlmskit/core";
import { type DecodeOptions, decodeApdu } from "./apdu.ts";
import { Data } from "./data.ts";
import { type ExplainNames, meaning } from "./meaning.ts";

/** One field of what was read: where it lies, and what it says. */
export interface ExplainedField {
  /** The names that lead to it, outermost first: `["attribute", "classId"]`. */
  readonly path: readonly string[];
  /** From the start of the octets that were explained. */
  readonly offset: number;
  readonly length: number;
  /** A view into the octets explained. */
  readonly octets: Uint8Array;
  /** What was read; undefined in a field that a Fault left unfinished. */
  readonly value: unknown;
  /** Its meaning for people; empty where the fields below it say everything. */
  readonly text: string;
}

export interface ExplainOptions extends DecodeOptions {
  readonly names?: ExplainNames;
  /** The offset to be told for the first octet: where the octets lie in a frame, for example. 0 unless told. */
  readonly base?: number;
}

/** The fields in the order of their octets, each before those within it; and the Fault that ended the reading, where one did. */
export interface Explained {
  readonly fields: readonly ExplainedField[];
  readonly fault?: Fault;
}

interface Open {
  readonly path: readonly string[];
  readonly start: number;
}

/**
 * Hears what a Reader reads and keeps it as fields: an observer for a decoder of any layer.
 * `octets` are those that the Reader reads.
 */
export class Explainer implements ReadObserver {
  readonly #fields: (ExplainedField | undefined)[] = [];
  readonly #open: { readonly step: string; readonly start: number; readonly at: number }[] = [];
  readonly #octets: Uint8Array;
  readonly #base: number;
  readonly #names: ExplainNames;

  constructor(octets: Uint8Array, options: Pick<ExplainOptions, "base" | "names"> = {}) {
    this.#octets = octets;
    this.#base = options.base ?? 0;
    this.#names = options.names ?? {};
  }

  /** Those that were read to their end. */
  get fields(): readonly ExplainedField[] {
    return this.#fields.filter((field) => field !== undefined);
  }

  enter(step: string, offset: number): void {
    // Its place comes before those within it, which end first.
    this.#open.push({ step, start: offset, at: this.#fields.push(undefined) - 1 });
  }

  leave(offset: number, value: unknown): void {
    const path = this.#open.map(({ step }) => step);
    const open = this.#open.pop();
    // What is optional and not there takes no line.
    if (open === undefined || value === undefined) return;
    const inner = this.#fields.length > open.at + 1;
    this.#put(
      open.at,
      { path, start: open.start },
      offset,
      value,
      meaning(value, path, inner, this.#names, (name) => this.#beside(name, path.length, open.at)),
    );
  }

  /** What was read at the same depth, before the field at `at`. */
  #beside(name: string, depth: number, at: number): unknown {
    for (let before = at - 1; before >= 0; before--) {
      const field = this.#fields[before];
      // What has not ended yet is around.
      if (field === undefined || field.path.length < depth) return undefined;
      if (field.path.length === depth && field.path[depth - 1] === name) return field.value;
    }
    return undefined;
  }

  /** Ends what a Fault left open, at `offset`. */
  abandon(offset: number): void {
    while (this.#open.length > 0) {
      const path = this.#open.map(({ step }) => step);
      const { start, at } = this.#open.pop() as { start: number; at: number };
      this.#put(at, { path, start }, Math.max(offset, start), undefined, "");
    }
  }

  #put(at: number, { path, start }: Open, end: number, value: unknown, text: string): void {
    const octets = this.#octets.subarray(start, end);
    this.#fields[at] = { path, offset: start + this.#base, length: octets.length, octets, value, text };
  }
}

function explained(octets: Uint8Array, options: ExplainOptions, read: (observer: Explainer) => void): Explained {
  const observer = new Explainer(octets, options);
  try {
    read(observer);
    return { fields: observer.fields };
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    observer.abandon(caught.offset ?? octets.length);
    return { fields: observer.fields, fault: caught };
  }
}

// Fields of octets that are an APDU, plain or ciphered.
const holdsApdu = new Set(["userInformation", "content"]);

function withInner(fields: readonly ExplainedField[], options: ExplainOptions): ExplainedField[] {
  return fields.flatMap((field) => {
    const { path, value, offset, length } = field;
    if (!holdsApdu.has(path.at(-1) as string) || !(value instanceof Uint8Array)) return [field];
    // The value stands at the end of its field, behind tags and lengths.
    const inner = explainApdu(value, { ...options, base: offset + length - value.length });
    if (inner.fault !== undefined) return [field];
    return [{ ...field, text: "" }, ...inner.fields.map((one) => ({ ...one, path: [...path, ...one.path] }))];
  });
}

/**
 * The fields of an APDU: first `apdu`, its tags and its name, then the others, with those of an APDU within it
 * (the InitiateRequest of an AARQ). Never throws for what the octets are: the Fault is in the result.
 */
export function explainApdu(octets: Uint8Array, options: ExplainOptions = {}): Explained {
  const { names: _names, base = 0, ...reading } = options;
  let name: string | undefined;
  const { fields, fault } = explained(octets, options, (observer) => {
    name = decodeApdu(octets, { ...reading, observer }).apdu;
  });
  const inner = withInner(fields, options);
  const head = octets.subarray(0, (fields[0]?.offset ?? base + octets.length) - base);
  // A Fault within an APDU has its name as the first step.
  name ??= fault?.path[0];
  if (name !== undefined && fields.length > 0) {
    inner.unshift({ path: ["apdu"], offset: base, length: head.length, octets: head, value: name, text: name });
  }
  return fault === undefined ? { fields: inner } : { fields: inner, fault };
}

/** The fields of one Data: first `data`, the whole, then its items. Never throws for what the octets are. */
export function explainData(octets: Uint8Array, options: ExplainOptions = {}): Explained {
  return explained(octets, options, (observer) => {
    const from = new Reader(octets, { layer: "axdr", ...options, observer });
    observer.enter("data", from.at);
    const data = Data.read(from);
    observer.leave(from.at, data);
    from.finish();
  });
}
