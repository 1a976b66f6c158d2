import type { Apdu, GeneralSigning } from "@dlmskit/apdu";
import { Fault, sameOctets } from "@dlmskit/core";
import { type CryptoProvider, openUnverified, Protection } from "@dlmskit/security";
import { GeneralDecipherer } from "./decipher-general.ts";
import { type DecipherKeys, missingTitle, type Opened, startsAsApdu, wrongTag } from "./opened.ts";

/** The sender of an APDU. */
export type Sender = "client" | "server";

/** The sender of an APDU according to its name: the client sends requests, the server sends all others. */
export function senderOf(name: string): Sender {
  if (name.includes("event-notification") || name.includes("information-report")) return "server";
  return name.includes("request") || name === "aarq" || name === "rlrq" ? "client" : "server";
}

/** A ciphered APDU of any form. */
export type Ciphered = Extract<Apdu, { readonly ciphertext: Uint8Array }>;

// A recording can be decoded several times: repeated counters are accepted.
const anyCounter = { lowest: 0, check: () => true, accept: () => undefined };
const noCounters = {
  remaining: 0,
  next: (): never => {
    throw new Fault("counter-not-reserved", "a decoder does not encrypt", { layer: "capture" });
  },
};

export interface DecipherOptions {
  readonly provider: CryptoProvider;
  /** Whether the plaintext is given even if the authentication tag is wrong or cannot be verified. */
  readonly unverified: boolean;
}

/** What is known of one association. */
interface Known {
  readonly titles: Map<Sender, Uint8Array>;
  dedicatedKey?: Uint8Array;
}

/**
 * Deciphers the APDUs of one input. It takes system titles and dedicated keys from the APDUs that it decoded: those of the same association,
 * or else the latest ones of any.
 */
export class Decipherer {
  readonly #keys: DecipherKeys;
  readonly #provider: CryptoProvider;
  readonly #unverified: boolean;
  /** By the two ends of an association. */
  readonly #associations = new Map<string, Known>();
  readonly #latest: Known = { titles: new Map() };
  #current: Known = this.#latest;
  readonly #general: GeneralDecipherer;

  constructor(keys: DecipherKeys, { provider, unverified }: DecipherOptions) {
    this.#keys = keys;
    this.#provider = provider;
    this.#unverified = unverified;
    this.#general = new GeneralDecipherer(keys, { provider, unverified });
    if (keys.dedicatedKey !== undefined) this.#latest.dedicatedKey = keys.dedicatedKey;
  }

  /** Stores the system title of the sender from an AARQ or AARE. */
  meet(association: string, sender: Sender, title: Uint8Array | undefined): void {
    if (title?.length !== 8) return;
    for (const known of [this.#known(association), this.#latest]) known.titles.set(sender, title);
  }

  /** Stores the dedicated key from an InitiateRequest. */
  dedicate(association: string, key: Uint8Array): void {
    for (const known of [this.#known(association), this.#latest]) known.dedicatedKey = key;
  }

  /** The APDUs that follow are of this association. */
  enter(association: string): void {
    this.#current = this.#associations.get(association) ?? this.#latest;
  }

  #known(association: string): Known {
    const known = this.#associations.get(association) ?? { titles: new Map() };
    this.#associations.set(association, known);
    return known;
  }

  get #dedicatedKey(): Uint8Array | undefined {
    return this.#current.dedicatedKey ?? this.#latest.dedicatedKey;
  }

  /** Whether the key for this form of ciphering is known. */
  canOpen(apdu: Ciphered): boolean {
    const { authenticated, encrypted } = apdu.securityControl;
    if (!authenticated && !encrypted) return true;
    if (apdu.apdu === "general-ciphering") return this.#general.canOpen(apdu);
    return isDedicated(apdu) ? this.#dedicatedKey !== undefined : this.#keys.encryptionKey !== undefined;
  }

  /**
   * Deciphers an APDU and verifies its authentication tag, if there is one. `more`: possible system titles from the octets
   * around the APDU. Faults `missing-key`, `missing-system-title`, and those of `Protection.open`.
   */
  open(apdu: Ciphered, octets: Uint8Array, more: readonly Uint8Array[] = []): Opened {
    const { authenticated, encrypted } = apdu.securityControl;
    if (!authenticated && !encrypted) return { apdu: apdu.ciphertext, verified: false };
    const titles = [...this.#candidates(apdu), ...more];
    if (apdu.apdu === "general-ciphering") return this.#general.open(apdu, titles);
    if (!this.#unverified) return this.#verified(apdu, octets, titles);
    if (authenticated && this.#keys.authenticationKey === undefined) {
      return { apdu: this.#unchecked(apdu, octets, titles), verified: false, why: "there is no authentication key" };
    }
    try {
      return this.#verified(apdu, octets, titles);
    } catch (caught) {
      if (!(caught instanceof Fault) || caught.code !== "bad-tag") throw caught;
      return { apdu: this.#unchecked(apdu, octets, titles), verified: false, why: "the authentication tag is wrong" };
    }
  }

  /** Why the signature of a general-signing APDU is not verified; undefined: it is right. Fault `bad-signature`. */
  signature(apdu: GeneralSigning, more: readonly Uint8Array[] = []): string | undefined {
    return this.#general.signature(apdu, [...(this.#keys.systemTitles ?? []), ...more]);
  }

  #verified(apdu: Ciphered, octets: Uint8Array, titles: readonly Uint8Array[]): Opened {
    const { suite, authenticated } = apdu.securityControl;
    const length = suite === 2 ? 32 : 16;
    const { encryptionKey, authenticationKey } = this.#keys;
    // If only one key is given, it is used.
    const broadcastKey = this.#keys.broadcastKey ?? encryptionKey;
    if (authenticated && authenticationKey === undefined) {
      throw new Fault(
        "missing-key",
        "the APDU is authenticated, but no authentication key is given (--unverified deciphers it without)",
        {
          layer: "security",
          hint: "give it with --ak",
        },
      );
    }
    const unused = new Uint8Array(length);
    const guards = { counters: noCounters, replay: anyCounter };
    if (titles.length === 0) {
      throw missingTitle();
    }
    let refused: unknown;
    for (const title of titles) {
      const protection = new Protection({
        provider: this.#provider,
        suite,
        keys: {
          encryptionKey: encryptionKey ?? unused,
          authenticationKey: authenticationKey ?? unused,
          ...(broadcastKey === undefined ? {} : { broadcastKey: broadcastKey }),
        },
        systemTitle: otherTitle(title),
        peerSystemTitle: title,
        ...guards,
        ...(this.#dedicatedKey === undefined ? {} : { dedicated: { key: this.#dedicatedKey, ...guards } }),
        broadcast: { replay: anyCounter },
        accept: ["encryption-only"],
      });
      try {
        return { apdu: protection.open(octets).apdu, verified: authenticated };
      } catch (caught) {
        // The tag is correct: the plaintext is kept, even if it is a different APDU or not an APDU.
        if (caught instanceof Fault && caught.code === "inner-tag-mismatch") {
          return { apdu: this.#unchecked(apdu, octets, [title]), verified: authenticated };
        }
        refused = caught;
      }
    }
    throw refused instanceof Fault && refused.code === "bad-tag" ? wrongTag() : refused;
  }

  /** Deciphers without a check of the tag. Of several system titles, the right one gives a plaintext that starts with an APDU tag. */
  #unchecked(apdu: Ciphered, octets: Uint8Array, titles: readonly Uint8Array[]): Uint8Array {
    const { broadcast } = apdu.securityControl;
    const { encryptionKey, broadcastKey = encryptionKey } = this.#keys;
    const key = isDedicated(apdu) ? this.#dedicatedKey : broadcast ? broadcastKey : encryptionKey;
    const length = apdu.securityControl.suite === 2 ? 32 : 16;
    const opened = titles.map((systemTitle) =>
      openUnverified(octets, { provider: this.#provider, encryptionKey: key ?? new Uint8Array(length), systemTitle }),
    );
    const [first] = opened;
    if (first === undefined) throw missingTitle();
    return opened.find(startsAsApdu) ?? first;
  }

  #candidates(apdu: Ciphered): Uint8Array[] {
    const told = "systemTitle" in apdu && apdu.systemTitle.length > 0 ? [apdu.systemTitle] : undefined;
    if (told !== undefined) return told;
    const senders: readonly Sender[] = apdu.apdu.startsWith("general") ? ["client", "server"] : [senderOf(apdu.apdu)];
    const learned = [this.#current, this.#latest].flatMap(({ titles }) => senders.map((sender) => titles.get(sender)));
    return [...new Set(learned)].filter((title) => title !== undefined).concat(this.#keys.systemTitles ?? []);
  }
}

function isDedicated(apdu: Ciphered): boolean {
  return apdu.apdu.startsWith("ded-") || apdu.apdu === "general-ded-ciphering";
}

/** A title that differs from the title of the peer, because Protection refuses two ends with the same title. */
function otherTitle(title: Uint8Array): Uint8Array {
  const zeros = new Uint8Array(8);
  return sameOctets(title, zeros) ? zeros.fill(0xff) : zeros;
}
