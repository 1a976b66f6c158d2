import {
  ApduTag,
  GeneralCiphering,
  GeneralHeader,
  GeneralSigning,
  type KeyInfo,
  securityControlOctet,
} from "@dlmskit/apdu";
import { type Codec, type CosemDateTime, concat, Reader, Writer } from "@dlmskit/core";
import { tagLength } from "../checks.ts";
import { type Compression, compressionOf, decompressed } from "../compression.ts";
import type { CounterSource } from "../counters.ts";
import { checkKey, erase, type KeySet, Keys } from "../keys.ts";
import type { AesGcm, CryptoProvider, Random } from "../provider.ts";
import { refusal } from "../refusal.ts";
import { counterFault, type ReplayGuard } from "../replay.ts";
import { securitySuite } from "../suites.ts";
import { checkSystemTitle, checkTitles, initializationVector } from "../system-title.ts";
import { curveOf, type GeneralKey, type KeySources, openingKey, ownKey, peerKey, sealingKey } from "./general-key.ts";
import { type KeyGuards, MemoryKeyGuards, type TransactionGuard } from "./guards.ts";
import type { PeerKeys, PrivateKeys } from "./peer-keys.ts";
import { RequestKey } from "./request-key.ts";

/** The header fields. They come before the content and are authenticated or signed together with it. */
export interface HeaderOptions {
  /** Relates a response to its request. For the static unified model it must never be used again. Empty by default. */
  readonly transactionId?: Uint8Array;
  /** By default the system title of the peer. Empty: no recipient, if the sender does not know it. */
  readonly recipientSystemTitle?: Uint8Array;
  readonly dateTime?: CosemDateTime;
  readonly otherInformation?: Uint8Array;
}

export interface CipheringOptions extends HeaderOptions {
  readonly form: "general-ciphering";
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly key: GeneralKey;
  readonly compressed?: boolean;
  /** No response is expected: with `requests`, the key of the last request stays that of its response. */
  readonly answered?: false;
}

export interface SigningOptions extends HeaderOptions {
  readonly form: "general-signing";
}

/** A general-ciphering layer that was verified. */
export interface AppliedCiphering {
  readonly form: "general-ciphering";
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly compressed: boolean;
  readonly key: GeneralKey;
  readonly counter: number;
  readonly header: GeneralHeader;
}

/** A general-signing layer whose signature was verified: the signature of `header.originatorSystemTitle`. */
export interface AppliedSignature {
  readonly form: "general-signing";
  readonly header: GeneralHeader;
}

export interface GeneralOptions {
  readonly provider: CryptoProvider;
  /** Security suite 0, 1 or 2. Signing and agreed keys need suite 1 or 2. */
  readonly suite: number;
  /** Own system title, 8 octets. */
  readonly systemTitle: Uint8Array;
  /** The only accepted peer. Without it, every peer with a known key is accepted, and the header must contain the originator. */
  readonly peerSystemTitle?: Uint8Array;
  readonly keys: KeySet;
  /** Counters of the global unicast encryption key. Also used for C(0e,2s). */
  readonly counters: CounterSource;
  readonly replay: ReplayGuard;
  readonly broadcast?: { readonly counters?: CounterSource; readonly replay?: ReplayGuard };
  /** The key-encryption key, for wrapped keys. */
  readonly masterKey?: Uint8Array;
  readonly privateKeys?: PrivateKeys;
  readonly peerKeys?: PeerKeys;
  /** For keys that are used for one APDU only. */
  readonly random?: Random;
  /** Guards for the keys that come with APDUs. By default they are in memory and exist as long as this object. */
  readonly guards?: KeyGuards;
  /** Refuses signed APDUs that were received before. Without it, a signature proves the sender and the content, but not the time. */
  readonly transactions?: TransactionGuard;
  /** This end sends requests: a response without key-info is opened with the key of the last request, if it has its transaction-id. */
  readonly requests?: boolean;
  readonly compression?: Compression;
  /** Maximum length of an APDU after decompression, in octets. 65536 by default. */
  readonly maxDecompressed?: number;
  readonly accept?: readonly "encryption-only"[];
  /**
   * `"iv-in-additional-data"`: the initialization vector is between the authentication key and the transaction-id in the additional
   * authenticated data. The printed examples of the Green Book (tables C.2, C.3) have it there; the text of the Green Book does not.
   */
  readonly quirks?: readonly "iv-in-additional-data"[];
}

const none = new Uint8Array(0);

/** The encoding of the header, as it is authenticated and signed. */
function headerOctets(header: GeneralHeader): Uint8Array {
  const to = new Writer();
  GeneralHeader.write(header, to);
  return to.done();
}

function written<T>(codec: Codec<T>, value: T): Uint8Array {
  const to = new Writer();
  codec.write(value, to);
  return to.done();
}

function read<T>(codec: Codec<T>, octets: Uint8Array): T {
  const from = new Reader(octets, { layer: "security" });
  const value = codec.read(from);
  from.finish();
  return value;
}

/**
 * general-ciphering and general-signing: protection between any two parties, also through a third party. Each call handles one
 * layer; `sealLayers` and `openLayers` handle several. The constructor has Faults `unknown-suite`, `bad-key-length`,
 * `bad-system-title`, `own-system-title`.
 */
export class GeneralProtection {
  readonly #sources: KeySources;
  readonly #systemTitle: Uint8Array;
  #peerSystemTitle: Uint8Array | undefined;
  readonly #unicast: AesGcm;
  readonly #options: Pick<GeneralOptions, "transactions" | "compression" | "maxDecompressed">;
  readonly #encryptionOnly: boolean;
  readonly #ivInAdditional: boolean;
  readonly #requestKey: RequestKey | undefined;

  constructor(options: GeneralOptions) {
    const { provider, systemTitle, peerSystemTitle } = options;
    const keys = new Keys(options.keys);
    const suite = securitySuite(options.suite);
    checkKey("authentication key", keys.authenticationKey, suite.keyLength);
    checkKey("encryption key", keys.encryptionKey, suite.keyLength);
    if (options.masterKey !== undefined) checkKey("master key", options.masterKey, suite.keyLength);
    checkSystemTitle(systemTitle);
    this.#systemTitle = systemTitle.slice();
    if (peerSystemTitle !== undefined) this.meet(peerSystemTitle);
    this.#unicast = provider.aesGcm(keys.encryptionKey);
    this.#sources = {
      provider,
      suite,
      keys,
      masterKey: options.masterKey?.slice(),
      privateKeys: options.privateKeys ?? {},
      peerKeys: options.peerKeys,
      random: options.random,
      counters: options.counters,
      replay: options.replay,
      broadcast: options.broadcast ?? {},
      guards: options.guards ?? new MemoryKeyGuards(),
    };
    this.#options = options;
    this.#encryptionOnly = options.accept?.includes("encryption-only") ?? false;
    this.#ivInAdditional = options.quirks?.includes("iv-in-additional-data") ?? false;
    this.#requestKey = options.requests === true ? new RequestKey() : undefined;
  }

  /** From now on only this peer is accepted. Faults `bad-system-title`, `own-system-title`. */
  meet(peerSystemTitle: Uint8Array): void {
    checkTitles(this.#systemTitle, peerSystemTitle);
    this.#peerSystemTitle = peerSystemTitle.slice();
  }

  /**
   * Applies one layer to an APDU. Faults: `bad-security-control`, `unknown-system-title` (no recipient), `missing-transaction-id`,
   * `missing-parameter`, `no-broadcast-key`, `no-master-key`, `no-private-key`, `unknown-public-key`, `suite-without-curve`,
   * `counter-exhausted`, `counter-not-reserved`, and those of the provider.
   */
  seal(apdu: Uint8Array, how: CipheringOptions | SigningOptions): Uint8Array {
    return how.form === "general-signing" ? this.#sign(apdu, how) : this.#cipher(apdu, how);
  }

  /**
   * Verifies and removes one layer. Returns the APDU inside. Faults: `not-ciphered` (another APDU), those of decoding,
   * `unknown-system-title`, `own-system-title`, `wrong-recipient`, `missing-key-info`, `missing-transaction-id`,
   * `unknown-key-agreement`, `bad-length`, `bad-public-key`, `unknown-public-key`, `bad-key-wrap`, `no-broadcast-key`,
   * `no-master-key`, `no-private-key`, `suite-without-curve`, `bad-signature`, `bad-security-control`, `bad-tag`,
   * `invocation-counter`, `replayed`, `bad-compression`, `decompressed-too-long`, `inner-tag-mismatch`.
   */
  open(apdu: Uint8Array): { readonly apdu: Uint8Array; readonly protection: AppliedCiphering | AppliedSignature } {
    const tag = apdu[0];
    if (tag === ApduTag["general-signing"]) return this.#verify(apdu);
    if (tag === ApduTag["general-ciphering"]) return this.#decipher(apdu);
    throw refusal("not-ciphered", "the APDU is neither general-ciphering nor general-signing");
  }

  #headerOf(how: HeaderOptions): GeneralHeader {
    const recipientSystemTitle = how.recipientSystemTitle ?? this.#peerSystemTitle;
    if (recipientSystemTitle === undefined) {
      throw refusal(
        "unknown-system-title",
        "the recipient's system title is missing",
        "give the system title of the peer",
      );
    }
    // The title is empty if the sender does not know the title of the recipient.
    if (recipientSystemTitle.length > 0) checkTitles(this.#systemTitle, recipientSystemTitle);
    return {
      transactionId: how.transactionId ?? none,
      originatorSystemTitle: this.#systemTitle,
      recipientSystemTitle,
      ...(how.dateTime && { dateTime: how.dateTime }),
      otherInformation: how.otherInformation ?? none,
    };
  }

  #sign(content: Uint8Array, how: SigningOptions): Uint8Array {
    const curve = curveOf(this.#sources.suite);
    const key = ownKey(this.#sources, "digital-signature");
    const header = this.#headerOf(how);
    const signature = this.#sources.provider.ecdsaSign(curve, key, signed(header, content));
    return written(GeneralSigning, { apdu: "general-signing", ...header, content, signature });
  }

  #verify(apdu: Uint8Array): { apdu: Uint8Array; protection: AppliedSignature } {
    const { provider, suite } = this.#sources;
    const curve = curveOf(suite);
    const { content, signature, ...rest } = read(GeneralSigning, apdu);
    const header = this.#received(rest);
    const { originatorSystemTitle: originator, transactionId } = header;
    const key = peerKey(this.#sources, originator, "digital-signature");
    // Verify the header as it was sent, not as completed above: an empty title is also empty in the signed octets.
    if (!provider.ecdsaVerify(curve, key, signed(rest, content), signature)) {
      throw refusal("bad-signature", "the signature is wrong");
    }
    const { transactions } = this.#options;
    if (transactions !== undefined) {
      if (!transactions.check(originator, transactionId)) {
        throw refusal("replayed", "the originator has already used this transaction-id");
      }
      transactions.accept(originator, transactionId);
    }
    if (content.length === 0) throw refusal("inner-tag-mismatch", "the APDU has no signed content");
    return { apdu: content, protection: { form: "general-signing", header } };
  }

  #cipher(apdu: Uint8Array, how: CipheringOptions): Uint8Array {
    const { authenticated, encrypted, compressed = false } = how;
    const { suite, keys } = this.#sources;
    if (!authenticated && !encrypted) {
      throw refusal("bad-security-control", "an APDU must have authentication, encryption or both");
    }
    const header = this.#headerOf(how);
    const content = compressed ? compressionOf(this.#options.compression).compress(apdu) : apdu;
    const sealing = sealingKey(this.#sources, how.key, {
      originator: header.originatorSystemTitle,
      recipient: header.recipientSystemTitle,
      transactionId: header.transactionId,
    });
    const securityControl = { suite: suite.id, authenticated, encrypted, broadcast: false, compressed };
    const control = securityControlOctet(securityControl);
    const aes = this.#aes(sealing.key);
    const invocationCounter = sealing.counter();
    const iv = initializationVector(this.#systemTitle, invocationCounter);
    const additional = this.#additional(control, keys.authenticationKey, iv, header);
    const ciphertext = !authenticated
      ? aes.crypt(iv, content)
      : encrypted
        ? aes.seal(iv, content, additional)
        : concat(content, aes.seal(iv, none, concat(additional, content)));
    if (this.#requestKey !== undefined && how.answered !== false)
      this.#requestKey.sent(sealing, how.key, header.transactionId, this.#sources);
    else if (sealing.once) erase(sealing.key);
    const { keyInfo } = sealing;
    return written(GeneralCiphering, {
      apdu: "general-ciphering",
      ...header,
      keyInfo,
      securityControl,
      invocationCounter,
      ciphertext,
    });
  }

  #decipher(apdu: Uint8Array): { apdu: Uint8Array; protection: AppliedCiphering } {
    const { keys } = this.#sources;
    const { keyInfo, securityControl, invocationCounter, ciphertext, ...rest } = read(GeneralCiphering, apdu);
    const header = this.#received(rest);
    const { originatorSystemTitle: originator, recipientSystemTitle: recipient, transactionId } = header;
    this.#checkControl(securityControl);
    const { authenticated, encrypted, compressed } = securityControl;
    const opening =
      (keyInfo === undefined ? this.#requestKey?.keyFor(transactionId) : undefined) ??
      openingKey(this.#sources, keyInfo as KeyInfo | undefined, { originator, recipient, transactionId });
    const aes = this.#aes(opening.key);
    const iv = initializationVector(originator, invocationCounter);
    const additional = this.#additional(securityControlOctet(securityControl), keys.authenticationKey, iv, rest);
    let opened: Uint8Array | undefined;
    if (!authenticated) {
      opened = aes.crypt(iv, ciphertext);
    } else if (encrypted) {
      opened = aes.open(iv, ciphertext, additional);
    } else {
      const information = ciphertext.subarray(0, -tagLength);
      const verified = aes.open(iv, ciphertext.subarray(-tagLength), concat(additional, information));
      opened = verified && information;
    }
    if (opening.once) erase(opening.key);
    if (opened === undefined) throw refusal("bad-tag", "the authentication tag is wrong");
    const { replay } = opening;
    if (!replay.check(invocationCounter)) throw counterFault(invocationCounter, replay.lowest);
    replay.accept(invocationCounter);
    if (compressed) {
      const { compression, maxDecompressed } = this.#options;
      opened = decompressed(compressionOf(compression), opened, maxDecompressed);
    }
    if (opened.length === 0) throw refusal("inner-tag-mismatch", "the protected APDU is empty");
    return {
      apdu: opened,
      protection: {
        form: "general-ciphering",
        authenticated,
        encrypted,
        compressed,
        key: opening.source,
        counter: invocationCounter,
        header,
      },
    };
  }

  /** The header, completed with the titles that both ends know. The recipient must be empty or this end's own title. */
  #received(header: GeneralHeader): GeneralHeader {
    const told = header.originatorSystemTitle;
    const peer = this.#peerSystemTitle;
    const originatorSystemTitle = told.length > 0 ? told : peer;
    if (originatorSystemTitle === undefined)
      throw refusal("unknown-system-title", "the APDU has no originator system title");
    checkTitles(this.#systemTitle, originatorSystemTitle);
    const { provider } = this.#sources;
    if (peer !== undefined && !provider.sameSecret(peer, originatorSystemTitle)) {
      throw refusal("unknown-system-title", "the originator is not the peer of the association");
    }
    const recipient = header.recipientSystemTitle;
    if (recipient.length > 0 && !provider.sameSecret(recipient, this.#systemTitle)) {
      throw refusal("wrong-recipient", "the APDU is for another system title");
    }
    const { transactionId, dateTime, otherInformation } = header;
    return {
      transactionId,
      originatorSystemTitle,
      recipientSystemTitle: this.#systemTitle,
      ...(dateTime && { dateTime }),
      otherInformation,
    };
  }

  #checkControl(control: GeneralCiphering["securityControl"]): void {
    const { suite, authenticated, encrypted, broadcast, compressed } = control;
    const own = this.#sources.suite.id;
    if (suite !== own)
      throw refusal("bad-security-control", `the APDU uses security suite ${suite}, but this end uses suite ${own}`);
    if (broadcast) throw refusal("bad-security-control", "the key-set bit is set, although key-info gives the key");
    if (compressed) compressionOf(this.#options.compression);
    if (!authenticated && !encrypted) throw refusal("bad-security-control", "the APDU has no protection");
    if (!authenticated && !this.#encryptionOnly) {
      throw refusal("bad-security-control", "the APDU is encrypted but not authenticated", 'accept "encryption-only"');
    }
  }

  #aes(key: Uint8Array): AesGcm {
    return key === this.#sources.keys.encryptionKey ? this.#unicast : this.#sources.provider.aesGcm(key);
  }

  /** SC ‖ AK ‖ transaction-id … other-information, with their lengths. Green Book 9.2.3.3.7.5. */
  #additional(control: number, authenticationKey: Uint8Array, iv: Uint8Array, header: GeneralHeader): Uint8Array {
    const first = Uint8Array.of(control);
    return concat(first, authenticationKey, this.#ivInAdditional ? iv : none, headerOctets(header));
  }
}

/** The signed octets: the header and the content, each with its length. Green Book 9.2.3.5. */
export function signed(header: GeneralHeader, content: Uint8Array): Uint8Array {
  const to = new Writer();
  GeneralHeader.write(header, to);
  to.sized(content);
  return to.done();
}
