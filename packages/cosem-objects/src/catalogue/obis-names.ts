import { type LogicalName, logicalName } from "@dlmskit/core";
import { abstractNames } from "./obis-abstract.ts";
import { companionNames } from "./obis-companions.ts";
import { electricityNames } from "./obis-electricity.ts";
import type { Companion, CompanionEntry, NameEntry } from "./obis-entry.ts";
import { otherMediaNames } from "./obis-other-media.ts";

export type { Companion } from "./obis-entry.ts";

interface Pattern {
  readonly groups: readonly string[];
  readonly open: number;
  readonly name: string;
  readonly companion: Companion | undefined;
}

// The key is the fixed value group A; more specific patterns come first, and the first that matches is used.
let byMedium: Map<string, Pattern[]> | undefined;

/** All entries of the catalogue: those of the standard, then those of companion specifications. */
export function* obisEntries() {
  const standard = [...abstractNames, ...electricityNames, ...otherMediaNames];
  for (const [pattern, name, companion] of [...standard, ...companionNames] as (NameEntry | CompanionEntry)[]) {
    yield { pattern, name, companion };
  }
}

function patterns(medium: string): readonly Pattern[] {
  if (byMedium === undefined) {
    byMedium = new Map();
    for (const { pattern, name, companion } of obisEntries()) {
      const groups = pattern.split(".");
      // Every code has a channel (b): it does not make a pattern less specific.
      const open = groups.filter((group) => group >= "a" && group !== "b").length;
      const of = byMedium.get(groups[0] as string) ?? [];
      of.push({ groups, open, name, companion });
      byMedium.set(groups[0] as string, of);
    }
    for (const of of byMedium.values()) of.sort((one, other) => rankOf(one) - rankOf(other) || one.open - other.open);
  }
  return byMedium.get(medium) ?? [];
}

// First the standard's own name, if its pattern fixes all groups except one; then names of companions; then "country specific" and similar
// names.
function rankOf({ companion, open }: Pattern): number {
  return companion !== undefined ? 1 : open <= 1 ? 0 : 2;
}

/**
 * The name of a code: `"1.0.1.8.0.255"` is "Active energy import (+A), total". The name of the given companion specification has
 * priority, then that of the standard, then those of other companions. Short forms such as `"1-0:1.8.0"` are also accepted. Undefined if the
 * code is not in the catalogue. Fault `bad-logical-name` for a text that is not an OBIS code.
 */
export function obisName(code: LogicalName, companion?: Companion): string | undefined {
  const groups = logicalName(code).split(".");
  const fits = ({ groups: pattern }: Pattern): boolean =>
    pattern.every((group, at) => group === groups[at] || group >= "a");
  const known = patterns(groups[0] as string);
  const found =
    (companion && known.find((pattern) => pattern.companion === companion && fits(pattern))) ?? known.find(fits);
  return found?.name.replace(/\{(\w)\}(\+1)?/g, (_, letter: string, next?: string) => {
    const group = groups[found.groups.indexOf(letter)] as string;
    return next === undefined ? group : String(Number(group) + 1);
  });
}
