import { Fault } from "@dlmskit/core";

/** The symmetric keys of a security setup: 16 octets each in suites 0 and 1, 32 in suite 2. */
export interface KeySet {
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
  readonly broadcastKey?: Uint8Array;
}

/** A key set that shows nothing when it is printed, logged or made JSON of. */
export class Keys implements KeySet {
  readonly #encryptionKey: Uint8Array;
  readonly #authenticationKey: Uint8Array;
  readonly #broadcastKey: Uint8Array | undefined;

  constructor(keys: KeySet) {
    this.#encryptionKey = keys.encryptionKey.slice();
    this.#authenticationKey = keys.authenticationKey.slice();
    this.#broadcastKey = keys.broadcastKey?.slice();
  }

  /** Overwrites the keys: nothing is sealed or opened with this object any more. */
  erase(): void {
    erase(this.#encryptionKey, this.#authenticationKey, this.#broadcastKey);
  }

  get encryptionKey(): Uint8Array {
    return this.#encryptionKey;
  }

  get authenticationKey(): Uint8Array {
    return this.#authenticationKey;
  }

  // An absent key is an absent key: the type of a getter cannot say so, its value can.
  get broadcastKey(): Uint8Array {
    return this.#broadcastKey as Uint8Array;
  }
}

/** Overwrites keys that are not needed any more, as far as a program in JavaScript can: what was copied stays. */
export function erase(...keys: readonly (Uint8Array | undefined)[]): void {
  for (const key of keys) key?.fill(0);
}

/** Fault `bad-key-length` unless the key has the length; the message names the key, never its octets. */
export function checkKey(name: string, key: Uint8Array, length: number): Uint8Array {
  if (key.length === length) return key;
  throw new Fault("bad-key-length", `the ${name} has ${key.length} octets, ${length} belong`, { layer: "security" });
}
