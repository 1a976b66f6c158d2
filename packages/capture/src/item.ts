import { type Fault, type Json, toHex } from "@dlmskit/core";
import type { TreeNode } from "./tree.ts";

/**
 * One item of a stream. If a part of it cannot be read, it has a Fault with an offset in the input; `json` and `node` then have
 * the readable part, or are absent.
 */
export interface Item {
  readonly json?: { readonly [key: string]: Json };
  readonly node?: TreeNode;
  /** The XML form of its APDU or Data, deciphered if possible. */
  readonly xml?: () => string;
  readonly fault?: Fault;
  /** The Fault of the PDU in a frame. */
  readonly pduFault?: Fault;
}

/** An item with a readable part: its JSON form and its fields for people. */
export interface Decoded extends Item {
  readonly json: { readonly [key: string]: Json };
  readonly node: TreeNode;
}

/** The JSON form of a field and its child fields. */
export function treeJson({ name, offset, octets, text, children }: TreeNode): { readonly [key: string]: Json } {
  return {
    name,
    offset,
    octets: toHex(octets),
    ...(text === "" ? {} : { text }),
    ...(children.length === 0 ? {} : { fields: children.map(treeJson) }),
  };
}

/** The JSON document of an item: its form, its fault, or both. Without a form, it has the `fields` up to the fault. */
export function itemJson({ json, node, fault, pduFault }: Item): { readonly [key: string]: Json } {
  return {
    ...json,
    ...(json === undefined && node !== undefined ? { fields: [treeJson(node)] } : {}),
    ...(fault === undefined ? {} : { fault: fault.toJSON() }),
    ...(pduFault === undefined ? {} : { pduFault: pduFault.toJSON() }),
  };
}
