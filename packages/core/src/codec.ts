import { Fault } from "./fault.ts";
import { Reader, type ReaderOptions } from "./reader.ts";
import { Writer } from "./writer.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** How a value is read from octets, written to them, and said in JSON: declared once, both ways. */
export interface Codec<T> {
  read(from: Reader): T;
  write(value: T, to: Writer): void;
  toJson(value: T): Json;
  fromJson(json: Json): T;
}

/** A codec of named fields, which can be joined with others into one object. */
export interface RecordCodec<T> extends Codec<T> {
  readonly names: readonly string[];
  readInto(from: Reader, target: Record<string, unknown>): void;
  jsonInto(value: T, target: Record<string, Json>): void;
  fromJsonInto(json: { readonly [key: string]: Json }, target: Record<string, unknown>): void;
}

/** The type that a codec is for. */
export type Of<C> = C extends Codec<infer T> ? T : never;

/** The value of the octets, all of them: Fault `trailing-octets` for what is left over. */
export function decode<T>(codec: Codec<T>, octets: Uint8Array, options?: ReaderOptions): T {
  const from = new Reader(octets, options);
  const value = codec.read(from);
  from.finish();
  return value;
}

const scratchOctets = 4096;
// The room of one Writer is used again and again: nothing of it leaves but the copy that `done` makes. It is taken while it
// is written to, so that an encoding within an encoding has one of its own.
let scratch: Writer | undefined;

/** The octets of a value. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const to = scratch ?? new Writer(scratchOctets);
  scratch = undefined;
  to.reset();
  codec.write(value, to);
  const octets = to.done();
  // A large one is not kept.
  if (octets.length <= scratchOctets) scratch = to;
  return octets;
}

/** What a JSON value is, for a message. */
export function kindOf(json: Json | undefined): string {
  if (json === null) return "null";
  if (json === undefined) return "nothing";
  return Array.isArray(json)
    ? "a list"
    : typeof json === "object"
      ? "an object"
      : `${typeof json} ${JSON.stringify(json)}`;
}

/** A Fault `bad-json`: what was expected and what stands there. */
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
