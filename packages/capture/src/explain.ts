import type { Fault, Json } from "@dlmskit/core";
import { Decoder, type DecoderOptions, withFault } from "./decoder.ts";
import { type Item, itemJson } from "./item.ts";
import { readCapture } from "./read.ts";
import type { CaptureRecord } from "./record.ts";

/** A record of a capture, with its decoded items. */
export interface Explained {
  readonly record: CaptureRecord;
  readonly items: readonly Item[];
}

/** The JSON documents of the items of a record. Those of a packet capture also have the two ends and the time. */
export function recordJson({ record, items }: Explained): { readonly [key: string]: Json }[] {
  const { flow, time } = record;
  const documents = items.map(itemJson);
  if (flow === undefined) return documents;
  const [from = "", to = ""] = flow.split(" > ");
  return documents.map((one) => ({ ...one, packet: { from, to, ...(time === undefined ? {} : { time }) } }));
}

/** Decodes the records of one capture, in order. Records of one connection share a decoder. */
export class Explainer {
  readonly #options: DecoderOptions;
  readonly #decoders = new Map<string, Decoder>();

  constructor(options: DecoderOptions = {}) {
    this.#options = options;
  }

  /** Decodes the octets of a record; gives its Fault if it has no octets. `last`: it is the last record of the capture. */
  explain(record: CaptureRecord, last = false): Explained {
    if (record.fault !== undefined) return { record, items: [{ fault: record.fault }] };
    const key = record.stream ?? "";
    const decoder = this.#decoders.get(key) ?? new Decoder(this.#options);
    this.#decoders.set(key, decoder);
    const items = decoder.decode(record.octets);
    return { record, items: last ? withFault(items, decoder.end()) : items };
  }

  /** The Faults of incomplete data, after the last record. */
  end(): Fault[] {
    return [...this.#decoders.values()].map((decoder) => decoder.end()).filter((fault) => fault !== undefined);
  }
}

/** Reads a text or a file like `readCapture`, and decodes all of its records. */
export function explainCapture(input: string | Uint8Array, options: DecoderOptions = {}): Explained[] {
  const explainer = new Explainer(options);
  return readCapture(input).map((record, at, { length }) => explainer.explain(record, at === length - 1));
}
