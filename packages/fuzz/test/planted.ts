import type { Target } from "../src/engine.ts";

/** A decoder with a bug that lies four decisions deep: found where coverage leads, and hardly by chance. */
function decoder(octets: Uint8Array): number {
  if (octets[0] !== 0x68) return 0;
  if (octets[1] !== 0x04) return 1;
  if (octets[2] !== 0xa7) return 2;
  if (octets[3] !== 0x16) return 3;
  throw new RangeError("planted");
}

export const targets: readonly Target[] = [
  { name: "planted", seeds: [new Uint8Array(4)], run: (octets) => void decoder(octets) },
];
