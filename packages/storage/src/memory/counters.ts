import { checkRow } from "../shape.ts";
import {
  CounterKey,
  type Counters,
  counterBlock,
  counterExhausted,
  counterValue,
  lastCounter,
  PeerCounterKey,
} from "../tables/counters.ts";
import type { MemoryContext } from "./state.ts";

const keyOf = (key: CounterKey): string => {
  const { meterId, keyId } = checkRow(CounterKey, key);
  return JSON.stringify([meterId, keyId]);
};

export function memoryCounters(context: MemoryContext): Counters {
  function savePeer(key: PeerCounterKey, counter: number): number {
    return context.use().savePeer(checkRow(PeerCounterKey, key), counterValue.check(counter));
  }
  return {
    async reserve(key, atLeast, block) {
      const { counters } = context.use();
      const name = keyOf(key);
      const from = Math.max(counterValue.check(atLeast), (counters.get(name) ?? -1) + 1);
      if (from > lastCounter) throw counterExhausted(key);
      const upTo = Math.min(from + counterBlock.check(block) - 1, lastCounter);
      counters.set(name, upTo);
      return { from, upTo };
    },
    async reserved(key) {
      return context.use().counters.get(keyOf(key));
    },
    async savePeer(key, counter) {
      return savePeer(key, counter);
    },
    async savePeers(counters) {
      for (const { key, counter } of counters) {
        checkRow(PeerCounterKey, key);
        counterValue.check(counter);
      }
      for (const { key, counter } of counters) savePeer(key, counter);
    },
    async loadPeer(key) {
      return context.use().loadPeer(checkRow(PeerCounterKey, key));
    },
  };
}
