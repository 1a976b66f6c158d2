import { instant } from "../fields.ts";
import { type KeySealing, sealingNeeded, sealKey, unsealKey } from "../sealing.ts";
import { checkRow } from "../shape.ts";
import { checkShard, Fleet, type Fleets } from "../tables/fleets.ts";
import { copied, type MemoryContext, unknownReference } from "./state.ts";

export function memoryFleets(context: MemoryContext, sealing: KeySealing | undefined): Fleets {
  const shown = (kept: Fleet): Fleet => copied({ ...kept, secret: unsealKey(sealing, kept.secret) });
  const name = (template: string, shard: string): string => JSON.stringify([template, checkShard(shard)]);
  return {
    async putIfAbsent(fleet) {
      const state = context.use();
      if (sealing === undefined && state.sealingCheck !== undefined) throw sealingNeeded();
      const checked = copied(checkRow(Fleet, fleet));
      const kept = state.fleets.get(checked.template) ?? {
        ...checked,
        secret: new Uint8Array(sealKey(sealing, checked.secret)),
      };
      state.fleets.set(checked.template, kept);
      return shown(kept);
    },
    async get(template) {
      const kept = context.use().fleets.get(template);
      return kept && shown(kept);
    },
    async ranUpTo(template, shard) {
      return context.use().fleetProgress.get(name(template, shard));
    },
    async progress(template) {
      return [...context.use().fleetProgress].flatMap(([key, at]) => {
        const [of, shard] = JSON.parse(key) as [string, string];
        return of === template ? [{ shard, at }] : [];
      });
    },
    async setRanUpTo(template, shard, at) {
      const state = context.use();
      const key = name(template, shard);
      instant.check(at);
      if (!state.fleets.has(template)) throw unknownReference(`fleet of template "${template}"`);
      state.fleetProgress.set(key, at);
    },
  };
}
