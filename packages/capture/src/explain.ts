import type { Fault, Json } from "@dlmskit/core";
import { Decoder, type DecoderOptions, withFault } from "./decoder.ts";
import { type Item, itemJson } from "./item.ts";
import { readCapture } from "./read.ts";
import type { CaptureRecord } from "./record.ts";

/** A record of a capture and what its octets are. */
export interface Explained {
  readonly record: CaptureRecord;
  readonly items: readonly Item[];
}

/** The JSON documents of a record's items; those of a packet capture say between whom and when. */
export function recordJson({ record, items }: Explained): { readonly [key: string]: Json }[] {
  const { flow, time } = record;
  const documents = items.map(itemJson);
  if (flow === undefined) return documents;
  const [from = "", to = ""] = flow.split(" > ");
  return documents.map((one) => ({ ...one, packet: { from, to, ...(time === undefined ? {} : { time }) } }));
}

/** Explains the records of one capture, in order. What belongs to one connection shares a decoder. */
export class Explainer {
  readonly #options: DecoderOptions;
  readonly #decoders = new Map<string, Decoder>();

  constructor(options: DecoderOptions = {}) {
    this.#options = options;
  }

  /** What the octets of a record are; its Fault where there are none. `last`: nothing more of the capture comes. */
  explain(record: CaptureRecord, last = false): Explained {
    if (record.fault !== undefined) return { record, items: [{ fault: record.fault }] };
    const key = record.stream ?? "";
    const decoder = this.#decoders.get(key) ?? new Decoder(this.#options);
    this.#decoders.set(key, decoder);
    const items = decoder.decode(record.octets);
    return { record, items: last ? withFault(items, decoder.end()) : items };
  }

  /** What is wrong because nothing more comes, after the last record. */
  end(): Fault[] {
    return [...this.#decoders.values()].map((decoder) => decoder.end()).filter((fault) => fault !== undefined);
  }
}

/** Reads a text or a file as `readCapture` does and explains all of it. */
export function explainCapture(input: string | Uint8Array, options: DecoderOptions = {}): Explained[] {
  const explainer = new Explainer(options);
  return readCapture(input).map((record, at, { length }) => explainer.explain(record, at === length - 1));
}
