import { Fault } from "@dlmskit/core";
import type { CounterSource } from "./counters.ts";
import type { KeySet } from "./keys.ts";
import type { CryptoProvider } from "./provider.ts";
import type { ReplayGuard } from "./replay.ts";

/** How a ciphered APDU is framed: by the service-specific tags or by the general ones, with global or dedicated key. */
export type CipheredForm = "glo" | "ded" | "general-glo" | "general-ded";

export interface SealOptions {
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly form: CipheredForm;
  /** Under the broadcast key instead of the unicast one. Not with the dedicated key. */
  readonly broadcast?: boolean;
}

/** How a received APDU was protected. */
export interface AppliedProtection {
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly form: CipheredForm;
  readonly broadcast: boolean;
  /** The invocation counter it carried. */
  readonly counter: number;
  /** The lowest acceptable counter before it was opened: what the counter within an HLS response is checked against. */
  readonly lowest: number;
}

export interface OpenedApdu {
  readonly apdu: Uint8Array;
  readonly protection: AppliedProtection;
}

/** A key of its own with what counts for it. */
export interface DedicatedKey {
  readonly key: Uint8Array;
  readonly counters: CounterSource;
  readonly replay: ReplayGuard;
}

export interface ProtectionOptions {
  readonly provider: CryptoProvider;
  /** Security suite 0, 1 or 2. */
  readonly suite: number;
  readonly keys: KeySet;
  /** Own system title, 8 octets. */
  readonly systemTitle: Uint8Array;
  /** The peer's, 8 octets, where it is known before it tells. */
  readonly peerSystemTitle?: Uint8Array;
  readonly counters: CounterSource;
  readonly replay: ReplayGuard;
  readonly dedicated?: DedicatedKey;
  /** What counts for the broadcast key; without it, what was sealed under that key is refused. */
  readonly broadcast?: { readonly counters?: CounterSource; readonly replay?: ReplayGuard };
  /** `"encryption-only"`: opens what is encrypted and not authenticated, which anybody can alter on its way. */
  readonly accept?: readonly "encryption-only"[];
}

/** Protects and verifies the APDUs of one association. Holds keys, shows none. */
export class Protection {
  constructor(_options: ProtectionOptions) {
    throw new Fault("not-implemented", "work in progress", { layer: "security" });
  }

  /** The peer's system title, once it is known. */
  get peerSystemTitle(): Uint8Array | undefined {
    return undefined;
  }

  /** The peer tells its system title (AARQ, AARE). Faults `own-system-title`, `unknown-system-title` (another than before). */
  meet(_peerSystemTitle: Uint8Array): void {}

  /** The dedicated key of the InitiateRequest. Fault `bad-key-length`. */
  dedicate(_dedicated: DedicatedKey): void {}

  seal(_apdu: Uint8Array, _how: SealOptions): Uint8Array {
    return new Uint8Array(0);
  }

  open(_apdu: Uint8Array): OpenedApdu {
    throw new Fault("not-implemented", "work in progress", { layer: "security" });
  }
}
