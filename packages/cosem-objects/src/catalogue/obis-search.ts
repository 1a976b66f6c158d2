import { Fault } from "@dlmskit/core";
import type { Companion } from "./obis-entry.ts";
import { obisEntries } from "./obis-names.ts";

/** A code, or codes, of the catalogue: a lower-case letter in the pattern is any number, and `{e}` in the name stands for it. */
export interface ObisMatch {
  readonly pattern: string;
  readonly name: string;
  /** The companion specification that the name is of; undefined: the standard. */
  readonly companion: Companion | undefined;
}

const groupCount = 6;

/**
 * The codes that a pattern means, in the order of the catalogue: `"1-0:*.8.0"`, `"1.*.1.8.*.255"`; `*` is any number, and group F is
 * any where it is left out. Fault `bad-logical-name` for what is no pattern.
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

/** The codes whose names have all of these words, whatever their case. */
export function findObisNames(words: string): ObisMatch[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return [...obisEntries()].filter(({ name }) => wanted.every((word) => name.toLowerCase().includes(word)));
}

const isGroup = (group: string): boolean => group === "*" || (/^\d{1,3}$/.test(group) && Number(group) <= 255);
