import { Fault } from "./fault.ts";
import { Reader, type ReaderOptions } from "./reader.ts";
import { Writer } from "./writer.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** How a value is read from octets, written to octets, and converted to and from JSON. One declaration covers all of them. */
export interface Codec<T> {
  read(from: Reader): T;
  write(value: T, to: Writer): void;
  toJson(value: T): Json;
  fromJson(json: Json): T;
}

/** A codec of named fields. Several of them can be joined into one object. */
export interface RecordCodec<T> extends Codec<T> {
  readonly names: readonly string[];
  readInto(from: Reader, target: Record<string, unknown>): void;
  jsonInto(value: T, target: Record<string, Json>): void;
  fromJsonInto(json: { readonly [key: string]: Json }, target: Record<string, unknown>): void;
}

/** The value type of a codec. */
export type Of<C> = C extends Codec<infer T> ? T : never;

/** Decodes all octets to a value. Octets left over are Fault `trailing-octets`. */
export function decode<T>(codec: Codec<T>, octets: Uint8Array, options?: ReaderOptions): T {
  const from = new Reader(octets, options);
  const value = codec.read(from);
  from.finish();
  return value;
}

const scratchOctets = 4096;
// The buffer of one Writer is reused. Only the copy that `done` makes is given out. The Writer is removed from here while it is in
// use, so that a nested encoding uses another one.
let scratch: Writer | undefined;

/** Encodes a value to octets. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const to = scratch ?? new Writer(scratchOctets);
  scratch = undefined;
  to.reset();
  codec.write(value, to);
  const octets = to.done();
  // A large buffer is not kept.
  if (octets.length <= scratchOctets) scratch = to;
  return octets;
}

/** The kind of a JSON value, for a message. */
export function kindOf(json: Json | undefined): string {
  if (json === null) return "null";
  if (json === undefined) return "nothing";
  return Array.isArray(json)
    ? "a list"
    : typeof json === "object"
      ? "an object"
      : `${typeof json} ${JSON.stringify(json)}`;
}

/** A Fault `bad-json` with the expected kind and the actual kind. */
export function badJson(expected: string, json: Json | undefined): Fault {
  return new Fault("bad-json", `expected ${expected}, found ${kindOf(json)}`);
}

export function asObject(json: Json): { readonly [key: string]: Json } {
  if (json === null || typeof json !== "object" || Array.isArray(json)) throw badJson("an object", json);
  return json as { readonly [key: string]: Json };
}

export function asList(json: Json): readonly Json[] {
  if (!Array.isArray(json)) throw badJson("a list", json);
  return json;
}

export function asText(json: Json): string {
  if (typeof json !== "string") throw badJson("text", json);
  return json;
}
