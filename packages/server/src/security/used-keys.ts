import type { KeyMemory } from "@dlmskit/security";
import { type Commit, type MeterSecrets, usedKeysKept } from "@dlmskit/storage";
import type { Association } from "../meter/association-spec.ts";

/** Keys of one APDU that are not kept yet, as a commit takes them. */
export type UnsavedKeys = NonNullable<Commit["usedKeys"]>;

// How many keys a client may use by reading before they are kept.
const keyStep = 64;

/**
 * Whether the keys of single APDUs must be remembered for longer than the meter is in memory: mechanisms 0 and 1 give no fresh challenge,
 * so that an association can be opened, and used, by what was recorded. docs/decisions/0010.
 */
export function remembersKeys({ security: { ciphered, mechanism } }: Association): boolean {
  return ciphered && mechanism <= 1;
}

/** The keys of single APDUs that one client has used: those that a store has kept, and those that came since. The latest 16,384. */
export class UsedKeys implements KeyMemory {
  readonly #association: Association;
  readonly #known = new Set<string>();
  /** Not kept yet. True: a commit that held it has failed, and may have been kept all the same. */
  readonly #unsaved = new Map<string, boolean>();

  constructor(association: Association) {
    this.#association = association;
  }

  /** How many it knows. */
  get size(): number {
    return this.#known.size;
  }

  remember(digest: string): boolean {
    if (this.#known.has(digest)) return false;
    this.#known.add(digest);
    this.#unsaved.set(digest, false);
    for (const oldest of this.#known) {
      if (this.#known.size <= usedKeysKept) break;
      this.#known.delete(oldest);
      this.#unsaved.delete(oldest);
    }
    return true;
  }

  /** Takes what a store has kept of this association; it is older than all that came since. */
  load(kept: MeterSecrets["usedKeys"]): void {
    const { client, instance } = this.#association;
    const since = [...this.#known];
    this.#known.clear();
    for (const { clientId, instanceId, digest } of kept) {
      if (clientId === client && instanceId === instance) this.#known.add(digest);
    }
    for (const digest of since) this.#known.add(digest);
  }

  /** What is to be kept, in the order of use. `soon`: only where there are many. */
  unsaved(soon: boolean): UnsavedKeys {
    if (this.#unsaved.size < (soon ? keyStep : 1)) return [];
    const { client, instance } = this.#association;
    return [...this.#unsaved].map(([digest, again]) => ({
      ...{ clientId: client, instanceId: instance, digest },
      ...(again ? { again } : {}),
    }));
  }

  saved(keys: UnsavedKeys): void {
    for (const { digest } of keys) this.#unsaved.delete(digest);
  }

  /** The commit of these keys failed: nobody knows whether they were kept. */
  failed(keys: UnsavedKeys): void {
    for (const { digest } of keys) if (this.#unsaved.has(digest)) this.#unsaved.set(digest, true);
  }
}
