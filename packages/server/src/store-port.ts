import type { Store } from "@dlmskit/storage";

/** What the server needs of a store: the contracts of `@dlmskit/storage` that it uses, and no more. */
export type MeterStore = Pick<Store, "keeping" | "counters" | "connections"> &
  Partial<Pick<Store, "messageQueue" | "onChange">>;
