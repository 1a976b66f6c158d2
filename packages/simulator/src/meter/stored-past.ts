import { Data } from "@dlmskit/apdu";
import { decode, Fault } from "@dlmskit/core";
import type { AttributeValue, Store } from "@dlmskit/storage";
import { type Condition, countedAt, countIn, type NoticedEntry } from "./conditions.ts";
import { logKept, outageLog, type SwitchLog, spansOf } from "./journal.ts";
import { noPast, type Past } from "./past.ts";

interface Kinds {
  readonly switchLog: SwitchLog | undefined;
  readonly conditions: readonly Condition[];
  readonly firstCounts: ReadonlyMap<string, number>;
}

const mostEntries = 1_000_000;

/** The objects that show conditions beside the logs. A meter that noticed something has values of its own for them. */
const marksOf = ({ sign, counter }: Condition): readonly (string | undefined)[] => [sign?.object, counter];

/** The past of a meter in a store. `values`: its values there. Logs that a meter without such values cannot have are not read. */
export async function pastOf(
  { events }: Pick<Store, "events">,
  meterId: string,
  { switchLog, conditions, firstCounts }: Kinds,
  values: readonly Pick<AttributeValue, "logicalDevice" | "instanceId" | "encoded">[],
): Promise<Past> {
  const has = (instance: string | undefined): boolean => values.some(({ instanceId }) => instanceId === instance);
  const operated = switchLog?.object;
  const switched = switchLog !== undefined && (operated === undefined || has(operated.instance));
  // The state of the power belongs to no logical device.
  const wasCut = values.some(({ logicalDevice }) => logicalDevice === 0);
  const noticing = conditions.filter((one) => marksOf(one).some(has));
  const list = (log: string) => events.list({ meterId, instanceId: log, limit: mostEntries });
  const entries: NoticedEntry[] = [];
  const full = new Set<string>();
  for (const log of new Set(noticing.map((one) => one.log))) {
    const kept = await list(log);
    for (const { at, code } of kept) entries.push({ log, code, at });
    if (kept.length >= logKept) full.add(log);
  }
  const dropped = new Map<string, number>();
  for (const { log, counter } of noticing) {
    const encoded = full.has(log) && values.find(({ instanceId }) => instanceId === counter)?.encoded;
    if (counter === undefined || !encoded) continue;
    // The count that the meter keeps has all occurrences, also those whose entries are gone.
    const all = storedCount(encoded) - (firstCounts.get(counter) ?? 0);
    dropped.set(counter, Math.max(0, all - countedAt(conditions, entries, Number.POSITIVE_INFINITY, counter)));
  }
  return {
    switchedOff: switched ? spansOf(await list(switchLog.log), switchLog) : noPast.switchedOff,
    outages: wasCut ? spansOf(await list(outageLog.log), outageLog) : noPast.outages,
    noticed: entries,
    dropped,
  };
}

/** 0: it is no number, or it cannot be read, and the meter does without it, too. */
function storedCount(encoded: Uint8Array): number {
  try {
    return countIn(decode(Data, encoded)) ?? 0;
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    return 0;
  }
}
