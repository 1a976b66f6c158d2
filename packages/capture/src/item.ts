import { type Fault, type Json, toHex } from "@dlmskit/core";
import type { TreeNode } from "./tree.ts";

/**
 * One thing of a stream. What could not be read of it is its Fault, with an offset in the input: then `json` and `node`
 * hold what could, or are absent.
 */
export interface Item {
  readonly json?: { readonly [key: string]: Json };
  readonly node?: TreeNode;
  /** The XML form of the APDU or Data in it; deciphered where that was possible. */
  readonly xml?: () => string;
  readonly fault?: Fault;
  /** Why the PDU of a frame cannot be read; the frame itself is right. */
  readonly pduFault?: Fault;
}

/** An item of which something could be read: its JSON form and its fields for people. */
export interface Decoded extends Item {
  readonly json: { readonly [key: string]: Json };
  readonly node: TreeNode;
}

/** A field and what is in it, in JSON. */
export function treeJson({ name, offset, octets, text, children }: TreeNode): { readonly [key: string]: Json } {
  return {
    name,
    offset,
    octets: toHex(octets),
    ...(text === "" ? {} : { text }),
    ...(children.length === 0 ? {} : { fields: children.map(treeJson) }),
  };
}

/** The JSON document of an item: the form, the fault, or both; the `fields` up to the fault where there is no form. */
export function itemJson({ json, node, fault, pduFault }: Item): { readonly [key: string]: Json } {
  return {
    ...json,
    ...(json === undefined && node !== undefined ? { fields: [treeJson(node)] } : {}),
    ...(fault === undefined ? {} : { fault: fault.toJSON() }),
    ...(pduFault === undefined ? {} : { pduFault: pduFault.toJSON() }),
  };
}
