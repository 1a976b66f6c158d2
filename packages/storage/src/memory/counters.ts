import {
  CounterKey,
  type Counters,
  counterBlock,
  counterExhausted,
  counterValue,
  lastCounter,
  PeerCounterKey,
} from "../counters.ts";
import { checkRow } from "../shape.ts";
import type { MemoryContext } from "./state.ts";

const keyOf = (key: CounterKey): string => {
  const { meterId, keyId } = checkRow(CounterKey, key);
  return JSON.stringify([meterId, keyId]);
};
const peerKeyOf = (key: PeerCounterKey): string => {
  const { meterId, keyId, peer } = checkRow(PeerCounterKey, key);
  return JSON.stringify([meterId, keyId, peer]);
};

export function memoryCounters(context: MemoryContext): Counters {
  function savePeer(key: PeerCounterKey, counter: number): number {
    const { peers } = context.use();
    const name = peerKeyOf(key);
    const kept = Math.max(counterValue.check(counter), peers.get(name) ?? 0);
    peers.set(name, kept);
    return kept;
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
        peerKeyOf(key);
        counterValue.check(counter);
      }
      for (const { key, counter } of counters) savePeer(key, counter);
    },
    async loadPeer(key) {
      return context.use().peers.get(peerKeyOf(key));
    },
  };
}
