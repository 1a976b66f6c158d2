import { readFileSync } from "node:fs";
import { fromHex } from "@dlmskit/core";

export interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly source: string;
  readonly hex: string;
  readonly keys?: { readonly [name: string]: string };
  // biome-ignore lint/suspicious/noExplicitAny: vectors are data of many shapes
  readonly decoded: any;
  readonly valid: boolean;
  readonly notes?: string;
}

export function vectorsOf(name: "security" | "hls" | "keywrap-ecc"): readonly Vector[] {
  const file = new URL(`../../../test-vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { vectors: Vector[] }).vectors;
}

/** The octets of a key of the vector; it must have it. */
export function keyOf(vector: Vector, name: string): Uint8Array {
  const hex = vector.keys?.[name];
  if (hex === undefined) throw new Error(`${vector.id} has no ${name}`);
  return fromHex(hex);
}
