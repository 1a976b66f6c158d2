import type { Stored } from "../shape.ts";
import type { Connection, ConnectionFilter, ConnectionStatus } from "../tables/connections.ts";

export type KeptConnection = Stored<Connection & { readonly owner: object }>;

/** The end of a connection. An entry is stale if its row was removed, or is no longer DISCONNECTED since `at`. */
interface Ended {
  readonly id: number;
  readonly at: number;
}

// When at least this number of entries, and at least half of the list, was taken from the front, they are removed from the list.
const cutAt = 1024;

const descending = (ids: Iterable<number>): readonly number[] => [...ids].sort((one, other) => other - one);

/** The rows of `active_connections`, with indexes. No operation scans closed connections that it does not need. */
export class ConnectionRows {
  readonly #rows = new Map<number, KeptConnection>();
  readonly #open = new Set<number>();
  readonly #ofMeter = new Map<string, Set<number>>();
  readonly #ofSession = new Map<string, number>();
  /** The number of rows that refer to each association. */
  readonly #ofAssociation = new Map<number, number>();
  /** Ordered by the time of their end. The first valid entry is at `#first`. */
  readonly #ended: Ended[] = [];
  #first = 0;
  #lastId = 0;

  hasSession(sessionId: string): boolean {
    return this.#ofSession.has(sessionId);
  }

  /** Whether a row refers to the association. */
  names(associationId: number): boolean {
    return this.#ofAssociation.has(associationId);
  }

  add(row: Omit<KeptConnection, "id" | "createdAt">, createdAt: number): number {
    const id = ++this.#lastId;
    const { meterId, sessionId, associationId } = row;
    this.#rows.set(id, { ...row, id, createdAt });
    this.#open.add(id);
    this.#ofSession.set(sessionId, id);
    if (meterId !== undefined) {
      const ids = this.#ofMeter.get(meterId) ?? new Set();
      this.#ofMeter.set(meterId, ids.add(id));
    }
    if (associationId !== undefined) {
      this.#ofAssociation.set(associationId, (this.#ofAssociation.get(associationId) ?? 0) + 1);
    }
    return id;
  }

  /** Does nothing if there is no such row. */
  change(id: number, to: { readonly lastActivity?: number; readonly status: ConnectionStatus }): void {
    const before = this.#rows.get(id);
    if (before === undefined) return;
    const row = { ...before, ...to };
    this.#rows.set(id, row);
    if (row.status !== "DISCONNECTED") {
      this.#open.add(id);
      return;
    }
    this.#open.delete(id);
    this.#end({ id, at: row.lastActivity });
  }

  /** Ordered by id. Takes no more memory than for the rows that it returns. */
  list(filter: ConnectionFilter = {}): KeptConnection[] {
    const {
      status = ["ACTIVE", "IDLE"],
      meterId,
      before = this.#lastId + 1,
      latest = Number.POSITIVE_INFINITY,
    } = filter;
    const found: KeptConnection[] = [];
    for (const id of this.#candidates(filter)) {
      if (found.length >= latest) break;
      const row = id < before ? this.#rows.get(id) : undefined;
      if (row === undefined || !status.includes(row.status)) continue;
      if (meterId === undefined || row.meterId === meterId) found.push(row);
    }
    return found.reverse();
  }

  openOf(owner: object): readonly number[] {
    return [...this.#open].filter((id) => this.#rows.get(id)?.owner === owner);
  }

  /** Removes at most `most` rows that ended before `before`. Returns the number removed. */
  forget(before: number, most = Number.POSITIVE_INFINITY): number {
    let gone = 0;
    for (; gone < most; this.#first++) {
      const ended = this.#ended[this.#first];
      if (ended === undefined || ended.at >= before) break;
      const row = this.#rows.get(ended.id);
      if (row?.status !== "DISCONNECTED" || row.lastActivity !== ended.at) continue;
      this.#remove(row);
      gone++;
    }
    if (this.#first >= cutAt && this.#first * 2 >= this.#ended.length) {
      this.#ended.splice(0, this.#first);
      this.#first = 0;
    }
    return gone;
  }

  /** The meter was removed: its rows stay, without a reference to it. */
  withoutMeter(meterId: string): void {
    for (const id of this.#ofMeter.get(meterId) ?? []) {
      const { meterId: _, ...kept } = this.#rows.get(id) as KeptConnection;
      this.#rows.set(id, kept);
    }
    this.#ofMeter.delete(meterId);
  }

  /** Ids of rows that may match, the highest first. */
  #candidates({ status = [], meterId, id, before }: ConnectionFilter): Iterable<number> {
    if (id !== undefined) return [id];
    if (!status.includes("DISCONNECTED")) return descending(this.#open);
    if (meterId !== undefined) return descending(this.#ofMeter.get(meterId) ?? []);
    return this.#downFrom(Math.min(this.#lastId, (before ?? Number.POSITIVE_INFINITY) - 1));
  }

  *#downFrom(last: number): Generator<number, undefined> {
    // The oldest row is the first.
    const [lowest = 1] = this.#rows.keys();
    for (let id = last; id >= lowest; id--) if (this.#rows.has(id)) yield id;
  }

  /** Inserts it in the order of time. This is the last place, unless the clock was set back. */
  #end(ended: Ended): void {
    let low = this.#first;
    let high = this.#ended.length;
    if ((this.#ended[high - 1]?.at ?? 0) <= ended.at) low = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ended[middle] as Ended).at <= ended.at) low = middle + 1;
      else high = middle;
    }
    this.#ended.splice(low, 0, ended);
  }

  #remove({ id, meterId, sessionId, associationId }: KeptConnection): void {
    this.#rows.delete(id);
    this.#ofSession.delete(sessionId);
    const ids = meterId === undefined ? undefined : this.#ofMeter.get(meterId);
    ids?.delete(id);
    if (ids?.size === 0) this.#ofMeter.delete(meterId as string);
    if (associationId === undefined) return;
    const left = (this.#ofAssociation.get(associationId) ?? 0) - 1;
    if (left > 0) this.#ofAssociation.set(associationId, left);
    else this.#ofAssociation.delete(associationId);
  }
}
