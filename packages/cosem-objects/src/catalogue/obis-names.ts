import type { LogicalName } from "@dlmskit/core";
import { abstractNames } from "./obis-abstract.ts";
import { companionNames } from "./obis-companions.ts";
import { electricityNames } from "./obis-electricity.ts";
import { otherMediaNames } from "./obis-other-media.ts";

export type NameEntry = readonly [pattern: string, name: string];
export type CompanionEntry = readonly [pattern: string, name: string, companion: Companion];
export type Companion = "IS 15959" | "IDIS" | "DSMR" | "Norwegian HAN";

interface Pattern {
  readonly groups: readonly string[];
  readonly open: number;
  readonly name: string;
  readonly companion: Companion | undefined;
}

// By the fixed group A, the patterns with the fewest open groups first: the first that fits is the closest.
let byMedium: Map<string, Pattern[]> | undefined;

function patterns(medium: string): readonly Pattern[] {
  if (byMedium === undefined) {
    byMedium = new Map();
    const standard = [...abstractNames, ...electricityNames, ...otherMediaNames];
    for (const [text, name, companion] of [...standard, ...companionNames] as (NameEntry | CompanionEntry)[]) {
      const groups = text.split(".");
      const open = groups.filter((group) => group >= "a").length;
      const of = byMedium.get(groups[0] as string) ?? [];
      of.push({ groups, open, name, companion });
      byMedium.set(groups[0] as string, of);
    }
    for (const of of byMedium.values()) of.sort((one, other) => one.open - other.open);
  }
  return byMedium.get(medium) ?? [];
}

/**
 * What a code is called: `"1.0.1.8.0.255"` is "Active energy +, total". A companion specification named comes first,
 * then the standard's own names, then whatever other companion knows the code. Undefined when none does.
 */
export function obisName(code: LogicalName, companion?: Companion): string | undefined {
  const groups = code.split(".");
  let best: { rank: number; name: string } | undefined;
  for (const pattern of patterns(groups[0] as string)) {
    const rank = pattern.companion === undefined ? 1 : pattern.companion === companion ? 0 : 2;
    if (best !== undefined && best.rank <= rank) continue;
    if (!pattern.groups.every((group, at) => group === groups[at] || group >= "a")) continue;
    const name = pattern.name.replace(
      /\{(\w)\}/g,
      (_, letter: string) => groups[pattern.groups.indexOf(letter)] as string,
    );
    best = { rank, name };
  }
  return best?.name;
}
