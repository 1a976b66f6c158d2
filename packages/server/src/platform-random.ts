import type { Random } from "@dlmskit/security";

/** The random generator of the platform, used if no other one is given. */
export const platformRandom: Random = (count) => globalThis.crypto.getRandomValues(new Uint8Array(count));
