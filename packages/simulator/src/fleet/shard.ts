import { Fault } from "@dlmskit/core";
import type { Span } from "./addresses.ts";

/** One of several equal parts of a range of meters, each for a process of its own. */
export interface Shard {
  /** From 0 to `of` - 1. */
  readonly index: number;
  /** Number of parts. */
  readonly of: number;
}

/** The whole range. */
export const whole: Shard = { index: 0, of: 1 };

/**
 * The meters of a part. The parts follow each other without gaps, and their sizes differ by one meter at most. Fault `bad-value`: there is
 * no such part, or it would have no meter.
 */
export function spanOf({ first, meters }: Span, { index, of }: Shard): Span {
  const valid = Number.isInteger(index) && Number.isInteger(of) && index >= 0 && index < of && of <= meters;
  if (!valid) {
    throw new Fault("bad-value", `part ${index}/${of} of ${meters} meters does not exist`, {
      layer: "simulator",
      hint: `the parts are numbered from 0; there are at most ${meters}`,
    });
  }
  const begin = Math.floor((meters * index) / of);
  return { first: first + begin, meters: Math.floor((meters * (index + 1)) / of) - begin };
}

/** The number of the part that has a meter, by the meter's index, if a range is divided into `of` parts. */
export function partOf({ first, meters }: Span, of: number, index: number): number {
  // The last part that begins at the meter or before it.
  return Math.ceil(((index - first + 1) * of) / meters) - 1;
}

/** The name under which a store keeps the progress of meters: that of the whole fleet is `all`. */
export const progressName = ({ first, meters }: Span, all: number): string =>
  first === 0 && meters === all ? "all" : `${first}+${meters}`;

/** The meters whose progress has a name; undefined: the name is not of this form. */
export function progressSpan(name: string, all: number): Span | undefined {
  if (name === "all") return { first: 0, meters: all };
  const [, first, meters] = /^(\d{1,9})\+(\d{1,9})$/.exec(name) ?? [];
  return first === undefined ? undefined : { first: Number(first), meters: Number(meters) };
}
