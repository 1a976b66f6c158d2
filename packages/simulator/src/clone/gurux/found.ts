import type { XmlNode } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { NotTaken } from "./text-values.ts";

/** Something in a file that the template does not have. */
export interface LeftOut {
  /** The logical name of the object, or the name of its element if it has none. */
  readonly object: string;
  /** The attribute, or the element that stands for it; absent: the object. */
  readonly attribute?: string;
  readonly why: string;
}

/** Collects what is left out. */
export class LeftOuts {
  readonly all: LeftOut[] = [];

  add(object: string, attribute: string | undefined, why: string): void {
    this.all.push({ object, ...(attribute !== undefined && { attribute }), why });
  }

  /** The result of `take`; undefined if it finds a value that cannot be taken, which is added. */
  unless<R>(object: string, attribute: string | undefined, take: () => R): R | undefined {
    try {
      return take();
    } catch (caught) {
      if (!(caught instanceof NotTaken || caught instanceof Fault)) throw caught;
      this.add(object, attribute, caught.message);
      return undefined;
    }
  }
}

export const childOf = (node: XmlNode, name: string): XmlNode | undefined =>
  node.children.find((child) => child.name === name);

/** The text of an element in an element; undefined if there is none, or it is empty. */
export function textIn(node: XmlNode, name: string): string | undefined {
  const text = childOf(node, name)?.text;
  return text === "" ? undefined : text;
}

/** A whole number in an element; undefined if it is missing or is none from `least` to `most`. */
export function numberIn(node: XmlNode, name: string, least: number, most: number): number | undefined {
  const value = Number(textIn(node, name) ?? Number.NaN);
  return Number.isInteger(value) && value >= least && value <= most ? value : undefined;
}
