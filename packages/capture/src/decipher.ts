import { type Apdu, ApduTag } from "@dlmskit/apdu";
import { Fault, sameOctets } from "@dlmskit/core";
import { type CryptoProvider, openUnverified, Protection } from "@dlmskit/security";

/** What is known to decipher with. Keys have 16 octets, of suite 2 32. */
export interface DecipherKeys {
  readonly encryptionKey?: Uint8Array | undefined;
  readonly authenticationKey?: Uint8Array | undefined;
  readonly dedicatedKey?: Uint8Array | undefined;
  readonly broadcastKey?: Uint8Array | undefined;
  /** The sender's, where the octets do not tell it. */
  readonly systemTitles?: readonly Uint8Array[] | undefined;
}

/** Who sent an APDU, as far as its kind tells. */
export type Sender = "client" | "server";

/** The sender of an APDU by its name: requests are the client's, all else the server's. */
export function senderOf(name: string): Sender {
  if (name.includes("event-notification") || name.includes("information-report")) return "server";
  return name.includes("request") || name === "aarq" || name === "rlrq" ? "client" : "server";
}

/** An APDU that is ciphered, in any form. */
export type Ciphered = Extract<Apdu, { readonly ciphertext: Uint8Array }>;

// What was recorded is explained as often as asked: a counter seen before is no reason to refuse it.
const anyCounter = { lowest: 0, check: () => true, accept: () => undefined };
const noCounters = {
  remaining: 0,
  next: (): never => {
    throw new Fault("counter-not-reserved", "a decoder does not encrypt", { layer: "capture" });
  },
};

export interface DecipherOptions {
  readonly provider: CryptoProvider;
  /** Gives the plaintext although the authentication tag cannot be verified, or is wrong. */
  readonly unverified: boolean;
}

/** What was opened, and how far it can be trusted. */
export interface Opened {
  readonly apdu: Uint8Array;
  /** An authentication tag was there and is right. */
  readonly verified: boolean;
  /** Why it is not verified, where there is a tag. */
  readonly why?: string;
}

/** Opens the ciphered APDUs of one input; learns system titles and dedicated keys from what it sees. */
export class Decipherer {
  readonly #keys: DecipherKeys;
  readonly #provider: CryptoProvider;
  readonly #unverified: boolean;
  readonly #titles = new Map<Sender, Uint8Array>();
  #dedicatedKey: Uint8Array | undefined;

  constructor(keys: DecipherKeys, { provider, unverified }: DecipherOptions) {
    this.#keys = keys;
    this.#provider = provider;
    this.#unverified = unverified;
    this.#dedicatedKey = keys.dedicatedKey;
  }

  /** An AARQ or AARE tells its sender's system title. */
  meet(sender: Sender, title: Uint8Array | undefined): void {
    if (title?.length === 8) this.#titles.set(sender, title);
  }

  /** An InitiateRequest may carry the dedicated key. */
  dedicate(key: Uint8Array): void {
    this.#dedicatedKey = key;
  }

  /** Whether it has the key that this form needs. */
  canOpen(apdu: Ciphered): boolean {
    const { authenticated, encrypted } = apdu.securityControl;
    if (!authenticated && !encrypted) return true;
    if (apdu.apdu === "general-ciphering") return false;
    return isDedicated(apdu) ? this.#dedicatedKey !== undefined : this.#keys.encryptionKey !== undefined;
  }

  /**
   * The plaintext, and whether an authentication tag was there and right. `more`: system titles that the octets around
   * the APDU suggest. Faults `missing-key`, `missing-system-title`, and those of `Protection.open`.
   */
  open(apdu: Ciphered, octets: Uint8Array, more: readonly Uint8Array[] = []): Opened {
    const { authenticated, encrypted } = apdu.securityControl;
    if (!authenticated && !encrypted) return { apdu: apdu.ciphertext, verified: false };
    const titles = [...this.#candidates(apdu), ...more];
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
        // The tag was right: what is within is not lost because it is another APDU, or none.
        if (caught instanceof Fault && caught.code === "inner-tag-mismatch") {
          return { apdu: this.#unchecked(apdu, octets, [title]), verified: authenticated };
        }
        refused = caught;
      }
    }
    throw refused instanceof Fault && refused.code === "bad-tag" ? wrongTag() : refused;
  }

  /** The plaintext without a look at the tag. Which of several system titles is right, an APDU's tag at its start tells. */
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
    const learned = apdu.apdu.startsWith("general")
      ? [...this.#titles.values()]
      : [this.#titles.get(senderOf(apdu.apdu))].filter((title) => title !== undefined);
    return [...learned, ...(this.#keys.systemTitles ?? [])];
  }
}

function missingTitle(): Fault {
  return new Fault("missing-system-title", "the sender's system title is not in the octets", {
    layer: "security",
    hint: "give it with --system-title",
  });
}

const plainTags = new Set<number | undefined>(Object.values(ApduTag));
const startsAsApdu = ([tag]: Uint8Array): boolean => plainTags.has(tag);

function wrongTag(): Fault {
  return new Fault("bad-tag", "the authentication tag is wrong", {
    layer: "security",
    hint: "check the keys and the sender's system title; if they are right, the octets were altered",
  });
}

function isDedicated(apdu: Ciphered): boolean {
  return apdu.apdu.startsWith("ded-") || apdu.apdu === "general-ded-ciphering";
}

/** Any title but the peer's: Protection refuses an end that talks to itself. */
function otherTitle(title: Uint8Array): Uint8Array {
  const zeros = new Uint8Array(8);
  return sameOctets(title, zeros) ? zeros.fill(0xff) : zeros;
}
