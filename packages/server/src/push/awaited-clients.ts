const keyOf = (meterId: string, client: number): string => `${client} ${meterId}`;

/** The messages that wait for clients to connect, as far as this process has seen them. */
export class AwaitedClients {
  readonly #ids = new Map<string, Set<number>>();

  add(meterId: string, client: number, id: number): void {
    const key = keyOf(meterId, client);
    const ids = this.#ids.get(key) ?? new Set();
    this.#ids.set(key, ids.add(id));
  }

  has(meterId: string, client: number): boolean {
    return this.#ids.has(keyOf(meterId, client));
  }

  /** Removes and returns all messages that wait for a client. */
  take(meterId: string, client: number): readonly number[] {
    const key = keyOf(meterId, client);
    const ids = this.#ids.get(key) ?? [];
    this.#ids.delete(key);
    return [...ids];
  }
}
