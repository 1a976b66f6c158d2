import { Fault } from "@dlmskit/core";
import type { Companion } from "./obis-entry.ts";
import { obisEntries } from "./obis-names.ts";

/** One or more codes of the catalogue: a lower-case letter in the pattern is any number, and `{e}` in the name is replaced by it. */
export interface ObisMatch {
  readonly pattern: string;
  readonly name: string;
  /** The companion specification that defines the name; undefined: the standard. */
  readonly companion: Companion | undefined;
}

const groupCount = 6;

/**
 * The codes that match a pattern, in the order of the catalogue: `"1-0:*.8.0"`, `"1.*.1.8.*.255"`; `*` is any number, and value group F is
 * any number if it is left out. Fault `bad-logical-name` if the text is not a pattern.
 */
export function findObisCodes(pattern: string): ObisMatch[] {
  const groups = pattern.split(/[.:&-]/);
  if (groups.length === groupCount - 1) groups.push("*");
  if (groups.length !== groupCount || groups.some((group) => !isGroup(group))) {
    throw new Fault("bad-logical-name", `"${pattern}" is not a pattern of OBIS codes`, {
      hint: 'for example "1-0:1.8.*" or "1.0.*.8.0.255"',
    });
  }
  return [...obisEntries()].filter((entry) =>
    entry.pattern
      .split(".")
      .every((group, at) => group >= "a" || groups[at] === "*" || group === `${Number(groups[at])}`),
  );
}

/** The codes whose names contain all of these words; upper and lower case are equal. */
export function findObisNames(words: string): ObisMatch[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return [...obisEntries()].filter(({ name }) => wanted.every((word) => name.toLowerCase().includes(word)));
}

const isGroup = (group: string): boolean => group === "*" || (/^\d{1,3}$/.test(group) && Number(group) <= 255);
