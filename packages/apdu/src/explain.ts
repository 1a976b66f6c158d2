import { Fault, Reader, type ReadObserver } from "@dlmskit/core";
import { type DecodeOptions, decodeApdu } from "./apdu.ts";
import { Data } from "./data.ts";
import { type ExplainNames, meaning } from "./meaning.ts";

/** A decoded field: its position and its content. */
export interface ExplainedField {
  /** The names of the enclosing fields and of the field, outermost first: `["attribute", "classId"]`. */
  readonly path: readonly string[];
  /** The offset from the start of the explained octets (plus `base`). */
  readonly offset: number;
  readonly length: number;
  /** The octets of the field, as a view into the explained octets. */
  readonly octets: Uint8Array;
  /** The decoded value; undefined in a field that a Fault left unfinished. */
  readonly value: unknown;
  /** The meaning of the value as text for people; empty if the fields inside it are sufficient. */
  readonly text: string;
}

export interface ExplainOptions extends DecodeOptions {
  readonly names?: ExplainNames;
  /** The offset of the first octet, for example its position in a frame; 0 by default. */
  readonly base?: number;
}

/** The fields in the order of their octets, each before the fields inside it, and the Fault if one ended the decoding. */
export interface Explained {
  readonly fields: readonly ExplainedField[];
  readonly fault?: Fault;
}

interface Open {
  readonly path: readonly string[];
  readonly start: number;
}

/**
 * Observes a Reader and keeps the decoded values as fields. It can be used with a decoder of any layer.
 * `octets` are the octets that the Reader reads.
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

  /** The fields that are complete. */
  get fields(): readonly ExplainedField[] {
    return this.#fields.filter((field) => field !== undefined);
  }

  enter(step: string, offset: number): void {
    // The field gets its place now, before the fields inside it, because they end first.
    this.#open.push({ step, start: offset, at: this.#fields.push(undefined) - 1 });
  }

  leave(offset: number, value: unknown): void {
    const path = this.#open.map(({ step }) => step);
    const open = this.#open.pop();
    // An absent optional field is not kept.
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

  /** The value of the field `name` at the same depth, before the field at `at`. */
  #beside(name: string, depth: number, at: number): unknown {
    for (let before = at - 1; before >= 0; before--) {
      const field = this.#fields[before];
      // An unfinished field is an enclosing one.
      if (field === undefined || field.path.length < depth) return undefined;
      if (field.path.length === depth && field.path[depth - 1] === name) return field.value;
    }
    return undefined;
  }

  /** Ends the fields that a Fault left unfinished, at `offset`. */
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

// Fields whose octets are an APDU, plain or ciphered.
const holdsApdu = new Set(["userInformation", "content"]);

function withInner(fields: readonly ExplainedField[], options: ExplainOptions): ExplainedField[] {
  return fields.flatMap((field) => {
    const { path, value, offset, length } = field;
    if (!holdsApdu.has(path.at(-1) as string) || !(value instanceof Uint8Array)) return [field];
    // The value is at the end of its field, after tags and lengths.
    const inner = explainApdu(value, { ...options, base: offset + length - value.length });
    if (inner.fault !== undefined) return [field];
    return [{ ...field, text: "" }, ...inner.fields.map((one) => ({ ...one, path: [...path, ...one.path] }))];
  });
}

/**
 * The fields of an APDU: first `apdu` with its tags and its name, then the others, and the fields of an APDU inside it
 * (the InitiateRequest of an AARQ). Invalid octets do not throw: the Fault is in the result.
 */
export function explainApdu(octets: Uint8Array, options: ExplainOptions = {}): Explained {
  const { names: _names, base = 0, ...reading } = options;
  let name: string | undefined;
  const { fields, fault } = explained(octets, options, (observer) => {
    name = decodeApdu(octets, { ...reading, observer }).apdu;
  });
  const inner = withInner(fields, options);
  const head = octets.subarray(0, (fields[0]?.offset ?? base + octets.length) - base);
  // The first step of a Fault inside an APDU is the name of the APDU.
  name ??= fault?.path[0];
  if (name !== undefined && fields.length > 0) {
    inner.unshift({ path: ["apdu"], offset: base, length: head.length, octets: head, value: name, text: name });
  }
  return fault === undefined ? { fields: inner } : { fields: inner, fault };
}

/** The fields of one Data: first `data` for the complete value, then its items. Invalid octets do not throw. */
export function explainData(octets: Uint8Array, options: ExplainOptions = {}): Explained {
  return explained(octets, options, (observer) => {
    const from = new Reader(octets, { layer: "axdr", ...options, observer });
    observer.enter("data", from.at);
    const data = Data.read(from);
    observer.leave(from.at, data);
    from.finish();
  });
}
