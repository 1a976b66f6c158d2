import type { ReadObserver } from "@dlmskit/core";
import { annotate, valueText } from "./describe.ts";
import type { Source } from "./source.ts";

/** A field for people: its position in the input, its octets, its name and its meaning. */
export interface TreeNode {
  readonly name: string;
  /** Offset in the input. */
  readonly offset: number;
  readonly octets: Uint8Array;
  text: string;
  readonly children: TreeNode[];
}

/** Observes a Reader and collects its fields as a tree. Fields that were read before a Fault are kept. */
export class TreeCollector implements ReadObserver {
  readonly nodes: TreeNode[] = [];
  readonly #source: Source;
  readonly #open: { name: string; start: number; children: TreeNode[] }[] = [];

  constructor(source: Source) {
    this.#source = source;
  }

  enter(step: string, offset: number): void {
    this.#open.push({ name: step, start: offset, children: [] });
  }

  leave(offset: number, value: unknown): void {
    const open = this.#open.pop();
    if (open === undefined) return;
    const node: TreeNode = {
      name: open.name,
      offset: this.#source.place(open.start),
      octets: this.#source.octets.subarray(open.start, offset),
      // A record with child fields has no text of its own.
      text: open.children.length > 0 && isRecord(value) ? "" : valueText(value),
      children: open.children,
    };
    annotate(value, node);
    // An absent optional field has no node.
    if (value === undefined) return;
    (this.#open.at(-1)?.children ?? this.nodes).push(node);
  }

  /** Closes the fields that a Fault left open and adds `wrong` to the innermost one; gives the collected nodes. */
  finish(wrong = ""): TreeNode[] {
    let text = wrong;
    while (this.#open.length > 0) {
      const open = this.#open.pop() as { name: string; start: number; children: TreeNode[] };
      const node: TreeNode = {
        name: open.name,
        offset: this.#source.place(open.start),
        octets: this.#source.octets.subarray(open.start),
        text,
        children: open.children,
      };
      text = "";
      (this.#open.at(-1)?.children ?? this.nodes).push(node);
    }
    return this.nodes;
  }
}

function isRecord(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) return false;
  const given = value as Record<string, unknown>;
  return typeof given.type !== "string" && !("data" in given) && !("rawData" in given);
}
