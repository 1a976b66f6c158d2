import type { KeyInfo } from "@dlmskit/apdu";
import { concat, Writer } from "@dlmskit/core";
import { fresh } from "../challenges.ts";
import { scalarLength } from "../checks.ts";
import type { CounterSource } from "../counters.ts";
import { deriveKey, KeyAlgorithm, newKeyPair } from "../key-agreement.ts";
import { checkKey, erase, type KeySet } from "../keys.ts";
import type { CryptoProvider, Curve, Random } from "../provider.ts";
import { refusal } from "../refusal.ts";
import type { ReplayGuard } from "../replay.ts";
import type { SecuritySuite } from "../suites.ts";
import type { KeyGuards } from "./guards.ts";
import type { KeyPurpose, PeerKeys, PrivateKeys } from "./peer-keys.ts";

/**
 * The source of the key of a general-ciphering APDU: a global key, a key that is wrapped under the master key, or a key agreed by
 * one-pass Diffie-Hellman C(1e,1s) or the static unified model C(0e,2s). Green Book 9.2.3.4.
 */
export type GeneralKey =
  | "global-unicast-encryption-key"
  | "global-broadcast-encryption-key"
  | "wrapped-key"
  | "one-pass-diffie-hellman"
  | "static-unified-model";

/** The inputs for keys and counters, for both directions. */
export interface KeySources {
  readonly provider: CryptoProvider;
  readonly suite: SecuritySuite;
  readonly keys: KeySet;
  readonly masterKey: Uint8Array | undefined;
  readonly privateKeys: PrivateKeys;
  readonly peerKeys: PeerKeys | undefined;
  readonly random: Random | undefined;
  readonly counters: CounterSource;
  readonly replay: ReplayGuard;
  readonly broadcast: { readonly counters?: CounterSource; readonly replay?: ReplayGuard };
  readonly guards: KeyGuards;
}

/** The originator, the recipient and the transaction. */
export interface Parties {
  readonly originator: Uint8Array;
  readonly recipient: Uint8Array;
  readonly transactionId: Uint8Array;
}

export interface SealingKey {
  readonly key: Uint8Array;
  readonly keyInfo: KeyInfo;
  /** Takes the next invocation counter. It is 0 for a key that was made only for this APDU. */
  counter(): number;
  /** The key was made for this APDU and is not needed afterwards. */
  readonly once: boolean;
}

export interface OpeningKey {
  readonly key: Uint8Array;
  readonly source: GeneralKey;
  readonly replay: ReplayGuard;
  readonly once: boolean;
}

const none = new Uint8Array(0);
/** The first octet of key-parameters: the key agreement scheme. */
const scheme = { "one-pass-diffie-hellman": 1, "static-unified-model": 2 } as const;

/** Fault `suite-without-curve` for suite 0. */
export function curveOf(suite: SecuritySuite): Curve {
  if (suite.curve !== undefined) return suite.curve;
  throw refusal("suite-without-curve", `security suite ${suite.id} has neither signature nor key agreement`, "1 or 2");
}

/** Fault `unknown-public-key`. */
export function peerKey(sources: KeySources, title: Uint8Array, purpose: KeyPurpose): Uint8Array {
  const key = sources.peerKeys?.publicKey(title, purpose);
  if (key !== undefined) return key;
  throw refusal("unknown-public-key", `the ${purpose} key of that system title is not known`, "import its certificate");
}

/** Fault `no-private-key`. */
export function ownKey(sources: KeySources, purpose: KeyPurpose): Uint8Array {
  const { digitalSignature, keyAgreement } = sources.privateKeys;
  const key = purpose === "digital-signature" ? digitalSignature : keyAgreement;
  if (key !== undefined) return key;
  throw refusal("no-private-key", `this end has no private key for ${purpose}`, "generate a key pair");
}

function masterKeyOf(sources: KeySources): Uint8Array {
  if (sources.masterKey !== undefined) return sources.masterKey;
  throw refusal("no-master-key", "wrapping a key needs the master key, which is not given");
}

/** Derives the key of a scheme from Z. For the static scheme the nonce contains the transaction: title ‖ length ‖ transaction-id. */
export function agreed(
  sources: Pick<KeySources, "provider" | "suite">,
  shared: Uint8Array,
  parties: Parties,
  nonce: Uint8Array,
): Uint8Array {
  const { provider, suite } = sources;
  const algorithm = KeyAlgorithm[suite.id === 2 ? "aes-gcm-256" : "aes-gcm-128"];
  const key = deriveKey({
    provider,
    hash: algorithm.hash,
    sharedSecret: shared,
    algorithmId: algorithm.id,
    partyUInfo: concat(parties.originator, nonce),
    partyVInfo: parties.recipient,
    length: algorithm.length,
  });
  erase(shared);
  return key;
}

/** An absent or empty transaction-id would always give the same key: Fault `missing-transaction-id`. */
export function nonceOf(transactionId: Uint8Array): Uint8Array {
  if (transactionId.length === 0) {
    throw refusal(
      "missing-transaction-id",
      "the static unified model needs a transaction-id",
      "give a new one for each APDU",
    );
  }
  const to = new Writer(transactionId.length + 1);
  to.sized(transactionId);
  return to.done();
}

function wrappedOnce(sources: KeySources, random: Random): SealingKey {
  const key = fresh(random, sources.suite.keyLength);
  const keyCipheredData = sources.provider.wrapKey(masterKeyOf(sources), key);
  return {
    key,
    keyInfo: { choice: "wrapped-key", kekId: "master-key", keyCipheredData },
    counter: () => 0,
    once: true,
  };
}

function onePass(sources: KeySources, parties: Parties, random: Random): SealingKey {
  const { provider } = sources;
  const curve = curveOf(sources.suite);
  const signing = ownKey(sources, "digital-signature");
  const recipient = peerKey(sources, parties.recipient, "key-agreement");
  const ephemeral = newKeyPair(provider, curve, random);
  const shared = provider.ecdhSharedSecret(curve, ephemeral.privateKey, recipient);
  erase(ephemeral.privateKey);
  const signature = provider.ecdsaSign(curve, signing, ephemeral.publicKey);
  return {
    key: agreed(sources, shared, parties, none),
    keyInfo: {
      choice: "agreed-key",
      keyParameters: Uint8Array.of(scheme["one-pass-diffie-hellman"]),
      keyCipheredData: concat(ephemeral.publicKey, signature),
    },
    counter: () => 0,
    once: true,
  };
}

function staticKey(sources: KeySources, parties: Parties, peer: Uint8Array): Uint8Array {
  const nonce = nonceOf(parties.transactionId);
  const curve = curveOf(sources.suite);
  const shared = sources.provider.ecdhSharedSecret(
    curve,
    ownKey(sources, "key-agreement"),
    peerKey(sources, peer, "key-agreement"),
  );
  return agreed(sources, shared, parties, nonce);
}

function needed(random: Random | undefined): Random {
  if (random !== undefined) return random;
  throw refusal("missing-parameter", "a key for one APDU needs a random source", "give `random`");
}

/** The key to seal with, and the key-info for the recipient. */
export function sealingKey(sources: KeySources, source: GeneralKey, parties: Parties): SealingKey {
  const { keys, counters } = sources;
  switch (source) {
    case "global-unicast-encryption-key":
      return {
        key: keys.encryptionKey,
        keyInfo: { choice: "identified-key", keyId: source },
        counter: () => counters.next(),
        once: false,
      };
    case "global-broadcast-encryption-key": {
      const counted = sources.broadcast.counters;
      if (counted === undefined) throw refusal("no-broadcast-key", "there are no counters for the broadcast key");
      return {
        key: broadcastKey(sources),
        keyInfo: { choice: "identified-key", keyId: source },
        counter: () => counted.next(),
        once: false,
      };
    }
    case "wrapped-key":
      return wrappedOnce(sources, needed(sources.random));
    case "one-pass-diffie-hellman":
      return onePass(sources, parties, needed(sources.random));
    case "static-unified-model":
      return {
        key: staticKey(sources, parties, parties.recipient),
        keyInfo: { choice: "agreed-key", keyParameters: Uint8Array.of(scheme[source]), keyCipheredData: none },
        // The key is new only if the transaction-id is new. A separate counter makes a repeated transaction-id harmless.
        counter: () => counters.next(),
        once: true,
      };
  }
}

function broadcastKey(sources: KeySources): Uint8Array {
  const { broadcastKey } = sources.keys;
  if (broadcastKey === undefined) throw refusal("no-broadcast-key", "there is no broadcast key");
  return checkKey("broadcast encryption key", broadcastKey, sources.suite.keyLength);
}

/** The key that the originator used to seal. */
export function openingKey(sources: KeySources, keyInfo: KeyInfo | undefined, parties: Parties): OpeningKey {
  if (keyInfo === undefined) throw refusal("missing-key-info", "the APDU has no key-info");
  switch (keyInfo.choice) {
    case "identified-key": {
      if (keyInfo.keyId === "global-unicast-encryption-key") {
        return { key: sources.keys.encryptionKey, source: keyInfo.keyId, replay: sources.replay, once: false };
      }
      const { replay } = sources.broadcast;
      if (replay === undefined) throw refusal("no-broadcast-key", "there is no replay guard for the broadcast key");
      return { key: broadcastKey(sources), source: keyInfo.keyId, replay, once: false };
    }
    case "wrapped-key": {
      const key = sources.provider.unwrapKey(masterKeyOf(sources), keyInfo.keyCipheredData);
      return brought(sources, checkKey("wrapped key", key, sources.suite.keyLength), "wrapped-key", parties);
    }
    case "agreed-key":
      return openAgreed(sources, keyInfo.keyParameters, keyInfo.keyCipheredData, parties);
  }
}

function brought(sources: KeySources, key: Uint8Array, source: GeneralKey, { transactionId }: Parties): OpeningKey {
  const digest = sources.provider.hash("sha256", concat(key, Uint8Array.of(sources.suite.id)));
  const fingerprint = Array.from(digest.subarray(0, 16), (octet) => octet.toString(16).padStart(2, "0")).join("");
  return { key, source, replay: sources.guards.guard(fingerprint, transactionId), once: true };
}

function openAgreed(
  sources: KeySources,
  keyParameters: Uint8Array,
  keyCipheredData: Uint8Array,
  parties: Parties,
): OpeningKey {
  const { provider, suite } = sources;
  const curve = curveOf(suite);
  const used = schemeOf(keyParameters);
  if (used === "one-pass-diffie-hellman") {
    const half = scalarLength[curve] * 2;
    // A compressed point or the point at infinity is shorter. An uncompressed point in SEC 1 form is longer.
    if (keyCipheredData.length !== half * 2) {
      throw refusal("bad-length", `an ephemeral public key and its signature have ${half * 2} octets`);
    }
    const ephemeral = keyCipheredData.subarray(0, half);
    const signer = peerKey(sources, parties.originator, "digital-signature");
    if (!provider.ecdsaVerify(curve, signer, ephemeral, keyCipheredData.subarray(half))) {
      throw refusal("bad-signature", "the signature of the ephemeral public key is wrong");
    }
    const shared = provider.ecdhSharedSecret(curve, ownKey(sources, "key-agreement"), ephemeral);
    return brought(sources, agreed(sources, shared, parties, none), "one-pass-diffie-hellman", parties);
  }
  if (keyCipheredData.length > 0) throw refusal("bad-length", "the static unified model sends no key");
  return brought(sources, staticKey(sources, parties, parties.originator), used, parties);
}

/** The key agreement scheme of key-parameters. Fault `unknown-key-agreement`. */
export function schemeOf(keyParameters: Uint8Array): keyof typeof scheme {
  const [id] = keyParameters;
  if (keyParameters.length === 1 && id === scheme["one-pass-diffie-hellman"]) return "one-pass-diffie-hellman";
  if (keyParameters.length === 1 && id === scheme["static-unified-model"]) return "static-unified-model";
  throw refusal("unknown-key-agreement", "the key agreement scheme is not known", "1: C(1e,1s), 2: C(0e,2s)");
}
