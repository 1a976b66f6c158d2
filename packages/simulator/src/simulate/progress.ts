import type { SimulatedTime } from "@dlmskit/server";
import type { Store } from "@dlmskit/storage";
import type { Span } from "../fleet/addresses.ts";
import { progressName, progressSpan } from "../fleet/shard.ts";
import type { SimulatorTemplate } from "../templates/template.ts";

export interface ProgressOptions {
  readonly store: Pick<Store, "fleets">;
  readonly template: Pick<SimulatorTemplate, "name">;
  /** The meters that this process runs. */
  readonly own: Span;
  /** Number of meters of the whole fleet. */
  readonly meters: number;
  readonly time: Pick<SimulatedTime, "now">;
}

/** Whether two ranges have a meter in common. */
const overlap = (one: Span, other: Span): boolean =>
  one.first < other.first + other.meters && other.first < one.first + one.meters;

/**
 * Until when the idle meters of this process did everything that was due. It begins at the first start of the fleet. If the fleet was
 * divided differently before, the oldest progress of the meters counts: a meter that did something has its own mark, so nothing is done
 * twice.
 */
export async function progressOf(
  options: ProgressOptions,
): Promise<{ readonly progress: string; readonly ranUpTo: number }> {
  const { store, template, own, meters, time } = options;
  const progress = progressName(own, meters);
  const now = Math.floor(time.now);
  const kept = await store.fleets.ranUpTo(template.name, progress);
  if (kept !== undefined) return { progress, ranUpTo: Math.min(kept, now) };
  const others = (await store.fleets.progress(template.name)).filter(({ shard }) => {
    const span = progressSpan(shard, meters);
    return span !== undefined && overlap(span, own);
  });
  const ranUpTo = Math.min(now, ...others.map(({ at }) => at));
  await store.fleets.setRanUpTo(template.name, progress, ranUpTo);
  return { progress, ranUpTo };
}
