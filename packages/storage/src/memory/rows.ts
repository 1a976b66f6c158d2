import { Fault } from "@dlmskit/core";
import type { Rows } from "../rows.ts";
import type { Stored } from "../shape.ts";
import { copied, duplicate, type MemoryContext, type MemoryState, type MemoryTable } from "./state.ts";

export interface MemoryRowsRules<R> {
  table(state: MemoryState): MemoryTable<R>;
  /** The row, checked. */
  check(row: R): R;
  /** No two rows have the same. */
  unique?(row: R): string;
  /** `addIfEmpty` looks at rows of the same group. */
  group?(row: R): string;
  /** Fault for a row that names what is not there. */
  references?(row: R, state: MemoryState): void;
  /** Whether another row names this one. */
  used?(id: number, state: MemoryState): boolean;
}

export class MemoryRows<R extends object> implements Rows<R> {
  readonly context: MemoryContext;
  readonly #rules: MemoryRowsRules<R>;

  constructor(context: MemoryContext, rules: MemoryRowsRules<R>) {
    this.context = context;
    this.#rules = rules;
  }

  table(): MemoryTable<R> {
    return this.#rules.table(this.context.use());
  }

  async list(): Promise<readonly Stored<R>[]> {
    return [...this.table().rows.values()].map(copied);
  }

  async get(id: number): Promise<Stored<R> | undefined> {
    const row = this.table().rows.get(id);
    return row === undefined ? undefined : copied(row);
  }

  async add(row: R): Promise<number> {
    return (await this.addAll([row]))[0] as number;
  }

  async addAll(rows: readonly R[]): Promise<readonly number[]> {
    const table = this.table();
    const checked = rows.map((row) => copied(this.#rules.check(row)));
    const taken = new Set<string>();
    for (const row of checked) this.#fits(row, undefined, taken);
    const now = this.context.instant();
    return checked.map((row) => table.add(row, now));
  }

  async addIfEmpty(rows: readonly R[]): Promise<boolean> {
    const group = this.#rules.group ?? (() => "");
    const there = new Set([...this.table().rows.values()].map(group));
    const fresh = rows.filter((row) => !there.has(group(row)));
    await this.addAll(fresh);
    return fresh.length > 0;
  }

  async replace(id: number, row: R): Promise<boolean> {
    const table = this.table();
    const checked = copied(this.#rules.check(row));
    const before = table.rows.get(id);
    if (before === undefined) return false;
    this.#fits(checked, id, new Set());
    const { createdAt } = before;
    table.rows.set(id, { ...checked, id, ...(createdAt === undefined ? {} : { createdAt }) });
    return true;
  }

  async remove(id: number): Promise<boolean> {
    const table = this.table();
    if (this.#rules.used?.(id, this.context.state) === true) {
      throw new Fault("in-use", `another row names row ${id}`, { layer: "storage" });
    }
    return table.rows.delete(id);
  }

  #fits(row: R, id: number | undefined, taken: Set<string>): void {
    this.#rules.references?.(row, this.context.state);
    const { unique } = this.#rules;
    if (unique === undefined) return;
    const key = unique(row);
    if (taken.has(key) || this.table().find((each) => each.id !== id && unique(each) === key) !== undefined) {
      throw duplicate("such a row");
    }
    taken.add(key);
  }
}
