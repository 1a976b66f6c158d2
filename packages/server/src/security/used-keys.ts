import type { KeyMemory } from "@dlmskit/security";
import { type Commit, type MeterSecrets, usedKeysKept } from "@dlmskit/storage";
import type { Association } from "../meter/association-spec.ts";

/** Keys of one APDU that are not kept yet, as a commit takes them. */
export type UnsavedKeys = NonNullable<Commit["usedKeys"]>;

// Maximum number of keys that a reading client may use before they are kept.
const keyStep = 64;

/**
 * Whether the keys of single APDUs must be kept for longer than the meter is in memory: wherever the association takes such APDUs.
 * Mechanisms 0 and 1 take them before conformance is negotiated, in the AARQ. docs/decisions/0010.
 */
export function remembersKeys({ security: { ciphered, mechanism }, conformance }: Association): boolean {
  return ciphered && (mechanism <= 1 || conformance.includes("general-protection"));
}

/** The keys of single APDUs that one client has used: those in a store and the newer ones. Only the latest 16,384 are kept. */
export class UsedKeys implements KeyMemory {
  readonly #association: Association;
  /** Made for the first key: most associations have none. */
  #known: Set<string> | undefined;
  /** Keys that are not kept yet. True: a commit with the key failed, but may still have been kept. */
  #unsaved: Map<string, boolean> | undefined;

  constructor(association: Association) {
    this.#association = association;
  }

  /** Number of known keys. */
  get size(): number {
    return this.#known?.size ?? 0;
  }

  remember(digest: string): boolean {
    this.#known ??= new Set();
    this.#unsaved ??= new Map();
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

  /** Takes the stored keys of this association. They are older than all keys that were used since. */
  load(kept: MeterSecrets["usedKeys"]): void {
    const { client, instance } = this.#association;
    const before = kept.filter(({ clientId, instanceId }) => clientId === client && instanceId === instance);
    if (before.length === 0) return;
    this.#known = new Set([...before.map(({ digest }) => digest), ...(this.#known ?? [])]);
  }

  /** The keys to keep, in the order of use. `soon`: only if there are many. */
  unsaved(soon: boolean): UnsavedKeys {
    if (this.#unsaved === undefined || this.#unsaved.size < (soon ? keyStep : 1)) return [];
    const { client, instance } = this.#association;
    return [...this.#unsaved].map(([digest, again]) => ({
      ...{ clientId: client, instanceId: instance, digest },
      ...(again ? { again } : {}),
    }));
  }

  saved(keys: UnsavedKeys): void {
    for (const { digest } of keys) this.#unsaved?.delete(digest);
  }

  /** Called when the commit of these keys failed: it is not known whether they were kept. */
  failed(keys: UnsavedKeys): void {
    for (const { digest } of keys) if (this.#unsaved?.has(digest)) this.#unsaved.set(digest, true);
  }
}
