import { type ChangeListener, ChangeListeners, isConfigurationTable } from "@dlmskit/storage";
import type { Driver } from "./driver.ts";

/** The channel of migration 0009. */
export const channel = "dlmskit";
export const endOf = "end ";

/** Notifications by NOTIFY from all processes, including this one: rows that were changed, and sessions that must end. */
export class Notices {
  readonly #driver: Driver;
  readonly #changes = new ChangeListeners();
  readonly #ends = new Set<(id: number) => void>();
  #stop: (() => Promise<void>) | undefined;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  onChange(listener: ChangeListener): () => void {
    this.#listen();
    return this.#changes.onChange(listener);
  }

  /** Calls `listener` with the id of each connection that must end. */
  onEnd(listener: (id: number) => void): () => void {
    this.#listen();
    this.#ends.add(listener);
    return () => this.#ends.delete(listener);
  }

  /** Called only when there is a listener, because it needs a connection. */
  #listen(): void {
    this.#stop ??= this.#driver.listen?.(
      channel,
      (payload) => this.#heard(payload),
      () => this.#changes.tellAll(),
    );
  }

  /** `"<table>"`, `"security_settings <meter id>"`, `"end <id of a connection>"`. */
  #heard(payload: string): void {
    if (payload.startsWith(endOf)) {
      const id = Number(payload.slice(endOf.length));
      for (const listener of [...this.#ends]) listener(id);
      return;
    }
    const [, table = "", meterId] = /^(\S+)(?: (.*))?$/s.exec(payload) ?? [];
    if (isConfigurationTable(table)) this.#changes.tell({ table, ...(meterId === undefined ? {} : { meterId }) });
  }

  async close(): Promise<void> {
    await this.#stop?.();
  }
}
