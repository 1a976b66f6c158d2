import { type Fault, Reader, type ReadObserver } from "@dlmskit/core";
import { type DecodeOptions, decodeApdu } from "./apdu.ts";
import { Data } from "./data.ts";

/** One field of what was read: where it lies, and what it says. */
export interface ExplainedField {
  /** The names that lead to it, outermost first: `["attribute", "classId"]`. */
  readonly path: readonly string[];
  /** From the start of the octets that were explained. */
  readonly offset: number;
  readonly length: number;
  /** A view into the octets explained. */
  readonly octets: Uint8Array;
  readonly value: unknown;
  /** Its meaning for people; empty where the fields below it say everything. */
  readonly text: string;
}

/** What is known of names elsewhere: a port to a catalogue of objects. Each gives undefined for what it does not know. */
export interface ExplainNames {
  /** The name of an object; without a class where the octets do not say it. */
  readonly object?: (logicalName: string, classId?: number) => string | undefined;
  readonly interfaceClass?: (classId: number) => string | undefined;
  readonly attribute?: (classId: number, attributeId: number) => string | undefined;
  readonly method?: (classId: number, methodId: number) => string | undefined;
  /** The unit of an enum that stands behind a scaler. */
  readonly unit?: (unit: number) => string | undefined;
}

export interface ExplainOptions extends DecodeOptions {
  readonly names?: ExplainNames;
}

/** The fields in the order of their octets, each before those within it; and the Fault that ended the reading, where one did. */
export interface Explained {
  readonly fields: readonly ExplainedField[];
  readonly fault?: Fault;
}

/**
 * Hears what a Reader reads and keeps it as fields: an observer for any decoder, of any layer.
 * `octets` are those that the Reader reads, `base` the offset that is to be told for the first of them.
 */
export class Explainer implements ReadObserver {
  readonly #fields: {
    path: string[];
    offset: number;
    length: number;
    octets: Uint8Array;
    value: unknown;
    text: string;
  }[] = [];
  readonly #open: number[] = [];
  readonly #steps: string[] = [];
  readonly #octets: Uint8Array;
  readonly #base: number;

  constructor(octets: Uint8Array, options: { readonly base?: number; readonly names?: ExplainNames } = {}) {
    this.#octets = octets;
    this.#base = options.base ?? 0;
  }

  get fields(): readonly ExplainedField[] {
    return this.#fields;
  }

  enter(step: string, offset: number): void {
    this.#steps.push(step);
    this.#open.push(this.#fields.length);
    this.#fields.push({
      path: [...this.#steps],
      offset: offset + this.#base,
      length: 0,
      octets: this.#octets.subarray(offset, offset),
      value: undefined,
      text: "",
    });
  }

  leave(offset: number, value: unknown): void {
    const at = this.#open.pop();
    this.#steps.pop();
    const field = at === undefined ? undefined : this.#fields[at];
    if (field === undefined) return;
    const start = field.offset - this.#base;
    field.length = offset - start;
    field.octets = this.#octets.subarray(start, offset);
    field.value = value;
  }
}

/** The fields of an APDU, with those of an APDU within it. Never throws for what the octets are. */
export function explainApdu(octets: Uint8Array, options: ExplainOptions = {}): Explained {
  const observer = new Explainer(octets, options);
  decodeApdu(octets, { ...options, observer });
  return { fields: observer.fields };
}

/** The fields of one Data. Never throws for what the octets are. */
export function explainData(octets: Uint8Array, options: ExplainOptions = {}): Explained {
  const observer = new Explainer(octets, options);
  Data.read(new Reader(octets, { ...options, observer }));
  return { fields: observer.fields };
}
