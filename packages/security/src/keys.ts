import { Fault } from "@dlmskit/core";

/** The symmetric keys of a security setup: 16 octets each in suites 0 and 1, 32 in suite 2. */
export interface KeySet {
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
  readonly broadcastKey?: Uint8Array;
}

/** A key set whose keys are not shown when it is printed, logged or converted to JSON. */
export class Keys implements KeySet {
  readonly #encryptionKey: Uint8Array;
  readonly #authenticationKey: Uint8Array;
  readonly #broadcastKey: Uint8Array | undefined;

  constructor(keys: KeySet) {
    this.#encryptionKey = keys.encryptionKey.slice();
    this.#authenticationKey = keys.authenticationKey.slice();
    this.#broadcastKey = keys.broadcastKey?.slice();
  }

  /** Overwrites the keys. After this, nothing can be sealed or opened with this object. */
  erase(): void {
    erase(this.#encryptionKey, this.#authenticationKey, this.#broadcastKey);
  }

  get encryptionKey(): Uint8Array {
    return this.#encryptionKey;
  }

  get authenticationKey(): Uint8Array {
    return this.#authenticationKey;
  }

  // The result is undefined if there is no broadcast key. The type of a getter cannot express this.
  get broadcastKey(): Uint8Array {
    return this.#broadcastKey as Uint8Array;
  }
}

/** Overwrites keys that are not needed any more, as far as JavaScript allows. Copies of the keys remain in memory. */
export function erase(...keys: readonly (Uint8Array | undefined)[]): void {
  for (const key of keys) key?.fill(0);
}

/** Fault `bad-key-length` unless the key has this length. The message contains the name of the key, never its octets. */
export function checkKey(name: string, key: Uint8Array, length: number): Uint8Array {
  if (key.length === length) return key;
  throw new Fault("bad-key-length", `the ${name} has ${key.length} octets, ${length} belong`, { layer: "security" });
}
