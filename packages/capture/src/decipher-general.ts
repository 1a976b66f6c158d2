import type { GeneralCiphering, GeneralSigning } from "@dlmskit/apdu";
import { Fault, toHex } from "@dlmskit/core";
import {
  type CryptoProvider,
  isEphemeralSigned,
  isSignatureOf,
  openRecorded,
  type RecordedKeys,
  recordedKeys,
} from "@dlmskit/security";
import { type DecipherKeys, missingTitle, type Opened, startsAsApdu, wrongTag } from "./opened.ts";

interface Way {
  readonly key: Uint8Array;
  readonly originator: Uint8Array;
}

/** Opens general-ciphering and verifies general-signing, with the keys of either end. */
export class GeneralDecipherer {
  readonly #keys: DecipherKeys;
  readonly #recorded: RecordedKeys;
  readonly #provider: CryptoProvider;
  readonly #unverified: boolean;
  /** The keys of the APDUs that were opened, by transaction-id: a response without key-info has the key of its request. */
  readonly #byTransaction = new Map<string, Uint8Array>();

  constructor(keys: DecipherKeys, { provider, unverified }: { provider: CryptoProvider; unverified: boolean }) {
    this.#keys = keys;
    this.#recorded = { provider, ...keys };
    this.#provider = provider;
    this.#unverified = unverified;
  }

  /** Whether what the key-info needs is given. */
  canOpen(apdu: GeneralCiphering): boolean {
    const { keyInfo, transactionId, securityControl } = apdu;
    const { encryptionKey, broadcastKey, masterKey, agreementKeys = [] } = this.#keys;
    if (!securityControl.encrypted && this.#unverified) return true;
    switch (keyInfo?.choice) {
      case undefined:
        return encryptionKey !== undefined || this.#byTransaction.has(toHex(transactionId));
      case "identified-key":
        return encryptionKey !== undefined || broadcastKey !== undefined;
      case "wrapped-key":
        return masterKey !== undefined;
      case "agreed-key":
        return agreementKeys.length > 0;
    }
  }

  /** `titles`: possible system titles of a sender that the header does not name. Faults as for `Decipherer.open`. */
  open(apdu: GeneralCiphering, titles: readonly Uint8Array[]): Opened {
    const { authenticated, encrypted } = apdu.securityControl;
    const { authenticationKey } = this.#keys;
    const originators = apdu.originatorSystemTitle.length > 0 ? [apdu.originatorSystemTitle] : titles;
    if (originators.length === 0) throw missingTitle();
    const ways = originators.flatMap((originator) => this.#ways(apdu, originator));
    if (ways.length === 0 && !encrypted) {
      return { apdu: apdu.ciphertext.subarray(0, -12), verified: false, why: "the key is not known" };
    }
    if (ways.length === 0) {
      const hint = "static agreement needs the certificate of the other end: give it with --certificate";
      throw new Fault("missing-key", "the key of the APDU cannot be derived", { layer: "security", hint });
    }
    const tried = ways.map((way) => ({
      way,
      ...openRecorded(apdu, { provider: this.#provider, ...way, authenticationKey }),
    }));
    const right = tried.find(({ verified }) => verified === true);
    const found = right ?? tried.find(({ apdu: plain }) => startsAsApdu(plain)) ?? tried[0];
    if (found === undefined) throw wrongTag();
    if (right !== undefined || !authenticated) this.#byTransaction.set(toHex(apdu.transactionId), found.way.key);
    if (!authenticated) return { apdu: found.apdu, verified: false };
    const why = right === undefined ? this.#whyNot(tried.every(({ verified }) => verified === undefined)) : undefined;
    const unsigned = why ?? this.#signer(apdu, found.way.originator);
    return { apdu: found.apdu, verified: unsigned === undefined, ...(unsigned === undefined ? {} : { why: unsigned }) };
  }

  #ways(apdu: GeneralCiphering, originator: Uint8Array): Way[] {
    const known = apdu.keyInfo === undefined ? this.#byTransaction.get(toHex(apdu.transactionId)) : undefined;
    const keys = known === undefined ? recordedKeys(apdu, originator, this.#recorded) : [known];
    return keys.map((key) => ({ key, originator }));
  }

  #whyNot(unchecked: boolean): string {
    if (!this.#unverified && unchecked) throw missingAuthenticationKey();
    if (!this.#unverified) throw wrongTag();
    return unchecked ? "there is no authentication key" : "the authentication tag is wrong";
  }

  /** Why the originator of a key agreement is not proved; undefined: it is, or another key proves it. */
  #signer(apdu: GeneralCiphering, originator: Uint8Array): string | undefined {
    if (apdu.keyInfo?.choice !== "agreed-key" || apdu.keyInfo.keyCipheredData.length === 0) return undefined;
    const key = this.#keys.peerKeys?.publicKey(originator, "digital-signature");
    if (key === undefined) return noCertificate(originator);
    if (isEphemeralSigned(apdu, key, this.#provider) === true) return undefined;
    return this.#wrongSignature("the signature of the ephemeral public key is wrong");
  }

  #wrongSignature(message: string): string {
    if (this.#unverified) return message;
    throw new Fault("bad-signature", message, {
      layer: "security",
      hint: "check the certificate of the originator; --unverified shows the content",
    });
  }

  /** Why a signature is not verified; undefined: it is right. Fault `bad-signature` for a wrong one, unless `unverified`. */
  signature(apdu: GeneralSigning, titles: readonly Uint8Array[]): string | undefined {
    const [originator = apdu.originatorSystemTitle] =
      apdu.originatorSystemTitle.length > 0 ? [apdu.originatorSystemTitle] : titles;
    const key = this.#keys.peerKeys?.publicKey(originator, "digital-signature");
    if (key === undefined) return noCertificate(originator);
    if (isSignatureOf(apdu, key, this.#provider)) return undefined;
    return this.#wrongSignature("the signature is wrong");
  }
}

const noCertificate = (title: Uint8Array): string =>
  `there is no certificate of ${title.length === 0 ? "the originator" : toHex(title)}`;

function missingAuthenticationKey(): Fault {
  return new Fault(
    "missing-key",
    "the APDU is authenticated, but no authentication key is given (--unverified deciphers it without)",
    { layer: "security", hint: "give it with --ak" },
  );
}
