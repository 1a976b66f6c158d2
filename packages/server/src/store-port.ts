import type { Store } from "@dlmskit/storage";

/**
 * What the server needs of a store: the contracts of `@dlmskit/storage` that it uses, and no more. Without the last two, key
 * pairs and certificates are kept in memory alone.
 */
export type MeterStore = Pick<
  Store,
  "meters" | "counters" | "securitySettings" | "values" | "captures" | "connections"
> &
  Partial<Pick<Store, "keyPairs" | "certificates">>;
