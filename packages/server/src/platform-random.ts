import type { Random } from "@dlmskit/security";

/** What a machine without a source of its own has for randomness: the platform's. */
export const platformRandom: Random = (count) => globalThis.crypto.getRandomValues(new Uint8Array(count));
