import { Fault, toHex } from "@dlmskit/core";
import { isConfigurationTable } from "../changes.ts";
import type { Rows } from "../rows.ts";
import { checkRow, type RowOf, type Stored, type Table } from "../shape.ts";
import {
  copied,
  duplicate,
  type MemoryContext,
  type MemoryState,
  type MemoryTable,
  unknownReference,
} from "./state.ts";

// biome-ignore lint/suspicious/noExplicitAny: a table of any row; inference gives each its own
type AnyTable = Table<any>;

/** A table that a user edits. The checks of its rows follow from its declaration. */
export class MemoryRows<T extends AnyTable, R extends RowOf<T> & object = RowOf<T> & object> implements Rows<R> {
  readonly context: MemoryContext;
  readonly #of: T;
  readonly #table: (state: MemoryState) => MemoryTable<R>;
  readonly #used: (id: number, state: MemoryState) => boolean;
  #unlike = 0;

  /** `used`: whether another row refers to this one. */
  constructor(
    context: MemoryContext,
    of: T,
    table: (state: MemoryState) => MemoryTable<R>,
    used: (id: number, state: MemoryState) => boolean = () => false,
  ) {
    this.context = context;
    this.#of = of;
    this.#table = table;
    this.#used = used;
  }

  table(): MemoryTable<R> {
    return this.#table(this.context.use());
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
    const checked = rows.map((row) => this.#check(row));
    const taken = new Set<string>();
    for (const row of checked) this.#fits(row, undefined, taken);
    const now = this.context.instant();
    const ids = checked.map((row) => table.add(row, now));
    if (ids.length > 0) this.#changed();
    return ids;
  }

  async addIfEmpty(rows: readonly R[]): Promise<boolean> {
    const group = (row: R): unknown => columnValue(row, this.#of.traits.group);
    const there = new Set([...this.table().rows.values()].map(group));
    const fresh = rows.filter((row) => !there.has(group(row)));
    await this.addAll(fresh);
    return fresh.length > 0;
  }

  async replace(id: number, row: R): Promise<boolean> {
    const table = this.table();
    const checked = this.#check(row);
    const before = table.rows.get(id);
    if (before === undefined) return false;
    this.#fits(checked, id, new Set());
    const { createdAt } = before;
    table.rows.set(id, { ...checked, id, ...(createdAt === undefined ? {} : { createdAt }) });
    this.#changed();
    return true;
  }

  async remove(id: number): Promise<boolean> {
    const table = this.table();
    if (this.#used(id, this.context.state)) {
      throw new Fault("in-use", `another row refers to row ${id}`, { layer: "storage" });
    }
    const there = table.rows.delete(id);
    if (there) this.#changed();
    return there;
  }

  #changed(): void {
    const { table } = this.#of;
    if (isConfigurationTable(table)) this.context.state.changes.tell({ table });
  }

  #check(row: R): R {
    return copied(checkRow(this.#of, row) as R);
  }

  #fits(row: R, id: number | undefined, taken: Set<string>): void {
    const { references = {}, unique } = this.#of.traits;
    for (const [name, to] of Object.entries(references)) {
      const value = columnValue(row, name);
      if (value !== undefined) expectRow(this.context.state, to as keyof typeof referred, value);
    }
    if (unique === undefined) return;
    const key = this.#keyOf(row, unique);
    if (taken.has(key) || this.table().find((each) => each.id !== id && this.#keyOf(each, unique) === key)) {
      throw duplicate("such a row");
    }
    taken.add(key);
  }

  /** As in SQL: a row that lacks one of the values equals no other row. */
  #keyOf(row: R, unique: readonly string[]): string {
    const parts = unique.map((name) => columnValue(row, name));
    if (parts.includes(undefined)) return String(++this.#unlike);
    return JSON.stringify(parts.map((part) => (part instanceof Uint8Array ? toHex(part) : part)));
  }
}

function columnValue(row: object, name: string | undefined): unknown {
  return name === undefined ? undefined : (row as { readonly [name: string]: unknown })[name];
}

const referred = {
  meters: (state: MemoryState, value: unknown) => state.meters.has(value as string),
  obis_codes: (state: MemoryState, value: unknown) => state.obisCodes.rows.has(value as number),
  client_associations: (state: MemoryState, value: unknown) => state.clientAssociations.rows.has(value as number),
};

/** Fault `unknown-reference` if there is no such row. */
function expectRow(state: MemoryState, table: keyof typeof referred, value: unknown): void {
  if (!referred[table](state, value)) throw unknownReference(`${table} row ${JSON.stringify(value)}`);
}
