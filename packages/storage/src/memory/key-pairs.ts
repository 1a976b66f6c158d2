import { logicalName } from "@dlmskit/core";
import { type KeySealing, sealingNeeded, sealKey, unsealKey } from "../sealing.ts";
import { checkRow } from "../shape.ts";
import { KeyPair, type KeyPairs } from "../tables/key-pairs.ts";
import { copied, knownMeter, type MemoryContext, type MemoryState } from "./state.ts";

/** The name of a key pair within a meter. */
export const keyPairName = ({
  instanceId,
  usage,
  pending,
}: Pick<KeyPair, "instanceId" | "usage" | "pending">): string => `${logicalName(instanceId)} ${usage} ${pending}`;

/** The pending key pair replaces the one in use. Returns whether there was a pending one. */
export function promoteIn(state: MemoryState, pair: Pick<KeyPair, "meterId" | "instanceId" | "usage">): boolean {
  const of = state.keyPairs.get(pair.meterId);
  const pending = of?.get(keyPairName({ ...pair, pending: true }));
  if (of === undefined || pending === undefined) return false;
  of.delete(keyPairName(pending));
  of.set(keyPairName({ ...pending, pending: false }), { ...pending, pending: false });
  return true;
}

export function memoryKeyPairs(context: MemoryContext, sealing: KeySealing | undefined): KeyPairs {
  function keep(pairs: readonly KeyPair[], replace: boolean): number {
    const state = context.use();
    if (sealing === undefined && state.sealingCheck !== undefined) throw sealingNeeded();
    const checked = pairs.map((pair) => copied(checkRow(KeyPair, pair)));
    for (const { meterId } of checked) knownMeter(state, meterId);
    let kept = 0;
    for (const pair of checked) {
      const of = state.keyPairs.get(pair.meterId) ?? new Map<string, KeyPair>();
      state.keyPairs.set(pair.meterId, of);
      const name = keyPairName(pair);
      if (of.has(name) && !replace) continue;
      of.set(name, { ...pair, privateKey: new Uint8Array(sealKey(sealing, pair.privateKey)) });
      kept++;
    }
    return kept;
  }
  return {
    async of(meterId) {
      return [...(context.use().keyPairs.get(meterId)?.entries() ?? [])]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([, pair]) => copied({ ...pair, privateKey: unsealKey(sealing, pair.privateKey) }));
    },
    async put(pairs) {
      keep(pairs, true);
    },
    async promote(pair) {
      return promoteIn(context.use(), pair);
    },
    async putIfAbsent(pairs) {
      return keep(pairs, false);
    },
  };
}
