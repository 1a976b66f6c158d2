import type { ConfigurationTable, Store } from "@dlmskit/storage";

/**
 * The configuration tables that have changed since they were read. It listens from before the first read, so no change is missed, and a
 * store that reports all tables when it begins to listen does so before the first read as well: nothing is read a second time for that.
 */
export class ChangedTables {
  readonly #changed = new Set<ConfigurationTable>();
  readonly #stop: () => void;
  #changedNow: () => void = () => undefined;

  constructor(store: Pick<Store, "onChange">) {
    this.#stop = store.onChange(({ table }) => this.add(table));
  }

  /** The rows that are read from now on contain the changes that were reported until now. */
  reading(): void {
    this.#changed.clear();
  }

  /** Calls `changed` when a table has changed, and at once if one has changed since it was read. */
  follow(changed: () => void): void {
    this.#changedNow = changed;
    if (this.some) changed();
  }

  add(table: ConfigurationTable): void {
    // The server follows this table, by meter.
    if (table === "security_settings") return;
    this.#changed.add(table);
    this.#changedNow();
  }

  get some(): boolean {
    return this.#changed.size > 0;
  }

  /** Removes the first of `order` that has changed. */
  take(order: readonly ConfigurationTable[]): ConfigurationTable | undefined {
    const table = order.find((one) => this.#changed.has(one));
    if (table !== undefined) this.#changed.delete(table);
    return table;
  }

  close(): void {
    this.#changedNow = () => undefined;
    this.#stop();
  }
}
